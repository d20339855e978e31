// Kills what carries the messages, at any moment of the load, and starts it again; counts what was under way. Judges nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Book } from './book.ts';
import type { Load } from './load.ts';
import type { Chance } from './random.ts';
import type { Town } from './town.ts';

export type Target = 'bridge' | 'postgres' | 'worker';
export const TARGETS: readonly Target[] = ['bridge', 'postgres', 'worker'];

/** At least this many texts from one kill to the next. */
export const MESSAGES_BETWEEN = 20;
const BETWEEN_LIMIT_MS = 60_000;

export interface Kill {
  readonly target: Target;
  /** Texts said since the kill before. */
  readonly messages: number;
  /** Texts said before the kill that had not arrived when everything was dead. */
  readonly inFlight: number;
}

interface Doors {
  readonly town: Town;
  readonly load: Load;
  readonly book: Book;
  readonly chance: Chance;
  /** The networks have a bad moment before each kill. */
  readonly trouble: boolean;
}

/** A third each, in any order. */
export function plan(kills: number, chance: Chance, only?: Target): readonly Target[] {
  if (only !== undefined) return Array.from({ length: kills }, () => only);
  const all: Target[] = [];
  while (all.length < kills) all.push(...chance.shuffled(TARGETS));
  return all.slice(0, kills);
}

/** @throws Error when what was killed does not come back, or the load stands still */
export async function strike(doors: Doors, target: Target, since: number): Promise<Kill> {
  const { town, load, book, chance } = doors;
  const until = Date.now() + BETWEEN_LIMIT_MS;
  while (book.messages - since < MESSAGES_BETWEEN) {
    if (Date.now() > until) throw new Error(`the load stands still: ${book.outstanding().length} texts do not arrive`);
    await load.wave();
  }
  if (doors.trouble) await town.trouble(chance, async (speaker) => await load.speak(speaker));
  await load.wave();
  await sleep(chance.whole(0, 30));
  const messages = book.messages - since;
  const said = book.outstanding();
  await blows[target].kill(doors);
  // The first look may have begun before the kill.
  await town.look();
  await town.look();
  const missing = new Set(book.outstanding());
  await sleep(chance.whole(0, 500));
  await blows[target].revive(doors);
  await town.bridge.ready();
  return { target, messages, inFlight: said.filter((token) => missing.has(token)).length };
}

const blows: Readonly<Record<Target, { kill(doors: Doors): Promise<void>; revive(doors: Doors): Promise<void> }>> = {
  bridge: {
    kill: async ({ town }) => await town.bridge.kill(),
    revive: async ({ town }) => await Promise.resolve(town.bridge.start()),
  },
  postgres: {
    kill: async ({ town }) => await town.postgres.kill(),
    revive: async ({ town }) => await town.postgres.restart(),
  },
  worker: {
    kill: async ({ town, chance }) => await chance.pick(town.bridge.workers).kill(),
    revive: async ({ town, chance }) => {
      // Every other time the one that is left has to take everything over first.
      if (chance.next() < 0.5) await sleep(chance.whole(2000, 6000));
      town.bridge.start();
    },
  },
};
