// What is to go wrong next: the failures ordered through the control API. Knows no protocol; it is asked at each delivery,
// request, send and login.

import type { Verdict } from './world/mailbox.ts';

/** Whom a rule is about; null is everybody. `device` null is every device of the person. */
export interface Target {
  readonly person: string | null;
  readonly device: number | null;
}

interface Rule extends Target {
  left: number;
}

interface DeliveryRule extends Rule {
  /** Tag of the stanza; null is every kind. */
  readonly kind: string | null;
  readonly verdict: Verdict;
}

interface RequestRule extends Rule {
  /** xmlns of an iq, or `message`, `receipt`, `presence`…; null is everything. */
  readonly what: string | null;
}

interface RequestFailure extends RequestRule {
  readonly code: number;
  readonly text: string;
}

interface ReplyLoss extends RequestRule {
  readonly kill: boolean;
}

interface ReplyDelay extends RequestRule {
  readonly ms: number;
}

interface LoginFailure extends Rule {
  readonly attrs: Readonly<Record<string, string>>;
}

const about = (rule: Rule, person: string | null, device: number | null): boolean =>
  rule.left > 0 && (rule.person === null || rule.person === person) && (rule.device === null || rule.device === device);

export class Faults {
  #deliveries: DeliveryRule[] = [];
  #failures: RequestFailure[] = [];
  #losses: ReplyLoss[] = [];
  #closes: RequestRule[] = [];
  #holds: RequestRule[] = [];
  #held: (() => void)[] = [];
  #delays: ReplyDelay[] = [];
  #logins: LoginFailure[] = [];

  /** What happens to the next stanza for this device; counts it. Holding counts nothing. */
  onDelivery(person: string, device: number, kind: string): Verdict {
    const rule = this.#deliveries.find((one) => about(one, person, device) && (one.kind === null || one.kind === kind));
    if (rule === undefined) return { kind: 'pass' };
    if (rule.verdict.kind !== 'hold') rule.left--;
    return rule.verdict;
  }

  /** The refusal of this request instead of its execution; counts it. */
  failure(person: string | null, device: number | null, what: string): { code: number; text: string } | undefined {
    return this.#take(this.#failures, person, device, what);
  }

  /** Is this request's answer swallowed; counts it. */
  loss(person: string | null, device: number | null, what: string): { kill: boolean } | undefined {
    return this.#take(this.#losses, person, device, what);
  }

  /** Is the connection closed with this request's answer; counts it. */
  closes(person: string | null, device: number | null, what: string): boolean {
    return this.#take(this.#closes, person, device, what) !== undefined;
  }

  /** Keeps this answer until all are released, if that was ordered; counts it. */
  holds(person: string | null, device: number | null, what: string, answer: () => void): boolean {
    if (this.#take(this.#holds, person, device, what) === undefined) return false;
    this.#held.push(answer);
    return true;
  }

  delayMs(person: string | null, device: number | null, what: string): number {
    return this.#take(this.#delays, person, device, what)?.ms ?? 0;
  }

  /** The `failure` attributes that this login gets instead of a success; counts it. */
  loginFailure(person: string, device: number): Readonly<Record<string, string>> | undefined {
    const rule = this.#logins.find((one) => about(one, person, device));
    if (rule === undefined) return undefined;
    rule.left--;
    return rule.attrs;
  }

  #take<R extends RequestRule>(
    rules: readonly R[],
    person: string | null,
    device: number | null,
    what: string,
  ): R | undefined {
    const rule = rules.find((one) => about(one, person, device) && (one.what === null || one.what === what));
    if (rule !== undefined) rule.left--;
    return rule;
  }

  deliver(target: Target, kind: string | null, verdict: Verdict, times: number): void {
    this.#deliveries = this.#deliveries.filter((rule) => rule.left > 0);
    this.#deliveries.push({ ...target, kind, verdict, left: times });
  }

  /** Ends the holding of what is for this target. */
  release(target: Target): void {
    this.#deliveries = this.#deliveries.filter(
      (rule) =>
        rule.verdict.kind !== 'hold' ||
        (target.person !== null && rule.person !== target.person) ||
        (target.device !== null && rule.device !== target.device),
    );
  }

  fail(target: Target, what: string | null, code: number, text: string, times: number): void {
    this.#failures = this.#failures.filter((rule) => rule.left > 0);
    this.#failures.push({ ...target, what, code, text, left: times });
  }

  lose(target: Target, what: string | null, kill: boolean, times: number): void {
    this.#losses = this.#losses.filter((rule) => rule.left > 0);
    this.#losses.push({ ...target, what, kill, left: times });
  }

  closeAfter(target: Target, what: string | null, times: number): void {
    this.#closes = this.#closes.filter((rule) => rule.left > 0);
    this.#closes.push({ ...target, what, left: times });
  }

  hold(target: Target, what: string | null, times: number): void {
    this.#holds = this.#holds.filter((rule) => rule.left > 0);
    this.#holds.push({ ...target, what, left: times });
  }

  /** @returns how many answers were held */
  answerNow(): number {
    const held = this.#held;
    this.#held = [];
    for (const answer of held) answer();
    return held.length;
  }

  /** A newer delay of the same thing replaces the older one; 0 ms just removes it. */
  delay(target: Target, what: string | null, ms: number, times: number): void {
    this.#delays = this.#delays.filter(
      (rule) => rule.what !== what || rule.person !== target.person || rule.device !== target.device,
    );
    if (ms > 0) this.#delays.unshift({ ...target, what, ms, left: times });
  }

  failLogin(target: Target, attrs: Readonly<Record<string, string>>, times: number): void {
    this.#logins = this.#logins.filter((rule) => rule.left > 0);
    this.#logins.push({ ...target, attrs, left: times });
  }

  clear(): void {
    this.#deliveries = [];
    this.#failures = [];
    this.#losses = [];
    this.#closes = [];
    this.#holds = [];
    this.#held = [];
    this.#delays = [];
    this.#logins = [];
  }
}
