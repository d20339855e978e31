// Chance that can be repeated: numbers from a seed, and pauses that end in an order drawn from them, whatever the machine's speed.

/** Numbers from 0 to 1 (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Whoever pauses goes on when it is drawn; one at a time, when everything else has come to rest. */
export class Pauses {
  readonly #draw: () => number;
  readonly #waiting: (() => void)[] = [];
  #turning = false;

  constructor(seed: number) {
    this.#draw = chance(seed);
  }

  async pause(times = 1): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.#turn();
      });
    }
  }

  /** 0 to `below`, without it. */
  pick(below: number): number {
    return Math.floor(this.#draw() * below);
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      const [next] = this.#waiting.splice(this.pick(this.#waiting.length), 1);
      next?.();
      if (this.#waiting.length > 0) this.#turn();
    });
  }
}
