// A secret value that cannot be printed by accident; knows nothing of where it came from.
import { inspect } from 'node:util';

const HIDDEN = '(secret)';

/** Text, JSON and console output show "(secret)"; only reveal() gives the value, at the one place that needs it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
