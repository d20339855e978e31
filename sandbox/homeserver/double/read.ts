// Reads rooms for clients: state, members, pages, context, relations; it must not change anything.
import type { EventFilter } from './filter.ts';
import { forbidden, isObject, notFound, objectAt, textAt, type Json } from './json.ts';
import type { Requester } from './requester.ts';
import { maySee } from './rules.ts';
import { forClient } from './serialise.ts';
import { readToken, streamToken } from './sync.ts';
import { firstAbove, type Room, type StoredEvent, type World } from './world.ts';

/** Past the newest event. */
const END = Number.MAX_SAFE_INTEGER;

export interface Page {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly backwards: boolean;
  readonly limit: number;
  readonly filter: EventFilter;
}

export class Reads {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The membership that lets somebody read, or 403. Unknown rooms are refused in the same words. */
  #reader(roomId: string, userId: string): { readonly room: Room; readonly member: StoredEvent } {
    const room = this.#world.rooms.get(roomId);
    const member = room === undefined ? undefined : this.#world.stateOf(room, 'm.room.member', userId);
    const membership = member === undefined ? undefined : textAt(member.content, 'membership');
    if (room === undefined || member === undefined || membership === 'invite' || room.forgotten.has(userId)) {
      throw forbidden(`User ${userId} not in room ${roomId}, and room previews are disabled`);
    }
    return { room, member };
  }

  /** The state this person sees: now, or as it was when he left. */
  #state(roomId: string, userId: string): { readonly room: Room; readonly state: ReadonlyMap<string, StoredEvent> } {
    const { room, member } = this.#reader(roomId, userId);
    const inside = member.content['membership'] === 'join';
    return { room, state: inside ? room.state : this.#world.stateBefore(room, member.stream + 1) };
  }

  state(requester: Requester, roomId: string): Json[] {
    return [...this.#state(roomId, requester.userId).state.values()].map((event) => forClient(event, requester));
  }

  stateEvent(requester: Requester, roomId: string, type: string, stateKey: string, wholeEvent: boolean): Json {
    const event = this.#state(roomId, requester.userId).state.get(`${type}\0${stateKey}`);
    if (event === undefined) throw notFound('Event not found.');
    return wholeEvent ? forClient(event, requester) : event.content;
  }

  members(requester: Requester, roomId: string, only: string | null, not: string | null): Json[] {
    return [...this.#state(roomId, requester.userId).state.values()]
      .filter(({ type, content }) => {
        const membership = textAt(content, 'membership');
        return (
          type === 'm.room.member' && (only === null || membership === only) && (not === null || membership !== not)
        );
      })
      .map((event) => forClient(event, requester));
  }

  joinedMembers(requester: Requester, roomId: string): Json {
    const { room, member } = this.#reader(roomId, requester.userId);
    if (member.content['membership'] !== 'join') throw forbidden(`User ${requester.userId} not in room ${roomId}`);
    const joined: Record<string, Json> = {};
    for (const userId of this.#world.joined(room)) {
      const content = this.#world.stateOf(room, 'm.room.member', userId)?.content ?? {};
      joined[userId] = { display_name: content['displayname'] ?? null, avatar_url: content['avatar_url'] ?? null };
    }
    return joined;
  }

  joinedRooms(userId: string): string[] {
    return [...this.#world.rooms.values()]
      .filter((room) => this.#world.membership(room, userId) === 'join')
      .map(({ roomId }) => roomId);
  }

  /** GET /messages. `end` is left out when there is nothing further. */
  messages(requester: Requester, roomId: string, page: Page): Json {
    const { room, member } = this.#reader(roomId, requester.userId);
    const last = member.content['membership'] === 'join' ? END : member.stream;
    const start = page.from === undefined ? (page.backwards ? this.#world.stream : 0) : readToken(page.from);
    const stop = page.to === undefined ? undefined : readToken(page.to);
    const events: StoredEvent[] = [];
    const wanted = (event: StoredEvent): boolean =>
      event.stream <= last && page.filter.passes(event) && maySee(this.#world, room, requester.userId, event);
    let index = firstAbove(room.events, start) - (page.backwards ? 1 : 0);
    const step = page.backwards ? -1 : 1;
    for (; events.length < page.limit; index += step) {
      const event = room.events[index];
      if (event === undefined) break;
      if (stop !== undefined && (page.backwards ? event.stream <= stop : event.stream > stop)) break;
      if (wanted(event)) events.push(event);
    }
    const edge = events.at(-1);
    const end = edge === undefined ? undefined : page.backwards ? edge.stream - 1 : edge.stream;
    return {
      start: page.from ?? streamToken(start),
      ...(end === undefined ? {} : { end: streamToken(end) }),
      chunk: events.map((event) => forClient(event, requester)),
    };
  }

  /** An event the person may see, or 404 (and 403 for a room that is none of his business is 404 too). */
  visible(requester: Requester, roomId: string, eventId: string): { readonly room: Room; readonly event: StoredEvent } {
    const event = this.#world.events.get(eventId);
    const room = this.#world.rooms.get(roomId);
    if (event === undefined || room === undefined || event.roomId !== roomId) throw notFound('Event not found.');
    const member = this.#world.stateOf(room, 'm.room.member', requester.userId);
    if (member === undefined || !maySee(this.#world, room, requester.userId, event)) throw notFound('Event not found.');
    return { room, event };
  }

  context(requester: Requester, roomId: string, eventId: string, limit: number): Json {
    const { room, event } = this.visible(requester, roomId, eventId);
    const at = room.events.indexOf(event);
    const near = (slice: readonly StoredEvent[]): StoredEvent[] =>
      slice.filter((entry) => maySee(this.#world, room, requester.userId, entry));
    const before = near(room.events.slice(0, at)).slice(-Math.max(1, Math.floor(limit / 2)));
    const after = near(room.events.slice(at + 1)).slice(0, Math.max(1, limit - Math.floor(limit / 2)));
    return {
      event: forClient(event, requester),
      events_before: before.toReversed().map((entry) => forClient(entry, requester)),
      events_after: after.map((entry) => forClient(entry, requester)),
      start: streamToken((before[0] ?? event).stream - 1),
      end: streamToken((after.at(-1) ?? event).stream),
      state: [...this.#world.stateBefore(room, event.stream + 1).values()].map((entry) => forClient(entry, requester)),
    };
  }

  /** Events that relate to another (GET /relations), newest first unless `dir=f`. */
  /** One event with its newest edit bundled (spec 1.7, "Aggregating relationships"): of the same sender, and not of what was redacted. */
  whole(requester: Requester, roomId: string, eventId: string): Json {
    const { room, event } = this.visible(requester, roomId, eventId);
    const found = forClient(event, requester);
    const edit = room.events.findLast((other) => {
      const relation = objectAt(other.content, 'm.relates_to');
      const edits = relation['event_id'] === eventId && relation['rel_type'] === 'm.replace';
      return edits && other.sender === event.sender && other.type === event.type;
    });
    if (edit === undefined || event.redactedBy !== undefined) return found;
    const bundled = { 'm.relations': { 'm.replace': forClient(edit, requester) } };
    return { ...found, unsigned: { ...objectAt(found, 'unsigned'), ...bundled } };
  }

  relations(
    requester: Requester,
    roomId: string,
    eventId: string,
    only: {
      readonly relType: string | undefined;
      readonly type: string | undefined;
      readonly forwards: boolean;
      readonly limit: number;
    },
  ): Json {
    const { room } = this.visible(requester, roomId, eventId);
    const found = room.events.filter((event) => {
      const relation = objectAt(event.content, 'm.relates_to');
      return (
        isObject(event.content['m.relates_to']) &&
        relation['event_id'] === eventId &&
        (only.relType === undefined || relation['rel_type'] === only.relType) &&
        (only.type === undefined || event.type === only.type) &&
        maySee(this.#world, room, requester.userId, event)
      );
    });
    const ordered = only.forwards ? found : found.toReversed();
    return { chunk: ordered.slice(0, only.limit).map((event) => forClient(event, requester)) };
  }
}
