// Applies client filters (client API, "Filtering"); it must not know where events come from.
import { isObject, numberAt, objectAt, type Json } from './json.ts';

export interface EventFilter {
  readonly limit: number;
  /** Does the filter let this event through? */
  passes(event: {
    readonly type: string;
    readonly sender?: string;
    readonly roomId?: string;
    readonly content: Json;
  }): boolean;
}

export interface SyncFilter {
  passesRoom(roomId: string): boolean;
  readonly includeLeave: boolean;
  readonly timeline: EventFilter;
  readonly state: EventFilter;
  readonly ephemeral: EventFilter;
  readonly roomAccountData: EventFilter;
  readonly accountData: EventFilter;
}

function stringsIn(from: Json, key: string): readonly string[] | undefined {
  const value = from[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : undefined;
}

function matches(pattern: string, type: string): boolean {
  if (!pattern.includes('*')) return pattern === type;
  return new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
      .join('.*')}$`,
  ).test(type);
}

export function eventFilter(from: Json, limit = 10): EventFilter {
  const types = stringsIn(from, 'types');
  const notTypes = stringsIn(from, 'not_types') ?? [];
  const senders = stringsIn(from, 'senders');
  const notSenders = stringsIn(from, 'not_senders') ?? [];
  const rooms = stringsIn(from, 'rooms');
  const notRooms = stringsIn(from, 'not_rooms') ?? [];
  const hasUrl = typeof from['contains_url'] === 'boolean' ? from['contains_url'] : undefined;
  return {
    limit: Math.max(0, numberAt(from, 'limit', limit)),
    passes: ({ type, sender = '', roomId = '', content }) =>
      (types === undefined || types.some((pattern) => matches(pattern, type))) &&
      !notTypes.some((pattern) => matches(pattern, type)) &&
      (senders === undefined || senders.includes(sender)) &&
      !notSenders.includes(sender) &&
      (rooms === undefined || rooms.includes(roomId)) &&
      !notRooms.includes(roomId) &&
      (hasUrl === undefined || hasUrl === (typeof content['url'] === 'string')),
  };
}

export function syncFilter(from: unknown): SyncFilter {
  const whole = isObject(from) ? from : {};
  const room = objectAt(whole, 'room');
  const rooms = stringsIn(room, 'rooms');
  const notRooms = stringsIn(room, 'not_rooms') ?? [];
  return {
    passesRoom: (roomId) => (rooms === undefined || rooms.includes(roomId)) && !notRooms.includes(roomId),
    includeLeave: room['include_leave'] === true,
    timeline: eventFilter(objectAt(room, 'timeline')),
    state: eventFilter(objectAt(room, 'state')),
    ephemeral: eventFilter(objectAt(room, 'ephemeral')),
    roomAccountData: eventFilter(objectAt(room, 'account_data')),
    accountData: eventFilter(objectAt(whole, 'account_data')),
  };
}
