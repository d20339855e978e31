// What a login may knock at, the ways to log in, and the budget of codes; knows no steps.
import type { UserId } from '../../model/ids.ts';
import { say } from '../../model/say.ts';
import type { LoginFlow, LoginProcess } from '../../ports/login.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { Turnstile } from './turns.ts';
import type { Wire, WireListener } from './wire/client.ts';

export const loginFlows: readonly LoginFlow[] = [
  { id: 'phone', title: say('telegram.flow-phone') },
  { id: 'qr', title: say('telegram.flow-qr') },
];

/** Counts login codes asked for; Telegram punishes numbers that ask too often, and each one is a message to somebody's phone. */
export interface CodeBudget {
  /** @returns false when this person has asked for too many today */
  spend(owner: UserId): boolean;
}

export interface LoginDoors {
  readonly owner: UserId;
  readonly flow: string;
  readonly apiId: number;
  readonly apiHash: string;
  readonly openWire: (listener: WireListener, signal: AbortSignal) => Promise<Wire>;
  /** Key exchange and password proof block the process for a third of a second each: few at a time. */
  readonly heavy: Turnstile;
  readonly codes: CodeBudget;
  readonly clock: Clock;
  readonly log: Logger;
  /** Nothing is open any more. */
  readonly closed: (login: LoginProcess) => void;
}

/** In memory: a restart forgets the count, which Telegram's own limits then keep. */
export class DailyCodes implements CodeBudget {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #most: number;
  readonly #spent = new Map<UserId, number[]>();

  constructor(clock: Pick<Clock, 'now'>, most = 3) {
    this.#clock = clock;
    this.#most = most;
  }

  spend(owner: UserId): boolean {
    const now = this.#clock.now();
    const recent = (this.#spent.get(owner) ?? []).filter((at) => now - at < 24 * 3_600_000);
    const may = recent.length < this.#most;
    if (may) recent.push(now);
    this.#spent.set(owner, recent);
    return may;
  }
}
