// Finds the network that a typed word means; knows no network by name.
import type { NetworkId } from '../model/ids.ts';
import type { CommandDoors } from './doors.ts';
import { plain } from './tokens.ts';

/** By id or title, whatever its case. */
export function findNetwork(doors: Pick<CommandDoors, 'adapters'>, word: string): NetworkId | undefined {
  const wanted = plain(word);
  for (const adapter of doors.adapters.values()) {
    if (plain(adapter.id) === wanted || plain(adapter.title) === wanted) return adapter.id;
  }
  return undefined;
}

export function titleOf(doors: Pick<CommandDoors, 'adapters'>, network: NetworkId): string {
  return doors.adapters.get(network)?.title ?? network;
}
