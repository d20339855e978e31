// How often something may be done in a day, and how long to wait between tries. Pure: the clock is given.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** At most so many of something a day: links of a person, openings of a line. */
export class DailyBudget {
  #times: number[];
  readonly #most: number;

  constructor(most: number, kept: readonly number[] = []) {
    this.#most = most;
    this.#times = [...kept];
  }

  /** Takes one. @param now epoch ms @returns epoch ms from when it is allowed; now when it is, and then it counts */
  take(now: number): number {
    const free = this.freeAt(now);
    if (free === now) this.#times.push(now);
    return free;
  }

  /** @param now epoch ms @returns epoch ms from when one may be taken; now when it may */
  freeAt(now: number): number {
    this.#times = this.#times.filter((at) => at > now - DAY);
    const first = this.#times[this.#times.length - this.#most];
    return first === undefined ? now : first + DAY;
  }

  /** Epoch ms of each that counts still. */
  kept(): readonly number[] {
    return this.#times;
  }
}

export const LINKS_A_DAY = 3;
const LONGEST_BACK_OFF = 10 * MINUTE;

/** Ms before reconnect number `attempt` (from 0): 1, 2, 4 … seconds up to ten minutes. @param chance 0 to 1, spreads logins by half */
export function backOff(attempt: number, chance: number): number {
  const whole = Math.min(LONGEST_BACK_OFF, SECOND * 2 ** Math.min(attempt, 20));
  return Math.round(whole * (0.5 + chance / 2));
}
