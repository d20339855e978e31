// The hand on a simulator that runs elsewhere: its commands, a wait for its world to change, its end. Knows no single
// simulator: each types its own commands and adds the words it likes.

import type { ChildProcess } from 'node:child_process';
import { request } from 'undici';
import type { Shapes } from './control-server.ts';
import { endProcess } from './process.ts';

/** A control command was refused; the message is the simulator's. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** Sends one command to the control API at `url`. Throws ControlError when it refuses. */
export async function sendCommand(url: string, name: string, body: object = {}): Promise<unknown> {
  const { body: response } = await request(`${url}/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { readonly result: unknown } | { readonly error: string };
  if ('error' in answer) throw new ControlError(`${name}: ${answer.error}`);
  return answer.result;
}

export class ControlClient<T extends Shapes<T>> {
  /** Base address of the control API. */
  readonly control: string;
  protected readonly title: string;
  readonly #child: ChildProcess | null;

  /** `title` is what errors call it. Without `child` somebody else started it, and stop() does nothing. */
  constructor(title: string, control: string, child: ChildProcess | null) {
    this.control = control;
    this.title = title;
    this.#child = child;
  }

  /** Process id of the simulator, when this object started it. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends the process (its standard input closes; killed if it has not ended after 5 s). */
  async stop(): Promise<void> {
    if (this.#child !== null) await endProcess(this.#child);
  }

  /** Any command of the control API. Throws ControlError when the simulator refuses. */
  async command<C extends keyof T & string>(name: C, body: T[C][0] & object): Promise<T[C][1]> {
    return await sendCommand(this.control, name, body);
  }
}

/** What every simulator with a world of its own knows. */
interface Watched {
  version: [object, { readonly version: number }];
  waitChange: [{ version: number; timeout: number }, { readonly version: number }];
}

export class WorldClient<T extends Shapes<T> & Watched> extends ControlClient<T> {
  /**
   * Asks again whenever the world has changed, until `look` gives something other than null, undefined or false.
   * Throws after `timeoutMs`.
   */
  async waitFor<Found>(look: () => Promise<Found | null | undefined | false>, timeoutMs = 10_000): Promise<Found> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { version } = (await sendCommand(this.control, 'version')) as Watched['version'][1];
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${timeoutMs} ms for ${this.title} in vain`);
      await sendCommand(this.control, 'waitChange', { version, timeout: Math.min(left, 2_000) });
    }
  }
}
