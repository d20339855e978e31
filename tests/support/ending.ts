// Ends a house at one of its calls to a port, before or after the call takes effect; knows nothing of what is called.
import type { Wrap } from './flow-world.ts';

export class Ended extends Error {}

/** Plain questions are no boundary. */
const PLAIN = new Set(['isOurs', 'ghostUser', 'readMarker', 'onWork', 'directChat']);

/** Ends the house at its k-th call: nothing that it calls from then on happens any more. */
export class Wire {
  calls = 0;
  armed = false;
  dead = false;
  readonly #at: number;
  readonly #after: boolean;

  constructor(at: number, after: boolean) {
    this.#at = at;
    this.#after = after;
  }

  readonly wrap: Wrap = (port) =>
    new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'bot') return this.wrap(value as object);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown =>
          this.#call(String(name), () => Reflect.apply(value, target, args) as unknown);
      },
    });

  #call(name: string, call: () => unknown): unknown {
    if (this.dead) throw new Ended();
    if (!this.armed || PLAIN.has(name)) return call();
    this.calls += 1;
    const last = this.calls - 1 === this.#at;
    if (last && !this.#after) {
      this.dead = true;
      throw new Ended();
    }
    const answer = call() as Promise<unknown>;
    if (!last) return answer.then((result) => this.#alive(result));
    const end = (): never => {
      throw new Ended();
    };
    // The call itself still takes effect; nothing else does.
    this.dead = true;
    return answer.then(end, end);
  }

  #alive(result: unknown): unknown {
    if (this.dead) throw new Ended();
    return this.#speakers(result);
  }

  /** What speaks in rooms is a port too. */
  #speakers(result: unknown): unknown {
    return typeof result === 'object' && result !== null && 'send' in result ? this.wrap(result) : result;
  }
}
