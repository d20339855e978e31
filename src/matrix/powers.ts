// Power levels of a group's room: from what its network says people may do, and back; pure, asks nobody.
import { as, type UserId } from '../model/ids.ts';
import type { Powers } from '../model/matrix-event.ts';
import type { RoomPowers } from '../ports/matrix.ts';
import { isObject, numberAt, objectAt, type Json } from './json.ts';

/** What describes a room; a locked group leaves it to its admins. */
const DESCRIBING = ['m.room.name', 'm.room.topic', 'm.room.avatar'];
/** What everybody may do where only admins write. */
const SMALL = ['m.reaction', 'm.room.redaction'];

/**
 * The levels of the bridge's rungs, all below the bot's own, so that it can take back what it gave. A person who is an admin
 * stands above a ghost who is one: else nobody here could remove or demote it.
 */
function rungs(botPower: number): { readonly ghost: number; readonly person: number } {
  return botPower >= 70 ? { ghost: 50, person: 60 } : { ghost: botPower - 20, person: botPower - 10 };
}

export interface House {
  /** The level that the configuration gives the bot. */
  readonly botPower: number;
  /** Ghosts of admins have power. Without, no ghost has any, and nothing that has none may invite: nor may, then, people who are no admins. */
  readonly ghostPower: boolean;
  readonly isGhost: (user: UserId) => boolean;
}

export function shaped(levels: Json, powers: RoomPowers, { botPower, ghostPower, isGhost }: House): Json {
  const { ghost, person } = rungs(botPower);
  const events = {
    ...objectAt(levels, 'events'),
    'm.room.power_levels': person,
    ...Object.fromEntries(SMALL.map((type) => [type, 0])),
    ...(powers.locked === undefined
      ? {}
      : Object.fromEntries(DESCRIBING.map((type) => [type, powers.locked === true ? ghost : 0]))),
  };
  const users: Record<string, unknown> = { ...objectAt(levels, 'users') };
  for (const [user, level] of Object.entries(users)) {
    const powerless = !ghostPower && isGhost(as<UserId>(user));
    if (powerless || (powers.only === true && (typeof level !== 'number' || level < botPower))) delete users[user];
  }
  for (const [user, role] of powers.roles ?? []) {
    if (role === 'admin' && (ghostPower || !isGhost(user))) users[user] = isGhost(user) ? ghost : person;
    else delete users[user];
  }
  const written = powers.announce === undefined ? {} : { events_default: powers.announce ? ghost : 0 };
  const open = ghostPower && (powers.anyoneAdds ?? numberAt(levels, 'invite') === 0);
  return {
    ...levels,
    ...written,
    state_default: ghost,
    invite: open ? 0 : ghost,
    kick: ghost,
    ban: ghost,
    redact: ghost,
    // Who may call everyone is the group's affair: its ghosts have no power to ring with.
    notifications: { ...objectAt(levels, 'notifications'), room: 0 },
    events,
    users,
  };
}

/** @param measure the levels whose bar for admins counts: those that stood before */
export function readPowers(levels: Json, measure: Json = levels): Powers {
  const bar = numberAt(measure, 'kick') ?? 50;
  const events = objectAt(levels, 'events');
  const described = numberAt(events, 'm.room.name') ?? numberAt(levels, 'state_default') ?? 50;
  const users = Object.entries(objectAt(levels, 'users'));
  return {
    admins: users.filter(([, level]) => typeof level === 'number' && level >= bar).map(([user]) => as<UserId>(user)),
    announce: (numberAt(levels, 'events_default') ?? 0) >= bar,
    locked: described >= bar,
    anyoneAdds: (numberAt(levels, 'invite') ?? 0) < bar,
  };
}

/** Whatever the order of their keys. */
export function isSame(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return Object.is(one, other);
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => isSame(one[key], other[key]));
}

/** Who may write a room's powers. @param creators those who stand above every level; where nothing is written, its first creator */
export function leadersIn(
  levels: Json,
  members: Iterable<UserId>,
  creators: readonly UserId[],
): ReadonlyMap<UserId, number> {
  const needed = numberAt(objectAt(levels, 'events'), 'm.room.power_levels') ?? numberAt(levels, 'state_default') ?? 50;
  const [users, others] = [objectAt(levels, 'users'), numberAt(levels, 'users_default') ?? 0];
  const leaders = new Map<UserId, number>();
  for (const user of members) {
    const level = creators.includes(user) ? Infinity : (numberAt(users, user) ?? others);
    if (level >= needed) leaders.set(user, level);
  }
  return leaders;
}
