// Through whose live line a command about groups goes, and which group a person means; asks stores, tells nobody about others' groups.
import { effectId } from '../model/effect.ts';
import { BridgeError } from '../model/errors.ts';
import type { ChatId, NetworkId, RoomId } from '../model/ids.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { say } from '../model/say.ts';
import type { GroupAsk } from '../ports/group.ts';
import { atMost } from '../ports/at-most.ts';
import type { NetworkSession, ResolvedChat } from '../ports/network.ts';
import { goingBy, listed, namedAccount, oneOf } from './accounts.ts';
import { reply, type Call, type CommandResult } from './doors.ts';
import { heldElsewhere, oneMore, parted } from './elsewhere.ts';
import { usage } from './misunderstood.ts';
import { titleOf } from './networks.ts';
import { plain, tame, type Token } from './tokens.ts';

/** A line that is being opened is waited for so long, in ms. */
const OPENING_MS = 10_000;

/** `leave` is an action like any other; the rest are questions. */
export type Deed = GroupAsk['kind'] | 'leave';

export interface Live {
  readonly puppet: Puppet;
  readonly session: NetworkSession;
}

export interface LiveGroup extends Live {
  readonly chat: ChatId;
  /** Fit to be shown. */
  readonly name: string;
}

/** A login of this person that can do it, on this network and with this account if they are named. */
export async function lineFor(
  call: Call,
  network: NetworkId | undefined,
  account: string | undefined,
  deed: Deed,
): Promise<Live | CommandResult> {
  const usable = (await call.doors.puppets.ofOwner(call.request.user)).filter(
    (one) => one.state !== 'signed-out' && one.state !== 'paused' && (network === undefined || one.network === network),
  );
  const able = usable.filter((one) => can(call, one.network, deed));
  const meant = goingBy(able, account);
  const networks = new Set((meant.length === 0 ? able : meant).map((one) => one.network));
  if (networks.size > 1) return reply(say('group.which-network', { networks: [...networks].join(', ') }));
  const puppet = oneOf(call, able, account);
  if (puppet !== undefined) return 'replies' in puppet ? puppet : await lineOf(call, puppet);
  const [other] = usable;
  if (other !== undefined) return reply(say('group.cannot', { network: titleOf(call.doors, other.network) }));
  return network === undefined
    ? reply(say('chat.no-login'))
    : reply(say('chat.no-login-there', { network: titleOf(call.doors, network), login: network }));
}

/** Its line in this process, or where to look for it: whoever was just told that they are signed in may ask for something at once. */
export async function lineOf(call: Call, puppet: Puppet): Promise<Live | CommandResult> {
  const { doors } = call;
  const opening = doors.sessions.session(puppet) === undefined ? doors.sessions.opening(puppet) : undefined;
  if (opening !== undefined) await atMost(doors.clock, OPENING_MS, opening);
  const session = doors.sessions.session(puppet);
  if (session !== undefined) return { puppet, session };
  const owner = await heldElsewhere(doors, puppet);
  if (owner !== undefined) return { replies: [], reroute: owner };
  return { ...reply(say('chat.not-connected', { network: titleOf(doors, puppet.network) })), soon: true };
}

/**
 * By its exact name, its room's id, or a link to its room, `as <account>` before it; through an account that is in it. Of groups with
 * rooms each account is asked about that one alone; all that it is in are asked for where no such room is found, or where a group
 * without one is meant. A room of that name may be of somebody else's group: names of groups are not told for that reason.
 */
export async function groupOf(call: Call, words: readonly Token[], deed: Deed): Promise<LiveGroup | CommandResult> {
  const all = (await call.doors.puppets.ofOwner(call.request.user)).filter(
    (one) => one.state !== 'signed-out' && one.state !== 'paused',
  );
  const { account, rest } = namedAccount(words);
  const meant = account === undefined ? [] : goingBy(all, account);
  // A group may be called so, too.
  const [own, tokens] = meant.length === 0 ? [all, words] : [meant, rest];
  const text = tokens.map((token) => token.text).join(' ');
  if (text === '') return usage(call);
  const { here, away, reroute } = await parted(call.doors, own);
  if (reroute !== undefined) return { replies: [], reroute };
  const listing = (one: Puppet): boolean => can(call, one.network, 'list') && can(call, one.network, deed);
  const byRoom = namedRoom(text) !== undefined;
  const rooms = await inRooms(call, own, text);
  const isHere = ({ puppet }: Room): boolean => here.includes(puppet);
  const asked = byRoom || deed !== 'list' ? await asMembers(call, rooms.filter(isHere)) : UNASKED;
  const mine = oneOfGroups(asked.inside, text);
  if (mine !== undefined) return 'replies' in mine || can(call, mine.puppet.network, deed) ? mine : cannot(call, mine);
  const looked = byRoom ? NOWHERE : await inOwnLists(call, here.filter(listing), text);
  if (looked.answer !== undefined) return looked.answer;
  const found = rooms.filter((one) => !asked.outside.has(one));
  const unasked = byRoom ? [] : away.filter(listing);
  const usable = found.filter(({ puppet }) => !looked.without.has(puppet));
  const isOpen = (one: Puppet): boolean => call.doors.sessions.session(one) !== undefined;
  const near = usable.filter((one) => isHere(one) && (unasked.length === 0 || isOpen(one.puppet)));
  // Who is in none of them here may be in one of another worker: that is asked when it is named, or two would ask each other for ever.
  const outside = byRoom && asked.outside.size > 0;
  if (near.length === 0 && (found.length === 0 || unasked.length > 0 || outside)) {
    const unknown = outside ? notIn(call, [...asked.outside]) : reply(say('group.unknown', { name: tame(text) }));
    const { replies, soon } = looked.closed ?? unknown;
    const left = away.filter((one) => unasked.includes(one) || usable.some(({ puppet }) => puppet === one));
    const more = left.map((puppet) => oneMore(call, puppet, 'as', call.args.map(typed).join(' ')));
    return { replies: [...replies, ...more], ...(soon === true ? { soon } : {}) };
  }
  if (new Set(found.map(({ portal }) => portal.key.chat)).size > 1)
    return reply(say('group.several', { name: tame(text) }));
  const [choice] = [...near.filter(({ puppet }) => isOpen(puppet)), ...near, ...usable, ...found];
  if (choice === undefined) return reply(say('group.unknown', { name: tame(text) }));
  const { puppet, portal } = choice;
  if (!can(call, puppet.network, deed)) return cannot(call, choice);
  const live = await lineOf(call, puppet);
  return 'replies' in live ? live : { ...live, chat: portal.key.chat, name: tame(portal.name ?? text) };
}

/** A room that may be meant, and a login that may be in its group. */
interface Room {
  readonly portal: Portal;
  readonly puppet: Puppet;
}

interface Asked {
  readonly inside: readonly LiveGroup[];
  /** Whose account is not in the group. */
  readonly outside: ReadonlySet<Room>;
}

const UNASKED: Asked = { inside: [], outside: new Set() };

/** As far as open lines tell now: of the others nothing is known. */
async function asMembers(call: Call, rooms: readonly Room[]): Promise<Asked> {
  const inside: LiveGroup[] = [];
  const outside = new Set<Room>();
  for (const room of rooms) {
    const { portal, puppet } = room;
    const session = call.doors.sessions.session(puppet);
    if (session?.askGroup === undefined || !can(call, puppet.network, 'inside')) continue;
    const { chat } = portal.key;
    try {
      const answer = await session.askGroup({ kind: 'inside', chat }, effectId(call.request.event, 'inside'));
      if (answer.inside === true) inside.push({ puppet, session, chat, name: tame(portal.name ?? '') });
      else outside.add(room);
    } catch (error) {
      // What cannot be learnt now keeps nobody from going through another account; this one's own answer comes with what is done.
      if (!(error instanceof BridgeError) || error.retry === 'never') throw error;
    }
  }
  return { inside, outside };
}

function oneOfGroups(found: readonly LiveGroup[], text: string): LiveGroup | CommandResult | undefined {
  const several = new Set(found.map(({ chat }) => chat)).size > 1;
  return several ? reply(say('group.several', { name: tame(text) })) : found[0];
}

function cannot(call: Call, { puppet }: Pick<Live, 'puppet'>): CommandResult {
  return reply(say('group.cannot', { network: titleOf(call.doors, puppet.network) }));
}

function notIn(call: Call, rooms: readonly Room[]): CommandResult {
  const puppets = [...new Set(rooms.map(({ puppet }) => puppet))];
  const networks = [...new Set(puppets.map(({ network }) => titleOf(call.doors, network)))];
  return reply(say('group.not-in', { network: networks.join(', '), lines: listed(puppets) }));
}

interface Looked {
  readonly answer?: LiveGroup | CommandResult;
  /** Whose list has no such group. */
  readonly without: ReadonlySet<Puppet>;
  /** Not all could be asked. */
  readonly closed?: CommandResult;
}

const NOWHERE: Looked = { without: new Set() };

/** A group that has no room yet has its name there alone. */
async function inOwnLists(call: Call, own: readonly Puppet[], text: string): Promise<Looked> {
  const found: LiveGroup[] = [];
  const without = new Set<Puppet>();
  let closed: CommandResult | undefined;
  for (const puppet of own) {
    const live = await lineOf(call, puppet);
    if ('replies' in live) {
      closed = live;
      continue;
    }
    const groups = (await groupsOf(call, live)).flatMap(({ chat: { id: chat, name } }) =>
      name !== undefined && plain(name) === plain(text) ? [{ ...live, chat, name: tame(name) }] : [],
    );
    if (groups.length === 0) without.add(puppet);
    found.push(...groups);
  }
  const answer = oneOfGroups(found, text);
  return { without, ...(answer === undefined ? {} : { answer }), ...(closed === undefined ? {} : { closed }) };
}

async function inRooms(call: Call, own: readonly Puppet[], text: string): Promise<readonly Room[]> {
  const found: Room[] = [];
  for (const puppet of own) {
    for (const portal of await call.doors.portals.list({ network: puppet.network })) {
      if (portal.kind === 'group' && isMeant(portal, text)) found.push({ portal, puppet });
    }
  }
  return found;
}

export async function groupsOf(call: Call, { session }: Live): Promise<readonly ResolvedChat[]> {
  return (await session.askGroup?.({ kind: 'list' }, effectId(call.request.event, 'list')))?.groups ?? [];
}

function isMeant(portal: Portal, text: string): boolean {
  const named = namedRoom(text);
  if (named !== undefined) return portal.room === named;
  return portal.name !== undefined && plain(portal.name) === plain(text);
}

function namedRoom(text: string): RoomId | undefined {
  return /![^\s/?]+/.exec(decoded(text))?.[0] as RoomId | undefined;
}

function typed({ text, quoted }: Token): string {
  return quoted ? `"${text}"` : text;
}

/** A link to a room holds its id percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign is none.
    return text;
  }
}

function can({ doors }: Call, network: NetworkId, deed: Deed): boolean {
  const capabilities = doors.adapters.get(network)?.capabilities;
  if (deed === 'leave') return capabilities?.actions.has('leave') === true;
  return capabilities?.groupAsks?.has(deed) === true;
}

/** A room's id, or the one in a link to it; in whatever is neither there is none. */
export function roomIn(text: string): RoomId | undefined {
  const [, room] = /^(?:https?:\/\/\S+#\/|matrix:roomid\/)?(![^\s/?]+)(?:[/?]\S*)?$/.exec(decoded(text)) ?? [];
  return room as RoomId | undefined;
}
