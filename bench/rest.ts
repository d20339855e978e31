// Waits until the machine has nothing to do, so that one measurement does not meet what the one before left behind; measures nothing.
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Share of all processors that may be busy at rest. */
const BUSY_AT_REST = 0.15;
const LOOK_MS = 1_000;
const PATIENCE_MS = 45_000;

/** Resolves after a second of rest; says so when the machine finds none, since what follows then measures others too. */
export async function rest(say: (sentence: string) => void): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let busy = 1;
  while (Date.now() < until) {
    const before = ticks();
    await sleep(LOOK_MS);
    busy = busyBetween(before, ticks());
    if (busy <= BUSY_AT_REST) return;
  }
  say(
    `The machine is not at rest (${Math.round(busy * 100)} % busy with other things): the next figures suffer from it.`,
  );
}

interface Ticks {
  readonly all: number;
  readonly idle: number;
}

function ticks(): Ticks {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, idle: times.reduce((sum, { idle }) => sum + idle, 0) };
}

/** From 0 to 1. */
export function busyBetween(before: Ticks, after: Ticks): number {
  const all = after.all - before.all;
  return all === 0 ? 0 : 1 - (after.idle - before.idle) / all;
}
