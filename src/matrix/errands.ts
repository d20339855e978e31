// What the wing asks the homeserver beside speaking: waking it, account data, and looking for what was sent.
import { randomUUID } from 'node:crypto';
import { as, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import type { EventLook, MatrixApi, RoomWords } from '../ports/matrix.ts';
import type { Vault } from '../ports/stores.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { field, isObject, objectAt, textAt, type Json } from './json.ts';
import { MARKER, type Markers } from './marker.ts';
import { readEvent } from './read.ts';

const API = '/_matrix/client/v3';
/** Events before one that are looked at. */
const LOOKED_BACK = 30;

/** A homeserver that was started as well begins to push only with the first event that concerns us: this is one. */
export async function wake(client: MatrixClient, who: As, vault: Vault): Promise<void> {
  const kept = await vault.read('matrix:control', 'room');
  let room = kept === undefined ? undefined : Buffer.from(kept).toString();
  if (room === undefined) {
    const body = { preset: 'private_chat', visibility: 'private', name: 'Passerelle' };
    room = textAt(await client.ask(who, 'POST', `${API}/createRoom`, { body }), 'room_id');
    if (room === undefined) return;
    await vault.write([{ scope: 'matrix:control', key: 'room', value: Buffer.from(room) }]);
    return;
  }
  const path = `${API}/rooms/${encode(room)}/send/fr.passerelle.wake/${randomUUID()}`;
  await client.ask(who, 'PUT', path, { body: {} });
}

/** The content of a state event without a key; empty when there is none. @throws MatrixRefusal for who is not in the room */
export async function stateOf(client: MatrixClient, who: As, room: RoomId, type: string): Promise<Json> {
  try {
    return await client.ask(who, 'GET', `${API}/rooms/${encode(room)}/state/${type}/`);
  } catch (error) {
    if (error instanceof MatrixRefusal && error.said(404)) return {};
    throw error;
  }
}

/** Written by us, into this room. */
export function isMarked(markers: Pick<Markers, 'read'>, room: RoomId, content: Json): boolean {
  return markers.read(room, textAt(content, MARKER) ?? '') !== undefined;
}

/** As MatrixApi.said. */
export async function saidIn(
  client: MatrixClient,
  who: As,
  markers: Pick<Markers, 'read'>,
  room: RoomId,
  of: keyof RoomWords,
): ReturnType<MatrixApi['said']> {
  try {
    const there = await stateOf(client, who, room, `m.room.${of}`);
    return { text: textAt(there, of) ?? '', ours: isMarked(markers, room, there) };
  } catch (error) {
    // Not in the room: nothing is known of it.
    if (error instanceof MatrixRefusal && error.said(403)) return undefined;
    throw error;
  }
}

/** @param room absent: about all rooms */
export async function accountData(
  client: MatrixClient,
  who: As,
  user: UserId,
  type: string,
  room?: RoomId,
): Promise<Json> {
  try {
    return await client.ask(who, 'GET', `${dataOf(user, room)}/account_data/${type}`);
  } catch (error) {
    if (error instanceof MatrixRefusal && error.said(404)) return {};
    throw error;
  }
}

export async function putAccountData(
  client: MatrixClient,
  who: As,
  user: UserId,
  type: string,
  body: Json,
  room?: RoomId,
): Promise<void> {
  await client.ask(who, 'PUT', `${dataOf(user, room)}/account_data/${type}`, { body });
}

function dataOf(user: UserId, room: RoomId | undefined): string {
  return `${API}/user/${encode(user)}${room === undefined ? '' : `/rooms/${encode(room)}`}`;
}

/** Looks through the last thousand events. */
export async function findDelivered(
  client: MatrixClient,
  who: As,
  room: RoomId,
  marker: string,
): Promise<EventId | 'beyond' | undefined> {
  let from: string | undefined;
  for (let page = 0; page < 10; page += 1) {
    const answer: Json = await client.ask(who, 'GET', `${API}/rooms/${encode(room)}/messages`, {
      query: { dir: 'b', limit: 100, from },
    });
    const chunk = field(answer, 'chunk');
    const events = Array.isArray(chunk) ? chunk.filter(isObject) : [];
    const found = events.find((one) => field(objectAt(one, 'content'), MARKER) === marker);
    if (found !== undefined) return as<EventId>(textAt(found, 'event_id', 255) ?? '');
    from = textAt(answer, 'end', 1000);
    if (from === undefined || events.length === 0) return undefined;
  }
  return 'beyond';
}

/** A redacted event says so in its `unsigned` (spec: redactions). */
export async function lookAtEvent(
  client: MatrixClient,
  who: As,
  room: RoomId,
  event: EventId,
): Promise<EventLook | undefined> {
  try {
    const found = await client.ask(who, 'GET', `${API}/rooms/${encode(room)}/event/${encode(event)}`);
    const words = wordsNow({ ...found, room_id: room });
    return {
      sender: as<UserId>(textAt(found, 'sender', 255) ?? ''),
      at: Number(field(found, 'origin_server_ts')),
      redacted: field(objectAt(found, 'unsigned'), 'redacted_because') !== undefined,
      ...(words === undefined ? {} : { words }),
    };
  } catch (error) {
    if (error instanceof MatrixRefusal && error.said(404)) return undefined;
    throw error;
  }
}

/** What a message says as it was changed last (spec: bundled aggregations); nothing for a notice, which is nobody's word. */
export function wordsNow(event: Json): string | undefined {
  const change = objectAt(objectAt(objectAt(event, 'unsigned'), 'm.relations'), 'm.replace');
  const now = readEvent({ ...change, room_id: field(event, 'room_id') });
  const shown = now.kind === 'edit' ? now : readEvent(event);
  if ((shown.kind !== 'edit' && shown.kind !== 'message') || shown.body.kind !== 'text') return undefined;
  return shown.body.as === 'notice' ? undefined : shown.body.text.text;
}

/** @returns the newest first */
export async function eventsBefore(
  client: MatrixClient,
  who: As,
  room: RoomId,
  event: EventId,
): Promise<readonly EventId[]> {
  const path = `${API}/rooms/${encode(room)}/context/${encode(event)}`;
  const before = field(await client.ask(who, 'GET', path, { query: { limit: LOOKED_BACK * 2 } }), 'events_before');
  return (Array.isArray(before) ? before.filter(isObject) : []).flatMap((one) => {
    const id = textAt(one, 'event_id', 255);
    return id === undefined ? [] : [as<EventId>(id)];
  });
}

/** The event by which this user reacts so to another one, if there is one. */
export async function findReaction(
  client: MatrixClient,
  who: As & { readonly user: UserId },
  { room, target, emoji }: { readonly room: RoomId; readonly target: EventId; readonly emoji: string },
): Promise<EventId | undefined> {
  const place = `/_matrix/client/v1/rooms/${encode(room)}/relations/${encode(target)}/m.annotation/m.reaction`;
  let from: string | undefined;
  for (let page = 0; page < 10; page += 1) {
    const answer: Json = await client.ask(who, 'GET', place, { query: { limit: 100, from } });
    const chunk = field(answer, 'chunk');
    const found = (Array.isArray(chunk) ? chunk.filter(isObject) : []).find(
      (one) =>
        textAt(one, 'sender') === who.user &&
        textAt(objectAt(objectAt(one, 'content'), 'm.relates_to'), 'key') === emoji,
    );
    if (found !== undefined) return as<EventId>(textAt(found, 'event_id', 255) ?? '');
    from = textAt(answer, 'next_batch', 1000);
    if (from === undefined) return undefined;
  }
  return undefined;
}
