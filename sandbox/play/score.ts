// What has crossed and how long it took, and what has not. It must not know what it was.
import type { SeenEvent } from './person.ts';

/** Generous: the machine may be slow. What takes longer has not crossed. */
export const PATIENCE_MS = 45_000;

/** Something did not arrive on the other side. */
export class NotCrossed extends Error {
  override readonly name = 'NotCrossed';
}

export class Score {
  readonly #times: number[] = [];

  /** How many lines crossed. */
  get count(): number {
    return this.#times.length;
  }

  /** How long the slowest took, in ms. */
  get slowest(): number {
    return Math.max(0, ...this.#times);
  }

  /** Counts a line that has arrived. @returns how long it took, in ms */
  took(began: number): number {
    const ms = Date.now() - began;
    this.#times.push(ms);
    return ms;
  }
}

/** @throws NotCrossed naming what was waited for in vain */
export async function crossing<T>(what: string, wait: () => Promise<T>): Promise<T> {
  try {
    return await wait();
  } catch (error) {
    throw new NotCrossed(`${what} (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
}

/** The text that a client shows: of an edit, the new one. Undefined for what is no message. */
export function textOf(event: SeenEvent): string | undefined {
  if (event.type !== 'm.room.message') return undefined;
  const edited = event.content['m.new_content'] as Readonly<Record<string, unknown>> | undefined;
  const body = (edited ?? event.content)['body'];
  return typeof body === 'string' ? body : undefined;
}
