// Writes into rooms: events, state, memberships, redactions, each checked and deduplicated; it must not know HTTP.
import type { Bus } from './bus.ts';
import { forbidden, MatrixError, notFound, objectAt, textAt, type Json } from './json.ts';
import type { Requester } from './requester.ts';
import { checkContent, checkMembership, checkSend, isSameState, mayRedact, prune } from './rules.ts';
import { hashId, World, type Room, type StoredEvent, type User } from './world.ts';

/** What is needed to write one event. */
export interface Draft {
  readonly type: string;
  readonly sender: string;
  readonly stateKey?: string | undefined;
  readonly content: Json;
  readonly ts?: number | undefined;
  readonly redacts?: string | undefined;
  readonly txn?: StoredEvent['txn'];
}

const STRIPPED = [
  'm.room.create',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.name',
  'm.room.topic',
];

export class Rooms {
  readonly world: World;
  readonly #bus: Bus;

  constructor(world: World, bus: Bus) {
    this.world = world;
    this.#bus = bus;
  }

  /** The room, or the 404 Synapse gives to those who ask for one that is not there. */
  find(roomId: string): Room {
    const room = this.world.rooms.get(roomId);
    if (room === undefined) throw notFound(`Could not find room ${roomId}`);
    return room;
  }

  user(userId: string): User {
    const user = this.world.users.get(userId);
    if (user === undefined) throw notFound('User not found');
    return user;
  }

  /** Write without asking the rules; the caller has checked. */
  write(room: Room, draft: Draft): StoredEvent {
    const { world } = this;
    const stream = world.next();
    const event: StoredEvent = {
      eventId: `$${hashId({ ...draft, room: room.roomId, stream })}`,
      roomId: room.roomId,
      type: draft.type,
      sender: draft.sender,
      stateKey: draft.stateKey,
      ts: draft.ts ?? Date.now(),
      stream,
      content: draft.content,
      redacts: draft.redacts,
      redactedBy: undefined,
      replaces: draft.stateKey === undefined ? undefined : world.stateOf(room, draft.type, draft.stateKey),
      txn: draft.txn,
      strippedState: draft.content['membership'] === 'invite' ? this.#stripped(room, draft.sender) : undefined,
    };
    world.append(room, event);
    const txn = draft.txn;
    if (txn?.deviceId !== undefined) {
      world.deviceTxns.set(deviceTxnKey(room.roomId, txn.userId, txn.deviceId, txn.txnId), {
        eventId: event.eventId,
        at: Date.now(),
      });
    }
    this.#bus.event(event);
    return event;
  }

  /** Send a message event (PUT /send) or a redaction's body; layer 2 of deduplication is here. */
  send(
    requester: Requester,
    roomId: string,
    type: string,
    content: unknown,
    options: { txnId?: string; ts?: number | undefined },
  ): string {
    checkContent(content);
    const known = this.#known(requester, roomId, options.txnId);
    if (known !== undefined) return known;
    const room = this.find(roomId);
    checkSend(room, room.state, requester.userId, type, undefined, content);
    if (isAnnotated(room, { type, sender: requester.userId, content })) {
      throw new MatrixError(400, 'M_DUPLICATE_ANNOTATION', "Can't send same reaction twice");
    }
    this.#limitSize(content);
    return this.write(room, {
      type,
      sender: requester.userId,
      content,
      ts: requester.service === undefined ? undefined : options.ts,
      txn: txnOf(requester, options.txnId),
    }).eventId;
  }

  /** PUT /state; the same content by the same sender is the event that is there. */
  setState(
    requester: Requester,
    roomId: string,
    type: string,
    stateKey: string,
    content: unknown,
    ts?: number,
  ): string {
    checkContent(content);
    if (type === 'm.room.member') {
      const membership = textAt(content, 'membership') ?? '';
      return this.setMembership(requester, roomId, stateKey, membership, content);
    }
    const room = this.find(roomId);
    if (type === 'm.room.canonical_alias') this.#checkAlias(roomId, content, this.world.stateOf(room, type)?.content);
    checkSend(room, room.state, requester.userId, type, stateKey, content);
    if (type === 'm.room.create') throw forbidden('Create event has prev events');
    const existing = this.world.stateOf(room, type, stateKey);
    if (isSameState(existing, requester.userId, content) && existing !== undefined) return existing.eventId;
    this.#limitSize(content);
    return this.write(room, {
      type,
      sender: requester.userId,
      stateKey,
      content,
      ts: requester.service === undefined ? undefined : ts,
    }).eventId;
  }

  /** Any change of membership; `action` is join, leave, invite, kick, ban or unban. */
  setMembership(requester: Requester, roomId: string, target: string, action: string, extra: Json = {}): string {
    const room = this.find(roomId);
    const membership = action === 'kick' || action === 'unban' ? 'leave' : action;
    if (!['join', 'leave', 'invite', 'ban', 'knock'].includes(membership)) {
      throw new MatrixError(400, 'M_UNKNOWN', 'Invalid membership key');
    }
    const content: Json = { ...extra, membership };
    const profile = this.world.users.get(target);
    if (membership === 'join' || membership === 'invite' || membership === 'knock') {
      if (profile?.displayName !== undefined) content['displayname'] ??= profile.displayName;
      if (profile?.avatarUrl !== undefined) content['avatar_url'] ??= profile.avatarUrl;
    }
    const existing = this.world.stateOf(room, 'm.room.member', target);
    if (
      isSameState(existing, requester.userId, content) &&
      existing !== undefined &&
      !(action === 'kick' || action === 'unban')
    ) {
      return existing.eventId;
    }
    checkMembership(room, room.state, { sender: requester.userId, target, membership, action });
    if (membership === 'join') room.forgotten.delete(target);
    return this.write(room, { type: 'm.room.member', sender: requester.userId, stateKey: target, content }).eventId;
  }

  /** PUT /redact: the redaction is written, the target loses its content if the sender may do that. */
  redact(requester: Requester, roomId: string, eventId: string, content: Json, options: { txnId?: string }): string {
    const known = this.#known(requester, roomId, options.txnId);
    if (known !== undefined) return known;
    const room = this.find(roomId);
    if ('redacts' in content && content['redacts'] !== eventId) {
      throw new MatrixError(
        400,
        'M_INVALID_PARAM',
        'Cannot provide a redacts value incoherent with the event_id of the URL parameter',
      );
    }
    const full = { ...content, redacts: eventId };
    checkSend(room, room.state, requester.userId, 'm.room.redaction', undefined, full);
    const target = this.world.events.get(eventId);
    if (target !== undefined && target.roomId === roomId && !mayRedact(room, room.state, requester.userId, target)) {
      throw forbidden("You don't have permission to redact events");
    }
    if (target?.type === 'm.room.create') throw forbidden('Redacting create events is not permitted');
    const redaction = this.write(room, {
      type: 'm.room.redaction',
      sender: requester.userId,
      content: full,
      redacts: eventId,
      txn: txnOf(requester, options.txnId),
    });
    if (target !== undefined && target.roomId === roomId) {
      target.content = prune(target.type, target.content);
      target.redactedBy = redaction;
    }
    return redaction.eventId;
  }

  /** A changed profile goes into every room the person is in. */
  spreadProfile(requester: Requester, userId: string): void {
    for (const room of this.world.rooms.values()) {
      if (this.world.membership(room, userId) !== 'join') continue;
      const user = this.user(userId);
      const content: Json = { membership: 'join' };
      if (user.displayName !== undefined) content['displayname'] = user.displayName;
      if (user.avatarUrl !== undefined) content['avatar_url'] = user.avatarUrl;
      const existing = this.world.stateOf(room, 'm.room.member', userId);
      if (isSameState(existing, requester.userId, content)) continue;
      this.write(room, { type: 'm.room.member', sender: userId, stateKey: userId, content });
    }
  }

  #known(requester: Requester, roomId: string, txnId: string | undefined): string | undefined {
    if (txnId === undefined || requester.deviceId === undefined) return undefined;
    return this.world.knownDeviceTxn(deviceTxnKey(roomId, requester.userId, requester.deviceId, txnId), Date.now());
  }

  #checkAlias(roomId: string, content: Json, old: Json | undefined): void {
    const alias = textAt(content, 'alias');
    if (alias === undefined || alias === old?.['alias']) return;
    const known = this.world.aliases.get(alias);
    if (known === undefined || known.roomId !== roomId) {
      throw new MatrixError(400, 'M_BAD_ALIAS', `Room alias ${alias} does not point to the room`);
    }
  }

  #limitSize(content: Json): void {
    // The whole event may have 65536 bytes; what is around the content takes some hundred of them.
    if (Buffer.byteLength(JSON.stringify(content)) > 65_000) {
      throw new MatrixError(413, 'M_TOO_LARGE', 'event too large');
    }
  }

  #stripped(room: Room, inviter: string): Json[] {
    const found: StoredEvent[] = [];
    for (const type of STRIPPED) {
      const event = this.world.stateOf(room, type);
      if (event !== undefined) found.push(event);
    }
    const member = this.world.stateOf(room, 'm.room.member', inviter);
    if (member !== undefined) found.push(member);
    return found.map(strip);
  }
}

/** The four fields an invited person may see. */
export function strip(event: StoredEvent): Json {
  return { type: event.type, state_key: event.stateKey ?? '', content: event.content, sender: event.sender };
}

function txnOf(requester: Requester, txnId: string | undefined): StoredEvent['txn'] {
  return txnId === undefined ? undefined : { userId: requester.userId, deviceId: requester.deviceId, txnId };
}

function deviceTxnKey(roomId: string, userId: string, deviceId: string, txnId: string): string {
  return [roomId, userId, deviceId, txnId].join('\0');
}

/** Whether the same sender reacted so to the same event, and has not taken it back. */
function isAnnotated(room: Room, draft: Pick<Draft, 'type' | 'sender' | 'content'>): boolean {
  const wanted = objectAt(draft.content, 'm.relates_to');
  if (wanted['rel_type'] !== 'm.annotation') return false;
  return room.events.some((event) => {
    const relation = objectAt(event.content, 'm.relates_to');
    return (
      event.type === draft.type &&
      event.sender === draft.sender &&
      event.redactedBy === undefined &&
      ['rel_type', 'event_id', 'key'].every((name) => relation[name] === wanted[name])
    );
  });
}
