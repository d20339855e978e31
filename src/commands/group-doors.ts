// Through whose live line a command about groups goes, and which group a person means; asks stores, tells nobody about others' groups.
import { effectId } from '../model/effect.ts';
import { loginOwner, type ChatId, type NetworkId, type RoomId } from '../model/ids.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { say } from '../model/say.ts';
import type { GroupAsk } from '../ports/group.ts';
import type { NetworkSession, ResolvedChat } from '../ports/network.ts';
import { goingBy, oneOf } from './accounts.ts';
import { reply, type Call, type CommandResult } from './doors.ts';
import { usage } from './misunderstood.ts';
import { titleOf } from './networks.ts';
import { plain, tame, type Token } from './tokens.ts';

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

/** Its line in this process, or where to look for it. */
export async function lineOf(call: Call, puppet: Puppet): Promise<Live | CommandResult> {
  const { doors } = call;
  const session = doors.sessions.session(puppet);
  if (session !== undefined) return { puppet, session };
  const holder = await doors.leases.holder(loginOwner(puppet.id));
  if (holder !== undefined && holder !== doors.leases.self()) return { replies: [], reroute: loginOwner(puppet.id) };
  return { ...reply(say('chat.not-connected', { network: titleOf(doors, puppet.network) })), soon: true };
}

/** By its exact name, its room's id, or a link to its room. Names of groups are not told: they may be somebody else's. */
export async function groupOf(call: Call, words: readonly Token[], deed: Deed): Promise<LiveGroup | CommandResult> {
  const text = words.map((token) => token.text).join(' ');
  if (text === '') return usage(call);
  const own = (await call.doors.puppets.ofOwner(call.request.user)).filter(
    (one) => one.state !== 'signed-out' && one.state !== 'paused',
  );
  const found: { portal: Portal; puppet: Puppet }[] = [];
  for (const puppet of own) {
    for (const portal of await call.doors.portals.list({ network: puppet.network })) {
      if (portal.kind === 'group' && isMeant(portal, text)) found.push({ portal, puppet });
    }
  }
  const [first] = found;
  if (first === undefined)
    return (await roomless(call, own, text, deed)) ?? reply(say('group.unknown', { name: tame(text) }));
  const portals = new Set(found.map(({ portal }) => portal.key.chat));
  if (portals.size > 1) return reply(say('group.several', { name: tame(text) }));
  const { puppet, portal } = found.find((one) => call.doors.sessions.session(one.puppet) !== undefined) ?? first;
  if (!can(call, puppet.network, deed)) {
    return reply(say('group.cannot', { network: titleOf(call.doors, puppet.network) }));
  }
  const live = await lineOf(call, puppet);
  return 'replies' in live ? live : { ...live, chat: portal.key.chat, name: tame(portal.name ?? text) };
}

/** A group that has no room yet is asked for by its name. */
async function roomless(
  call: Call,
  own: readonly Puppet[],
  text: string,
  deed: Deed,
): Promise<LiveGroup | CommandResult | undefined> {
  const found: LiveGroup[] = [];
  for (const puppet of own) {
    if (!can(call, puppet.network, 'list') || !can(call, puppet.network, deed)) continue;
    const live = await lineOf(call, puppet);
    if ('replies' in live) return live;
    for (const { chat } of await groupsOf(call, live)) {
      if (chat.name !== undefined && plain(chat.name) === plain(text))
        found.push({ ...live, chat: chat.id, name: tame(chat.name) });
    }
  }
  return new Set(found.map(({ chat }) => chat)).size > 1 ? reply(say('group.several', { name: tame(text) })) : found[0];
}

export async function groupsOf(call: Call, { session }: Live): Promise<readonly ResolvedChat[]> {
  return (await session.askGroup?.({ kind: 'list' }, effectId(call.request.event, 'list')))?.groups ?? [];
}

function isMeant(portal: Portal, text: string): boolean {
  const [named] = /![^\s/?]+/.exec(decoded(text)) ?? [];
  if (named !== undefined) return portal.room === (named as RoomId);
  return portal.name !== undefined && plain(portal.name) === plain(text);
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
