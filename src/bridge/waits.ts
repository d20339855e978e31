// What a login's person was told to wait for, and when that is over: worked out from how the login is now. Pure; tells and keeps nothing.
import type { Puppet, PuppetState, Wait } from '../model/records.ts';
import { isSame, type Say } from '../model/say.ts';

export interface Standing {
  readonly state: PuppetState;
  readonly why: Say | undefined;
  /** Epoch ms from which that is over, where it is known. */
  readonly until?: number | undefined;
}

export interface Waiting {
  readonly left: readonly Wait[];
  /** Over now, and not told yet. */
  readonly over: readonly Wait[];
}

/** A line that is away says nothing of what its account may do: only one that is open again does. @param now epoch ms */
export function waitsAfter(waits: readonly Wait[], { state, why, until }: Standing, now: number): Waiting {
  const limits = waits.filter((wait) => wait.state === 'online');
  // Whoever signs in again hears that it works.
  if (state === 'signed-out') return { left: limits, over: [] };
  if ((state !== 'online' && state !== 'stopped') || (state === 'stopped' && why === undefined))
    return { left: waits, over: [] };
  const left = why === undefined ? [] : [begun(waits, { state, why, until }, now)];
  if (state === 'stopped') return { left: [...limits, ...left], over: [] };
  return { left, over: waits.filter((wait) => wait.state === 'stopped' || why === undefined) };
}

function begun(
  waits: readonly Wait[],
  { state, why, until }: { readonly state: Wait['state']; readonly why: Say; readonly until: number | undefined },
  now: number,
): Wait {
  const before = waits.find((wait) => wait.state === state && isSame(wait.why, why));
  return { state, why, since: before?.since ?? now, ...(until === undefined ? {} : { until }) };
}

/** Something of this is over by the clock, and no line is open that would say so. @param live its line is open here @param now epoch ms */
export function isPast({ state, waits = [] }: Puppet, live: boolean, now: number): boolean {
  return !(state === 'online' && live) && waits.some((wait) => isOver(wait, now));
}

function isOver({ until }: Wait, now: number): boolean {
  return until !== undefined && until <= now;
}

/**
 * How a login is whose line is not open, by the clock alone. A limit is over with its time; a login that was stopped works again only
 * when its line is open, but waits for nothing but that. @param now epoch ms
 */
export function byTheClock({ state, why, waits = [] }: Puppet, now: number): Waiting & Standing {
  const past = waits.filter((wait) => isOver(wait, now));
  const over = state === 'online' || state === 'offline' ? past.filter((wait) => wait.state === 'online') : [];
  const stale = past.some((wait) => wait.state === state && isSame(wait.why, why));
  return {
    state: stale ? 'offline' : state,
    why: stale ? undefined : why,
    left: waits.filter((wait) => !over.includes(wait)),
    over,
  };
}
