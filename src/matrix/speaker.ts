// One voice in rooms: the bot, a ghost or a real person through the second registration; knows no network.
import { as, type EffectId, type EventId, type MxcUri, type RoomId, type UserId } from '../model/ids.ts';
import type { MessageBody } from '../model/message.ts';
import { BridgeError } from '../model/errors.ts';
import type { RoomWords, SendAbout, Speaker } from '../ports/matrix.ts';
import { encode, MatrixRefusal, type As, type Ask, type MatrixClient } from './client.ts';
import type { MentionOf } from './html.ts';
import type { Intents } from './intents.ts';
import { textAt, type Json } from './json.ts';
import { MARKER, type Markers } from './marker.ts';
import { findReaction, isMarked, stateOf } from './errands.ts';
import { shownWords } from './state.ts';
import { fitted, writeEdit, writeMessage } from './write.ts';

export interface SpeakerOptions {
  readonly client: MatrixClient;
  readonly who: As & { readonly user: UserId };
  readonly markers: Markers;
  /** Moves our own users; absent for real people, whom the second registration moves. */
  readonly intents?: Pick<Intents, 'join' | 'leave' | 'invite' | 'kick' | 'setState'>;
  readonly mention: MentionOf;
  /** Who may invite a speaker back into a room; absent for the bot itself. */
  readonly inviter?: Speaker;
  /** After M_UNKNOWN_DEVICE: makes the device once more, or finds another. @returns who asks from now on */
  readonly renew?: () => Promise<As>;
}

/** Content beyond 64 KiB is refused by every homeserver (spec: size limits); this leaves room for the envelope. */
const CONTENT_LIMIT = 60_000;
const BASE = '/_matrix/client/v3';

export class MatrixSpeaker implements Speaker {
  readonly user: UserId;
  readonly #options: SpeakerOptions;
  #who: As;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.#who = options.who;
    this.user = options.who.user;
  }

  async join(room: RoomId): Promise<void> {
    const { intents } = this.#options;
    if (intents === undefined) await this.#ask('POST', `/join/${encode(room)}`);
    else await intents.join(this.user, room);
  }

  async leave(room: RoomId, why?: string): Promise<void> {
    const { intents } = this.#options;
    if (intents !== undefined) await intents.leave(this.user, room, why);
    else await this.#ask('POST', `/rooms/${encode(room)}/leave`, why === undefined ? {} : { reason: why });
  }

  async invite(room: RoomId, user: UserId, direct = false, id?: EffectId): Promise<void> {
    const { intents } = this.#options;
    if (direct || id !== undefined) {
      // The invite call can say neither is_direct nor whose doing it is; the membership event itself can.
      const content = { membership: 'invite', ...(direct ? { is_direct: true } : {}) };
      await this.#setState(room, 'm.room.member', user, { ...content, ...this.#marked(room, id) });
      return;
    }
    if (intents === undefined) await this.#ask('POST', `/rooms/${encode(room)}/invite`, { user_id: user });
    else await intents.invite(this.user, room, user);
  }

  async kick(room: RoomId, user: UserId, why?: string, id?: EffectId): Promise<void> {
    const { intents } = this.#options;
    const reason = why === undefined ? {} : { reason: why };
    if (id !== undefined) {
      await this.#setState(room, 'm.room.member', user, { membership: 'leave', ...reason, ...this.#marked(room, id) });
    } else if (intents !== undefined) await intents.kick(this.user, room, user, why);
    else await this.#ask('POST', `/rooms/${encode(room)}/kick`, { user_id: user, ...reason });
  }

  async describe(room: RoomId, id: EffectId, words: RoomWords, where?: 'over-ours'): Promise<void> {
    for (const [key, text] of Object.entries(shownWords(words))) {
      const type = `m.room.${key}`;
      await this.#entered(room, async () => {
        const { client } = this.#options;
        const there = await this.#asMyself(async (who) => await stateOf(client, who, room, type));
        if ((textAt(there, key) ?? '') === text) return;
        if (where === 'over-ours' && !this.#isOurs(room, there)) return;
        await this.#setState(room, type, '', { [key]: text, ...this.#marked(room, id) });
      });
    }
  }

  async showPicture(room: RoomId, id: EffectId, uri: MxcUri | undefined, where?: 'over-ours'): Promise<void> {
    await this.#entered(room, async () => {
      const { client } = this.#options;
      const there = await this.#asMyself(async (who) => await stateOf(client, who, room, 'm.room.avatar'));
      if (textAt(there, 'url') === uri) return;
      if (where === 'over-ours' && !this.#isOurs(room, there)) return;
      const content = { ...(uri === undefined ? {} : { url: uri }), ...this.#marked(room, id) };
      await this.#setState(room, 'm.room.avatar', '', content);
    });
  }

  #isOurs(room: RoomId, content: Json): boolean {
    return isMarked(this.#options.markers, room, content);
  }

  #marked(room: RoomId, id: EffectId | undefined): Json {
    return id === undefined ? {} : { [MARKER]: this.#options.markers.write(room, id) };
  }

  async #setState(room: RoomId, type: string, key: string, content: Json): Promise<void> {
    const { intents } = this.#options;
    if (intents !== undefined) await intents.setState(this.user, room, type, key, content);
    else await this.#ask('PUT', `/rooms/${encode(room)}/state/${type}/${encode(key)}`, content);
  }

  async send(room: RoomId, id: EffectId, body: MessageBody, about: SendAbout = {}): Promise<EventId> {
    const content = writeMessage(body, { mention: this.#options.mention, replyTo: about.replyTo, uri: uriOf(body) });
    return await this.#put(room, 'm.room.message', id, content, about);
  }

  async edit(room: RoomId, id: EffectId, target: EventId, body: MessageBody, about: SendAbout = {}): Promise<EventId> {
    const content = writeEdit(body, target, { mention: this.#options.mention, uri: uriOf(body) });
    return await this.#put(room, 'm.room.message', id, content, about);
  }

  async react(room: RoomId, id: EffectId, target: EventId, emoji: string, about: SendAbout = {}): Promise<EventId> {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: emoji } };
    try {
      return await this.#put(room, 'm.reaction', id, content, about);
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_DUPLICATE_ANNOTATION') throw error;
      // It stands there, from under a transaction id that the homeserver has forgotten, or from before our database was restored.
      const there = await findReaction(
        this.#options.client,
        { ...this.#who, user: this.user },
        { room, target, emoji },
      );
      if (there === undefined) throw error;
      return there;
    }
  }

  async redact(room: RoomId, id: EffectId, target: EventId, why?: string): Promise<EventId> {
    const body = { ...(why === undefined ? {} : { reason: why }), [MARKER]: this.#options.markers.write(room, id) };
    const path = `/rooms/${encode(room)}/redact/${encode(target)}/${encode(id)}`;
    return eventIdOf(await this.#inRoom(room, path, { body }));
  }

  async typing(room: RoomId, active: boolean): Promise<void> {
    const body = active ? { typing: true, timeout: 30_000 } : { typing: false };
    await this.#ask('PUT', `/rooms/${encode(room)}/typing/${encode(this.user)}`, body);
  }

  async read(room: RoomId, upTo: EventId): Promise<void> {
    await this.#ask('POST', `/rooms/${encode(room)}/receipt/m.read/${encode(upTo)}`);
  }

  async presence(online: boolean): Promise<void> {
    await this.#ask('PUT', `/presence/${encode(this.user)}/status`, { presence: online ? 'online' : 'offline' });
  }

  async #put(room: RoomId, type: string, id: EffectId, content: Json, about: SendAbout): Promise<EventId> {
    const whole = {
      ...content,
      ...(about.late === true ? { 'fr.passerelle.late': true } : {}),
      [MARKER]: this.#options.markers.write(room, id),
    };
    const body = fitted(whole, CONTENT_LIMIT);
    if (body === undefined) throw new BridgeError('matrix-too-large', 'never', 'fault.too-large');
    const path = `/rooms/${encode(room)}/send/${type}/${encode(id)}`;
    return eventIdOf(await this.#inRoom(room, path, { body, query: { ts: about.at } }));
  }

  async #inRoom(room: RoomId, path: string, ask: Ask): Promise<Json> {
    return await this.#entered(room, async () => await this.#send(path, ask));
  }

  /** A refusal is repaired once, by invitation and joining; the transaction id stays. */
  async #entered<T>(room: RoomId, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || !error.said(403)) throw error;
      try {
        await this.#options.inviter?.invite(room, this.user);
      } catch (second) {
        // Already in the room, or the inviter may not: joining decides.
        if (!(second instanceof MatrixRefusal) || !second.said(403)) throw second;
      }
      await this.#enter(room);
      return await work();
    }
  }

  /** A homeserver that was restored from a backup may have forgotten a ghost altogether: then it is made once more. */
  async #enter(room: RoomId): Promise<void> {
    const { renew } = this.#options;
    try {
      await this.join(room);
    } catch (error) {
      if (renew === undefined || !(error instanceof MatrixRefusal) || !error.said(403)) throw error;
      this.#who = await renew();
      await this.join(room);
    }
  }

  async #ask(method: 'PUT' | 'POST', path: string, body: Json = {}): Promise<void> {
    const { client } = this.#options;
    await this.#asMyself(async (who) => await client.ask(who, method, `${BASE}${path}`, { body }));
  }

  async #send(path: string, ask: Ask): Promise<Json> {
    const { client } = this.#options;
    return await this.#asMyself(async (who) => await client.send(who, `${BASE}${path}`, ask));
  }

  async #asMyself(work: (who: As) => Promise<Json>): Promise<Json> {
    const { renew } = this.#options;
    try {
      return await work(this.#who);
    } catch (error) {
      if (renew === undefined || !(error instanceof MatrixRefusal) || error.errcode !== 'M_UNKNOWN_DEVICE') throw error;
      this.#who = await renew();
      return await work(this.#who);
    }
  }
}

function uriOf(body: MessageBody) {
  return body.kind === 'media' && body.media.source.from === 'matrix' ? body.media.source.uri : undefined;
}

function eventIdOf(answer: Json): EventId {
  const id = textAt(answer, 'event_id', 255);
  if (id === undefined) {
    throw new BridgeError('matrix-answer', 'now', 'fault.homeserver', { mayHaveHappened: true });
  }
  return as<EventId>(id);
}
