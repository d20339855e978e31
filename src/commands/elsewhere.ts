// Whether another process has a login's line, and what becomes of a line typed that is about several logins; knows no command.
import { loginOwner, type OwnerId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import { typedName } from './accounts.ts';
import type { Call, CommandDoors } from './doors.ts';
import { titleOf } from './networks.ts';
import { tame } from './tokens.ts';

/** @returns where the line typed has to go instead; undefined when this process may answer it */
export async function heldElsewhere(
  { sessions, leases }: Pick<CommandDoors, 'sessions' | 'leases'>,
  puppet: Puppet,
): Promise<OwnerId | undefined> {
  if (sessions.session(puppet) !== undefined) return undefined;
  const owner = loginOwner(puppet.id);
  const holder = await leases.holder(owner);
  return holder === undefined || holder === leases.self() ? undefined : owner;
}

export interface Parted {
  /** Held here, or by nobody. */
  readonly here: readonly Puppet[];
  readonly away: readonly Puppet[];
  /** Where the line typed has to go: only when this process may answer for none, or two would send it to each other for ever. */
  readonly reroute?: OwnerId;
}

export async function parted(doors: CommandDoors, puppets: readonly Puppet[]): Promise<Parted> {
  const [here, away, owners]: [Puppet[], Puppet[], OwnerId[]] = [[], [], []];
  for (const puppet of puppets) {
    const owner = await heldElsewhere(doors, puppet);
    if (owner === undefined) here.push(puppet);
    else {
      away.push(puppet);
      owners.push(owner);
    }
  }
  const [first] = owners;
  return here.length > 0 || first === undefined ? { here, away } : { here, away, reroute: first };
}

/** What is to be typed for a login that was left out. @param words what the command reads, between its own name and the account's */
export function oneMore(call: Call, puppet: Puppet, words: string, rest = ''): Say {
  const [typed = call.command.name] = call.line.split(/\s/);
  const line = [typed, words, typedName(puppet), rest].filter((word) => word !== '').join(' ');
  return say('account.one-more', {
    network: titleOf(call.doors, puppet.network),
    name: tame(puppet.name),
    line: tame(line),
  });
}
