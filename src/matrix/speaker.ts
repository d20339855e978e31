// One voice in rooms: the bot, a ghost or a real person through the second registration; knows no network.
import { as, type EffectId, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import type { MessageBody } from '../model/message.ts';
import { BridgeError } from '../model/errors.ts';
import type { SendAbout, Speaker } from '../ports/matrix.ts';
import { encode, MatrixRefusal, type As, type Ask, type MatrixClient } from './client.ts';
import type { MentionOf } from './html.ts';
import { textAt, type Json } from './json.ts';
import { MARKER, type Markers } from './marker.ts';
import { writeEdit, writeMessage } from './write.ts';

export interface SpeakerOptions {
  readonly client: MatrixClient;
  readonly who: As & { readonly user: UserId };
  readonly markers: Markers;
  readonly mention: MentionOf;
  /** Who may invite a speaker back into a room; absent for the bot itself. */
  readonly inviter?: Speaker;
  /** Makes account and device once more after M_UNKNOWN_DEVICE. */
  readonly renew?: () => Promise<void>;
}

/** Content beyond 64 KiB is refused by every homeserver (spec: size limits); this leaves room for the envelope. */
const CONTENT_LIMIT = 60_000;

export class MatrixSpeaker implements Speaker {
  readonly user: UserId;
  readonly #options: SpeakerOptions;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.user = options.who.user;
  }

  async join(room: RoomId): Promise<void> {
    await this.#ask('POST', `/join/${encode(room)}`);
  }

  async leave(room: RoomId, why?: string): Promise<void> {
    await this.#ask('POST', `/rooms/${encode(room)}/leave`, why === undefined ? {} : { reason: why });
  }

  async invite(room: RoomId, user: UserId, direct = false): Promise<void> {
    if (direct) {
      // The invite call cannot say is_direct; the membership event itself can.
      const path = `/rooms/${encode(room)}/state/m.room.member/${encode(user)}`;
      await this.#ask('PUT', path, { membership: 'invite', is_direct: true });
      return;
    }
    await this.#ask('POST', `/rooms/${encode(room)}/invite`, { user_id: user });
  }

  async kick(room: RoomId, user: UserId, why?: string): Promise<void> {
    const reason = why === undefined ? {} : { reason: why };
    await this.#ask('POST', `/rooms/${encode(room)}/kick`, { user_id: user, ...reason });
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
    return await this.#put(room, 'm.reaction', id, content, about);
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

  async #put(room: RoomId, type: string, id: EffectId, content: Json, about: SendAbout): Promise<EventId> {
    const body = {
      ...content,
      ...(about.late === true ? { 'fr.passerelle.late': true } : {}),
      [MARKER]: this.#options.markers.write(room, id),
    };
    if (Buffer.byteLength(JSON.stringify(body)) > CONTENT_LIMIT) {
      throw new BridgeError('matrix-too-large', 'never', 'fault.homeserver');
    }
    const path = `/rooms/${encode(room)}/send/${type}/${encode(id)}`;
    return eventIdOf(await this.#inRoom(room, path, { body, query: { ts: about.at } }));
  }

  /** A refusal is repaired once, by invitation and joining; the transaction id stays. */
  async #inRoom(room: RoomId, path: string, ask: Ask): Promise<Json> {
    try {
      return await this.#request('PUT', path, ask);
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || error.status !== 403) throw error;
      try {
        await this.#options.inviter?.invite(room, this.user);
      } catch (second) {
        // Already in the room, or the inviter may not: joining decides.
        if (!(second instanceof MatrixRefusal) || second.status !== 403) throw second;
      }
      await this.join(room);
      return await this.#request('PUT', path, ask);
    }
  }

  async #ask(method: 'PUT' | 'POST', path: string, body: Json = {}): Promise<void> {
    await this.#request(method, path, { body });
  }

  async #request(method: 'PUT' | 'POST', path: string, ask: Ask): Promise<Json> {
    const { client, who, renew } = this.#options;
    const whole = `/_matrix/client/v3${path}`;
    try {
      return await client.ask(who, method, whole, ask);
    } catch (error) {
      if (renew === undefined || !(error instanceof MatrixRefusal) || error.errcode !== 'M_UNKNOWN_DEVICE') throw error;
      await renew();
      return await client.ask(who, method, whole, ask);
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
