// The in-memory twin of the homeserver's door: rooms with members and a timeline, each transaction id taken once, and what a
// homeserver would push. It refuses what a homeserver refuses; knows no bridge.
import { Readable } from 'node:stream';
import type { ChatMarks } from '../../src/model/chat.ts';
import { BridgeError } from '../../src/model/errors.ts';
import {
  as,
  portalKeyText,
  type EffectId,
  type EventId,
  type MxcUri,
  type RoomId,
  type UserId,
} from '../../src/model/ids.ts';
import type { Membership } from '../../src/model/matrix-event.ts';
import type { MessageBody } from '../../src/model/message.ts';
import type {
  MadeRoom,
  MatrixApi,
  RoomLook,
  RoomSpec,
  SendAbout,
  ShownPicture,
  Speaker,
  Wording,
} from '../../src/ports/matrix.ts';
import { wordsNow } from '../../src/matrix/errands.ts';
import { Markers, MARKER } from '../../src/matrix/marker.ts';
import { isSame, leadersIn, shaped } from '../../src/matrix/powers.ts';
import { shownWords } from '../../src/matrix/state.ts';
import type { MemoryClock } from './memory-clock.ts';

export interface Wire {
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly sender: UserId;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly redacts?: EventId;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}

interface Room {
  readonly id: RoomId;
  readonly creator: UserId;
  readonly members: Map<UserId, Membership>;
  readonly timeline: Wire[];
  readonly redacted: Set<EventId>;
  name: string | undefined;
  topic: string | undefined;
  levels: Readonly<Record<string, unknown>>;
  encrypted: boolean;
  bridged: boolean;
  predecessor: RoomId | undefined;
  successor: RoomId | undefined;
  tombstoned: boolean;
}

/** What a person sees of a message. */
export interface Seen {
  readonly event: EventId;
  readonly by: UserId;
  readonly text: string;
  readonly replyTo?: EventId;
  readonly late?: boolean;
}

export const BOT = as<UserId>('@passerelle:hs');
const MARKERS = new Markers(Buffer.alloc(32, 7));

export class MemoryMatrix {
  readonly clock: MemoryClock;
  /** What anybody looks for lies further back than they look. */
  longRooms = false;
  readonly rooms = new Map<RoomId, Room>();
  /** Everything a homeserver pushes, in order. */
  readonly feed: Wire[] = [];
  ghostPower = true;
  /** Whose room of which network was put among theirs. */
  readonly gathered: string[] = [];
  readonly doubles = new Set<UserId>();
  readonly direct: string[] = [];
  /** How people keep rooms, by user and room, and each writing of it. */
  readonly marks = new Map<string, ChatMarks>();
  readonly marked: string[] = [];
  readonly typing: string[] = [];
  readonly receipts: string[] = [];
  /** Codes drawn, by where they are. */
  readonly pictures = new Map<string, string>();
  /** As homeservers are told. */
  readonly presences: string[] = [];
  /** Of rooms, as the real wing keeps them. */
  readonly shownPictures = new Map<RoomId, ShownPicture>();
  readonly picturesSetHere = new Map<RoomId, ShownPicture>();
  /** Where taking one away in the room was the last that became of it. */
  readonly picturesTaken = new Set<RoomId>();
  /** Of rooms, as the real wing keeps them. */
  readonly wordings = new Map<RoomId, Map<EffectId, Wording>>();
  readonly picturesHereAt = new Map<RoomId, number>();
  /** Called before each request; may throw. */
  before: (method: string, by: UserId, room?: RoomId) => void = () => undefined;
  /** New rooms come up encrypted. */
  forceEncryption = false;
  /** Rooms of people that let nobody else in, whoever invites. */
  readonly closedToBot = new Set<RoomId>();
  /** How many sends reached the homeserver, repeated ones too. */
  puts = 0;
  readonly #ghosts: (user: UserId, network: string, person: string) => void;
  readonly #aliases = new Map<string, RoomId>();
  readonly #txns = new Map<string, EventId>();
  #serial = 0;

  /** @param registered is told of every ghost that gets an account */
  constructor(clock: MemoryClock, registered: (user: UserId, network: string, person: string) => void) {
    this.clock = clock;
    this.#ghosts = registered;
  }

  // ── people ──

  create(by: UserId, options: { invite?: readonly UserId[]; encrypted?: boolean; predecessor?: RoomId } = {}): RoomId {
    const room = this.#make(by, options.encrypted ?? false);
    if (options.predecessor !== undefined) room.predecessor = options.predecessor;
    for (const user of options.invite ?? []) this.member(room.id, by, user, 'invite');
    return room.id;
  }

  say(room: RoomId, by: UserId, text: string, more: Record<string, unknown> = {}): EventId {
    return this.emit(room, by, 'm.room.message', { msgtype: 'm.text', body: text, ...more });
  }

  reply(room: RoomId, by: UserId, text: string, to: EventId): EventId {
    return this.say(room, by, text, { 'm.relates_to': { 'm.in_reply_to': { event_id: to } } });
  }

  edit(room: RoomId, by: UserId, target: EventId, text: string): EventId {
    const fresh = { msgtype: 'm.text', body: text };
    return this.say(room, by, `* ${text}`, {
      'm.new_content': fresh,
      'm.relates_to': { rel_type: 'm.replace', event_id: target },
    });
  }

  redact(room: RoomId, by: UserId, target: EventId): EventId {
    this.room(room).redacted.add(target);
    return this.emit(room, by, 'm.room.redaction', { redacts: target });
  }

  react(room: RoomId, by: UserId, target: EventId, key: string): EventId {
    return this.emit(room, by, 'm.reaction', {
      'm.relates_to': { rel_type: 'm.annotation', event_id: target, key },
    });
  }

  /** A membership as its sender makes it, without asking whether they may. */
  member(room: RoomId, by: UserId, user: UserId, now: Membership, more: Record<string, unknown> = {}): void {
    this.room(room).members.set(user, now);
    this.emit(room, by, 'm.room.member', { membership: now, ...more }, user);
  }

  /** A state event without a key, as its sender makes it, without asking whether they may. */
  state(room: RoomId, by: UserId, type: string, content: Record<string, unknown>): EventId {
    const it = this.room(room);
    const before = it.timeline.findLast((one) => one.type === type && one.state_key === '')?.content;
    if (type === 'm.room.name') it.name = text(content['name']);
    if (type === 'm.room.topic') it.topic = text(content['topic']);
    const levels = type === 'm.room.power_levels' ? it.levels : before;
    if (type === 'm.room.power_levels') it.levels = content;
    return this.emit(room, by, type, content, '', levels === undefined ? {} : { prev_content: levels });
  }

  level(room: RoomId, user: UserId): number {
    const { users } = this.room(room).levels;
    return Number((users as Record<string, unknown> | undefined)?.[user] ?? 0);
  }

  tombstone(room: RoomId, by: UserId, replacement?: RoomId): void {
    const old = this.room(room);
    old.tombstoned = true;
    old.successor = replacement;
    const content = replacement === undefined ? {} : { replacement_room: replacement };
    this.emit(room, by, 'm.room.tombstone', content, '');
  }

  encrypt(room: RoomId, by: UserId): void {
    this.room(room).encrypted = true;
    this.emit(room, by, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '');
  }

  emit(
    room: RoomId,
    by: UserId,
    type: string,
    content: Record<string, unknown>,
    stateKey?: string,
    unsigned: Record<string, unknown> = {},
  ): EventId {
    this.#serial += 1;
    const event: Wire = {
      event_id: as<EventId>(`$${this.#serial}`),
      room_id: room,
      sender: by,
      type,
      content,
      origin_server_ts: this.clock.now(),
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      ...(Object.keys(unsigned).length === 0 ? {} : { unsigned }),
    };
    this.room(room).timeline.push(event);
    if (this.#concernsUs(event)) this.feed.push(event);
    return event.event_id;
  }

  /** As homeservers decide it: somebody of ours is in the room, speaks, or is spoken of; an invitation alone opens no room. */
  #concernsUs(event: Wire): boolean {
    const isOurs = (user: string | undefined): boolean => user === BOT || user?.startsWith('@_pg_') === true;
    const members = this.room(event.room_id).members;
    return (
      isOurs(event.sender) ||
      isOurs(event.state_key) ||
      [...members].some(([user, now]) => isOurs(user) && now === 'join')
    );
  }

  #isOurs(room: RoomId, type: string): boolean {
    const last = this.room(room).timeline.findLast((one) => one.type === type);
    return MARKERS.read(room, String(last?.content[MARKER])) !== undefined;
  }

  room(id: RoomId): Room {
    const room = this.rooms.get(id);
    if (room === undefined) throw forbidden();
    return room;
  }

  #newestEdit(timeline: readonly Wire[], of: Wire): Wire | undefined {
    return timeline.findLast(
      (other) =>
        other.sender === of.sender &&
        relation(other)['rel_type'] === 'm.replace' &&
        relation(other)['event_id'] === of.event_id,
    );
  }

  /** Messages as people see them: edited ones in their last form, redacted ones gone. */
  seen(id: RoomId): readonly Seen[] {
    const room = this.room(id);
    const messages = room.timeline.filter((one) => one.type === 'm.room.message' && !room.redacted.has(one.event_id));
    return messages
      .filter((one) => relation(one)['rel_type'] !== 'm.replace')
      .map((one) => {
        const edit = this.#newestEdit(messages, one);
        const fresh = (edit?.content['m.new_content'] ?? one.content) as Record<string, unknown>;
        const reply = relation(one)['m.in_reply_to'] as { event_id?: EventId } | undefined;
        return {
          event: one.event_id,
          by: one.sender,
          text: String(fresh['body']),
          ...(reply?.event_id === undefined ? {} : { replyTo: reply.event_id }),
          ...(one.content['fr.passerelle.late'] === true ? { late: true } : {}),
        };
      });
  }

  texts(id: RoomId): readonly string[] {
    return this.seen(id).map((one) => one.text);
  }

  /** Reactions that stand: `emoji by`. */
  reactions(id: RoomId): readonly string[] {
    const room = this.room(id);
    return room.timeline
      .filter((one) => one.type === 'm.reaction' && !room.redacted.has(one.event_id))
      .map((one) => `${String(relation(one)['key'])} ${one.sender}`);
  }

  ghost(network: string, person: string): UserId {
    return as<UserId>(`@_pg_${network}-${person}:hs`);
  }

  // ── the door ──

  api(): MatrixApi {
    const isOurs = (user: UserId): boolean => user === BOT || user.startsWith('@_pg_');
    return {
      bot: this.#speaker(BOT),
      serverName: 'hs',
      isOurs,
      ghostUser: (network, person) => this.ghost(network, person),
      ghost: async (network, person) => {
        await this.#request('ghost', BOT);
        const user = this.ghost(network, person);
        this.#ghosts(user, network, person);
        return this.#speaker(user);
      },
      double: async (user) => await Promise.resolve(this.doubles.has(user) ? this.#speaker(user) : undefined),
      ensureRoom: async (spec) => await this.#ensure(spec),
      adoptRoom: async (room, ghost, spec) => await this.#adopt(room, ghost, spec),
      declareRoom: async (room) => {
        await this.#request('declareRoom', BOT, room);
        this.#demand(room, BOT).bridged = true;
      },
      makeManagementRoom: async (user) => {
        await this.#request('makeManagementRoom', BOT);
        const known = this.rooms.get(this.#aliases.get(user) ?? as<RoomId>(''));
        const there = known !== undefined && ['join', 'invite'].includes(known.members.get(user) ?? '');
        if (there && !known.encrypted && !known.tombstoned && known.members.get(BOT) === 'join') return known.id;
        const room = this.create(BOT, { invite: [user] });
        this.#aliases.set(user, room);
        return room;
      },
      setPowers: async (room, powers) => {
        await this.#request('setPowers', BOT, room);
        const it = this.#demand(room, BOT);
        if (it.creator !== BOT) return false;
        const isGhost = (user: UserId): boolean => isOurs(user) && user !== BOT;
        const wanted = shaped(it.levels, powers, { botPower: 100, ghostPower: this.ghostPower, isGhost });
        if (!isSame(it.levels, wanted)) this.state(room, BOT, 'm.room.power_levels', { ...wanted });
        return true;
      },
      members: async (room) => {
        await this.#request('members', BOT, room);
        return new Map(this.#demand(room, BOT).members);
      },
      isEncrypted: async (room) => {
        await this.#request('isEncrypted', BOT, room);
        return this.#demand(room, BOT).encrypted;
      },
      look: async (room, through = BOT) => {
        await this.#request('look', through, room);
        return look(this.#demand(room, through));
      },
      saidBefore: async (room, through) => {
        await this.#request('saidBefore', through, room);
        return this.#demand(room, through).timeline;
      },
      markRoom: async (user, room, marks) => {
        await this.#request('markRoom', user, room);
        if (!this.doubles.has(user)) return false;
        this.#demand(room, user);
        this.marked.push(`${user} ${room}`);
        this.marks.set(`${user} ${room}`, { ...this.marks.get(`${user} ${room}`), ...marks });
        return true;
      },
      gatherInSpace: async (user, network, room) => {
        await this.#request('gatherInSpace', BOT, room);
        const place = `${user} ${network} ${room}`;
        if (!this.gathered.includes(place)) this.gathered.push(place);
        return undefined;
      },
      releaseFromSpace: async (user, network, room, instead) => {
        await this.#request('releaseFromSpace', BOT, room);
        const at = this.gathered.indexOf(`${user} ${network} ${room}`);
        if (at >= 0) this.gathered.splice(at, 1, ...(instead === undefined ? [] : [`${user} ${network} ${instead}`]));
      },
      markDirect: async (user, room, withUser) => {
        await Promise.resolve();
        if (this.doubles.has(user)) this.direct.push(`${user} ${room} ${withUser}`);
      },
      findDelivered: async (room, id) => {
        await this.#request('findDelivered', BOT, room);
        const marker = MARKERS.write(room, id);
        if (this.longRooms) return 'beyond';
        return this.#demand(room, BOT).timeline.find((one) => one.content[MARKER] === marker)?.event_id;
      },
      lookAtEvent: async (room, event) => {
        await this.#request('lookAtEvent', BOT, room);
        const { timeline, redacted } = this.#demand(room, BOT);
        const found = timeline.find((one) => one.event_id === event);
        if (found === undefined) return undefined;
        const change = this.#newestEdit(timeline, found);
        const words = wordsNow({ ...found, unsigned: { 'm.relations': { 'm.replace': change } } });
        return {
          sender: found.sender,
          at: found.origin_server_ts,
          redacted: redacted.has(event),
          ...(words === undefined ? {} : { words }),
        };
      },
      eventsBefore: async (room, event) => {
        await this.#request('eventsBefore', BOT, room);
        const ids = this.#demand(room, BOT).timeline.map((one) => one.event_id);
        return ids.slice(0, ids.indexOf(event)).toReversed();
      },
      readMarker: (room, marker) => MARKERS.read(room, marker),
      openMedia: async (source) => {
        await this.#request('openMedia', BOT);
        const bytes = Buffer.from(source.from === 'matrix' ? source.uri : '');
        return { mime: 'image/png', size: bytes.length, chunks: Readable.from([bytes]) };
      },
      pictures: {
        bring: async (_network, hash, open) => {
          const stream = await open().catch(() => undefined);
          if (stream === undefined) return undefined;
          await this.#request('upload', BOT);
          return as<MxcUri>(`mxc://hs/${hash}`);
        },
        shown: async (room) => await Promise.resolve(this.shownPictures.get(room)),
        fromHere: async (room) =>
          await Promise.resolve({ set: this.picturesSetHere.get(room), taken: this.picturesTaken.has(room) }),
        keep: async (room, shown, how) => {
          await Promise.resolve();
          if (how !== undefined && (this.picturesHereAt.get(room) ?? 0) > how) return;
          if (how !== undefined) this.picturesHereAt.set(room, how);
          if (how !== undefined && shown !== undefined) this.picturesSetHere.set(room, shown);
          this.picturesTaken.delete(room);
          if (how !== undefined && shown === undefined) this.picturesTaken.add(room);
          if (shown === undefined) this.shownPictures.delete(room);
          else this.shownPictures.set(room, shown);
        },
      },
      wordings: {
        of: async (room) => await Promise.resolve([...(this.wordings.get(room)?.values() ?? [])]),
        keep: async (room, ...wordings) => {
          const kept = new Map(this.wordings.get(room));
          for (const one of wordings) kept.set(one.id, one);
          this.wordings.set(room, kept);
          await Promise.resolve();
        },
        forget: async (room, id) => {
          this.wordings.get(room)?.delete(id);
          await Promise.resolve();
        },
      },
      said: async (room, of) => {
        await this.#request('said', BOT, room);
        return { text: this.room(room)[of] ?? '', ours: this.#isOurs(room, `m.room.${of}`) };
      },
      shownWords,
      upload: async () => await Promise.reject(new Error('no media here')),
      drawCode: async (id, code) => {
        await this.#request('drawCode', BOT);
        const source = { from: 'matrix', uri: as<MxcUri>(`mxc://hs/${id}`) } as const;
        this.pictures.set(source.uri, code);
        return { kind: 'image', source, name: 'code', mime: 'image/png' };
      },
    };
  }

  /** Forgets its transaction ids, as a homeserver does after a day. */
  forgetTransactions(): void {
    this.#txns.clear();
  }

  #speaker(user: UserId): Speaker {
    const text = (body: MessageBody): string =>
      body.kind === 'text' ? body.text.text : body.kind === 'media' ? (body.caption?.text ?? '') : `[${body.kind}]`;
    const picture = (body: MessageBody): object =>
      body.kind === 'media' && body.media.source.from === 'matrix' ? { url: body.media.source.uri } : {};
    return {
      user,
      join: async (room) => {
        await this.#request('join', user, room);
        const now = this.room(room).members.get(user);
        if (now === 'join') return;
        if (now !== 'invite') throw forbidden();
        this.member(room, user, user, 'join');
      },
      leave: async (room) => {
        await this.#request('leave', user, room);
        const now = this.room(room).members.get(user);
        if (now !== 'join' && now !== 'invite') throw forbidden();
        this.member(room, user, user, 'leave');
      },
      invite: async (room, who, _direct, id) => {
        await this.#request('invite', user, room);
        const { members, levels } = this.#demand(room, user);
        if (members.get(who) === 'join' || members.get(who) === 'ban') throw forbidden();
        if (this.level(room, user) < Number(levels['invite'] ?? 0)) throw forbidden();
        if (members.get(who) !== 'invite') this.member(room, user, who, 'invite', marked(room, id));
      },
      kick: async (room, who, _why, id) => {
        await this.#request('kick', user, room);
        this.#demand(room, user);
        const own = this.level(room, user);
        if (own < 50 || own <= this.level(room, who)) throw forbidden();
        this.member(room, user, who, 'leave', marked(room, id));
      },
      describe: async (room, id, words, where) => {
        await this.#request('describe', user, room);
        if (this.room(room).members.get(user) !== 'join') throw forbidden();
        const marker = marked(room, id);
        for (const [type, key, text] of [
          ['m.room.name', 'name', words.name],
          ['m.room.topic', 'topic', words.topic],
        ] as const) {
          const it = this.room(room);
          if (text === undefined || (it[key] ?? '') === text) continue;
          if (where === 'over-ours' && !this.#isOurs(room, type)) continue;
          if (this.level(room, user) < needed(it.levels, type)) throw forbidden();
          this.state(room, user, type, { [key]: text, ...marker });
        }
      },
      showPicture: async (room, id, uri, where) => {
        await this.#request('showPicture', user, room);
        if (this.room(room).members.get(user) !== 'join') throw forbidden();
        const last = this.room(room).timeline.findLast(({ type }) => type === 'm.room.avatar');
        if (last?.content['url'] === uri) return;
        const marker = MARKERS.read(room, String(last?.content[MARKER]));
        if (where === 'over-ours' && marker === undefined) return;
        if (this.level(room, user) < needed(this.room(room).levels, 'm.room.avatar')) throw forbidden();
        this.state(room, user, 'm.room.avatar', { ...(uri === undefined ? {} : { url: uri }), ...marked(room, id) });
      },
      send: async (room, id, body, about = {}) => {
        const reply =
          about.replyTo === undefined ? {} : { 'm.relates_to': { 'm.in_reply_to': { event_id: about.replyTo } } };
        const msgtype = body.kind === 'text' && body.as === 'notice' ? 'm.notice' : 'm.text';
        const content = { msgtype, body: text(body), ...picture(body), ...reply };
        return await this.#put(room, user, 'm.room.message', id, content, about);
      },
      edit: async (room, id, target, body, about = {}) => {
        const content = {
          msgtype: 'm.text',
          body: `* ${text(body)}`,
          'm.new_content': { msgtype: 'm.text', body: text(body), ...picture(body) },
          'm.relates_to': { rel_type: 'm.replace', event_id: target },
        };
        return await this.#put(room, user, 'm.room.message', id, content, about);
      },
      react: async (room, id, target, emoji, about = {}) => {
        const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: emoji } };
        return await this.#put(room, user, 'm.reaction', id, content, about);
      },
      redact: async (room, id, target, why) => {
        const { creator, timeline } = this.room(room);
        const own = timeline.some((one) => one.event_id === target && one.sender === user);
        if (!own && user !== creator) {
          await this.#request('redact', user, room);
          throw forbidden();
        }
        const event = await this.#put(
          room,
          user,
          'm.room.redaction',
          id,
          { redacts: target, ...(why === undefined ? {} : { reason: why }) },
          {},
        );
        this.room(room).redacted.add(target);
        return event;
      },
      typing: async (room, active) => {
        await this.#request('typing', user, room);
        this.#demand(room, user);
        this.typing.push(`${user} ${String(active)}`);
      },
      presence: async (online) => {
        await this.#request('presence', user);
        this.presences.push(`${user} ${online ? 'online' : 'offline'}`);
      },
      read: async (room, upTo) => {
        await this.#request('read', user, room);
        this.#demand(room, user);
        this.receipts.push(`${user} ${upTo}`);
      },
    };
  }

  /** As the wing does it: who is not in the room is invited by the bot, and joins. */
  async #put(
    room: RoomId,
    user: UserId,
    type: string,
    id: EffectId,
    content: Record<string, unknown>,
    about: SendAbout,
  ): Promise<EventId> {
    await this.#request('put', user, room);
    this.puts += 1;
    const txn = `${room}|${type}|${id}`;
    const known = this.#txns.get(txn);
    if (known !== undefined) return known;
    const { members } = this.room(room);
    if (members.get(user) !== 'join') {
      if (user === BOT || members.get(BOT) !== 'join' || members.get(user) === 'ban') throw forbidden();
      if (members.get(user) !== 'invite') this.member(room, BOT, user, 'invite');
      this.member(room, user, user, 'join');
    }
    const whole = { ...content, ...marked(room, id) };
    const event = this.emit(room, user, type, about.late === true ? { ...whole, 'fr.passerelle.late': true } : whole);
    this.#txns.set(txn, event);
    return event;
  }

  async #ensure(spec: RoomSpec): Promise<MadeRoom> {
    await this.#request('ensureRoom', BOT);
    const alias = portalKeyText(spec.portal);
    const known = this.#aliases.get(alias);
    const there = known === undefined ? undefined : this.rooms.get(known);
    if (there !== undefined && there.members.get(BOT) === 'join' && !there.tombstoned) {
      for (const user of spec.invite) {
        const now = there.members.get(user);
        if (now !== 'join' && now !== 'invite') this.member(there.id, BOT, user, 'invite');
      }
      return { room: there.id, encrypted: there.encrypted, adopted: true };
    }
    const room = this.#make(BOT, this.forceEncryption);
    room.bridged = true;
    room.name = spec.name;
    this.#aliases.set(alias, room.id);
    for (const user of spec.invite) this.member(room.id, BOT, user, 'invite');
    return { room: room.id, encrypted: room.encrypted, adopted: false };
  }

  async #adopt(room: RoomId, ghost: Speaker, spec: RoomSpec): Promise<MadeRoom | undefined> {
    await this.#request('adoptRoom', BOT, room);
    const it = this.#demand(room, ghost.user);
    if (this.closedToBot.has(room)) return undefined;
    if (it.members.get(BOT) !== 'join') {
      this.member(room, ghost.user, BOT, 'invite');
      this.member(room, BOT, BOT, 'join');
    }
    it.bridged = true;
    this.#aliases.set(portalKeyText(spec.portal), room);
    return { room, encrypted: it.encrypted, adopted: true };
  }

  #make(by: UserId, encrypted: boolean): Room {
    this.#serial += 1;
    const room: Room = {
      id: as<RoomId>(`!${this.#serial}`),
      creator: by,
      members: new Map(),
      timeline: [],
      redacted: new Set(),
      name: undefined,
      topic: undefined,
      levels: { users: { [by]: 100 }, state_default: 50, invite: 0 },
      encrypted,
      bridged: false,
      predecessor: undefined,
      successor: undefined,
      tombstoned: false,
    };
    this.rooms.set(room.id, room);
    this.member(room.id, by, by, 'join');
    return room;
  }

  #demand(room: RoomId, user: UserId): Room {
    const it = this.room(room);
    if (it.members.get(user) !== 'join') throw forbidden();
    return it;
  }

  async #request(method: string, by: UserId, room?: RoomId): Promise<void> {
    await Promise.resolve();
    this.before(method, by, room);
  }
}

function marked(room: RoomId, id: EffectId | undefined): Record<string, unknown> {
  return id === undefined ? {} : { [MARKER]: MARKERS.write(room, id) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function needed(levels: Readonly<Record<string, unknown>>, type: string): number {
  const events = levels['events'] as Record<string, unknown> | undefined;
  return Number(events?.[type] ?? levels['state_default'] ?? 50);
}

function look(room: Room): RoomLook {
  return {
    members: new Map(room.members),
    leaders: new Set(leadersIn(room.levels, room.members.keys(), []).keys()),
    ...(room.name === undefined || room.name === '' ? {} : { name: room.name }),
    encrypted: room.encrypted,
    bridged: room.bridged,
    tombstoned: room.tombstoned,
    ...(room.predecessor === undefined ? {} : { predecessor: room.predecessor }),
    ...(room.successor === undefined ? {} : { successor: room.successor }),
  };
}

function relation(event: Wire): Readonly<Record<string, unknown>> {
  return (event.content['m.relates_to'] ?? {}) as Record<string, unknown>;
}

export function forbidden(): BridgeError {
  return new BridgeError('matrix-forbidden', 'never', 'fault.homeserver');
}
