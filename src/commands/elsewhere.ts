// Whether another process has a login's line: what is asked of it must be asked there; knows no command.
import { loginOwner, type OwnerId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import type { CommandDoors } from './doors.ts';

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
