// Answers /sync: initial, incremental, limited, filtered, long-polling; it must not know HTTP.
import type { Bus } from './bus.ts';
import type { EphemeralEvents } from './ephemeral.ts';
import type { SyncFilter } from './filter.ts';
import { MatrixError, textAt, type Json } from './json.ts';
import { PUSH_RULES, type PushRules } from './push-rules.ts';
import type { Requester } from './requester.ts';
import { maySee } from './rules.ts';
import { strip } from './rooms.ts';
import { forSync } from './serialise.ts';
import { firstAbove, World, type Room, type StoredEvent, type User } from './world.ts';

export function streamToken(position: number): string {
  return `s${position}`;
}

/** Throws 400 for what is not one of our tokens. */
export function readToken(token: string): number {
  const match = /^s(\d+)$/.exec(token);
  if (match === null) throw new MatrixError(400, 'M_INVALID_PARAM', "'from' parameter is invalid");
  return Number(match[1]);
}

export interface SyncRequest {
  readonly requester: Requester;
  readonly since: number | undefined;
  readonly filter: SyncFilter;
  readonly fullState: boolean;
  readonly timeoutMs: number;
  /** The client went away. */
  readonly signal: AbortSignal;
}

export class Syncs {
  readonly #world: World;
  readonly #bus: Bus;
  readonly #ephemeral: EphemeralEvents;
  readonly #pushRules: PushRules;

  constructor(world: World, bus: Bus, ephemeral: EphemeralEvents, pushRules: PushRules) {
    this.#world = world;
    this.#bus = bus;
    this.#ephemeral = ephemeral;
    this.#pushRules = pushRules;
  }

  async answer(request: SyncRequest): Promise<Json> {
    const until = Date.now() + request.timeoutMs;
    for (;;) {
      const { body, empty } = this.#now(request);
      const left = until - Date.now();
      if (!empty || request.since === undefined || request.fullState || left <= 0 || request.signal.aborted)
        return body;
      await this.#wakeUp(left, request.signal);
    }
  }

  async #wakeUp(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stop();
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      const stop = this.#bus.listen({ wake: done });
    });
  }

  #now(request: SyncRequest): { readonly body: Json; readonly empty: boolean } {
    const { requester, since, filter } = request;
    const user = this.#world.users.get(requester.userId);
    const join: Record<string, Json> = {};
    const invite: Record<string, Json> = {};
    const leave: Record<string, Json> = {};
    for (const [roomId, member] of user?.memberships ?? []) {
      const room = this.#world.rooms.get(roomId);
      if (room === undefined || !filter.passesRoom(roomId)) continue;
      const membership = textAt(member.content, 'membership');
      if (membership === 'join') {
        const part = this.#joined(request, room, user, member);
        if (part !== undefined) join[roomId] = part;
      } else if (membership === 'invite') {
        if (since === undefined || member.stream > since) {
          invite[roomId] = { invite_state: { events: [...(member.strippedState ?? []), strip(member)] } };
        }
      } else if (since === undefined ? filter.includeLeave : member.stream > since) {
        if (room.forgotten.has(requester.userId)) continue;
        leave[roomId] = this.#left(request, room, member);
      }
    }
    const accountData = [...(user?.accountData.values() ?? [])]
      .filter((entry) => entry.roomId === '' && entry.stream > (since ?? 0))
      .map(({ type, content }) => ({ type, content }))
      .filter((event) => filter.accountData.passes(event));
    const told = accountData.some(({ type }) => type === PUSH_RULES);
    if (since === undefined && !told && filter.accountData.passes({ type: PUSH_RULES, content: {} })) {
      accountData.push({ type: PUSH_RULES, content: this.#pushRules.of(requester.userId) });
    }
    const rooms = {
      ...(Object.keys(join).length > 0 ? { join } : {}),
      ...(Object.keys(invite).length > 0 ? { invite } : {}),
      ...(Object.keys(leave).length > 0 ? { leave } : {}),
    };
    const empty = Object.keys(rooms).length === 0 && accountData.length === 0;
    return {
      empty,
      body: {
        next_batch: streamToken(this.#world.stream),
        ...(accountData.length > 0 ? { account_data: { events: accountData } } : {}),
        ...(Object.keys(rooms).length > 0 ? { rooms } : {}),
        device_one_time_keys_count: { signed_curve25519: 0 },
        'org.matrix.msc2732.device_unused_fallback_key_types': [],
        device_unused_fallback_key_types: [],
      },
    };
  }

  #joined(request: SyncRequest, room: Room, user: User | undefined, member: StoredEvent): Json | undefined {
    const { requester, filter } = request;
    const joinedSince =
      request.since !== undefined &&
      member.stream > request.since &&
      !this.#wasJoined(room, requester.userId, request.since);
    const since = joinedSince ? undefined : request.since;
    const roomData = [...(user?.accountData.values() ?? [])]
      .filter((entry) => entry.roomId === room.roomId && entry.stream > (since ?? 0))
      .map(({ type, content }) => ({ type, content }))
      .filter((event) => filter.roomAccountData.passes(event));
    if (since !== undefined && room.changed <= since && roomData.length === 0 && !request.fullState) return undefined;
    const { events, limited, prevBatch, state } = this.#timeline(request, room, since, undefined);
    const ephemeral = this.#ephemeral
      .since(room, requester.userId, since ?? 0)
      .filter((event) => filter.ephemeral.passes({ type: String(event['type']), roomId: room.roomId, content: {} }));
    const nothing = events.length === 0 && state.length === 0 && ephemeral.length === 0 && roomData.length === 0;
    if (nothing && since !== undefined) return undefined;
    const members = [...room.state.values()].filter(({ type }) => type === 'm.room.member');
    return {
      timeline: { events: events.map((event) => forSync(event, requester)), prev_batch: prevBatch, limited },
      state: { events: state.map((event) => forSync(event, requester)) },
      account_data: { events: roomData },
      ephemeral: { events: ephemeral },
      unread_notifications: { notification_count: 0, highlight_count: 0 },
      summary: {
        'm.joined_member_count': members.filter((event) => event.content['membership'] === 'join').length,
        'm.invited_member_count': members.filter((event) => event.content['membership'] === 'invite').length,
      },
    };
  }

  #left(request: SyncRequest, room: Room, member: StoredEvent): Json {
    const { events, limited, prevBatch, state } = this.#timeline(request, room, request.since, member.stream);
    return {
      timeline: { events: events.map((event) => forSync(event, request.requester)), prev_batch: prevBatch, limited },
      state: { events: state.map((event) => forSync(event, request.requester)) },
      account_data: { events: [] },
    };
  }

  /** What happened in a room after `since` (undefined: as for a newcomer) up to and with `until`. */
  #timeline(
    request: SyncRequest,
    room: Room,
    since: number | undefined,
    until: number | undefined,
  ): { events: StoredEvent[]; limited: boolean; prevBatch: string; state: StoredEvent[] } {
    const { requester, filter } = request;
    const end = until === undefined ? room.events.length : firstAbove(room.events, until);
    const from = since === undefined ? 0 : firstAbove(room.events, since);
    const { limit } = filter.timeline;
    const events: StoredEvent[] = [];
    let limited = false;
    for (let index = end - 1; index >= from; index -= 1) {
      const event = room.events[index];
      if (event === undefined || !filter.timeline.passes(event) || !maySee(this.#world, room, requester.userId, event))
        continue;
      if (events.length >= limit) {
        limited = true;
        break;
      }
      events.unshift(event);
    }
    const start = events[0]?.stream ?? (room.events[end - 1]?.stream ?? 0) + 1;
    const given = new Set(events);
    const whole = since === undefined || request.fullState;
    const state = [...this.#world.stateBefore(room, start).values()].filter(
      (event) => (whole || event.stream > since) && !given.has(event) && filter.state.passes(event),
    );
    return { events, limited, prevBatch: streamToken(start - 1), state };
  }

  #wasJoined(room: Room, userId: string, at: number): boolean {
    return (
      this.#world.stateBefore(room, at + 1).get(World.slot('m.room.member', userId))?.content['membership'] === 'join'
    );
  }
}
