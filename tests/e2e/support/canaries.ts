// What must never stand in the bridge's output: the texts and secrets that a suite planted, and the look for them; knows no bridge.
import { randomBytes } from 'node:crypto';

/** Figures and times that the bridge's records may hold: a short code of digits must not be found inside of them. */
const FIGURES = /"(?:ms|count|port|status|attempt|pid)":\d+(?:\.\d+)?|"time":"[^"]*"|\d+ ms\b/g;
/** Digits alone collide with figures by chance. */
const SHORT_DIGITS = /^\d{1,8}$/;

export class Canaries {
  readonly #planted = new Map<string, string>();

  get count(): number {
    return this.#planted.size;
  }

  /** @returns the value, to be used at once */
  secret(what: string, value: string): string {
    if (value.length < 4) throw new Error(`${what} is too short to be found again`);
    this.#planted.set(value, what);
    return value;
  }

  /** A text that stands nowhere else. */
  text(words: string): string {
    return this.secret('a text', `${words} ${randomBytes(5).toString('hex')}`);
  }

  /** What was found of them in an output, in plain, in JSON, in an address, in base64 or in hexadecimal. */
  foundIn(output: string): readonly string[] {
    const bare = output.replaceAll(FIGURES, '');
    const found: string[] = [];
    for (const [value, what] of this.#planted) {
      const hit = SHORT_DIGITS.test(value)
        ? new RegExp(`(?<![0-9A-Za-z])${value}(?![0-9A-Za-z])`).test(bare)
        : disguises(value).some((one) => output.includes(one));
      if (hit) found.push(`${what}: ${value}`);
    }
    return found;
  }
}

function disguises(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString('hex'),
    // The last letters of an encoding depend on what follows.
    bytes.toString('base64').replace(/=*$/, '').slice(0, -1),
    bytes.toString('base64url').slice(0, -1),
  ];
}
