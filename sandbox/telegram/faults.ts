// What is to go wrong next: the failures ordered through the control API. Knows no protocol; it is asked at each call,
// push and connection.

export interface CallFault {
  readonly delayMs: number;
  readonly fail: { readonly code: number; readonly message: string } | null;
  readonly lose: boolean;
  readonly kill: boolean;
}

/** `unknown`: a constructor that no layer has; `twice`: the same packet again. */
export type Spoil = 'unknown' | 'twice';

interface Rule {
  readonly method: string | null;
  readonly account: bigint | null;
  left: number;
}

interface Failure extends Rule {
  readonly code: number;
  readonly message: string;
}

interface Loss extends Rule {
  readonly kill: boolean;
}

interface Delay extends Rule {
  readonly ms: number;
}

const take = <R extends Rule>(rules: R[], method: string, account: bigint | null): R | undefined => {
  const rule = rules.find(
    (one) =>
      one.left > 0 &&
      (one.method === null || one.method === method) &&
      (one.account === null || one.account === account),
  );
  if (rule !== undefined) rule.left--;
  return rule;
};

export class Faults {
  #failures: Failure[] = [];
  #losses: Loss[] = [];
  #delays: Delay[] = [];
  readonly #dropped = new Map<bigint, number>();
  readonly #spoiled = new Map<bigint, { readonly how: Spoil; left: number }>();
  #refuseUntil = 0;

  /** What happens to this call; counts it. */
  onCall(method: string, account: bigint | null): CallFault {
    const failure = take(this.#failures, method, account);
    const loss = failure === undefined ? take(this.#losses, method, account) : undefined;
    return {
      delayMs: take(this.#delays, method, account)?.ms ?? 0,
      fail: failure ?? null,
      lose: loss !== undefined,
      kill: loss?.kill ?? false,
    };
  }

  /** Is this account's next update swallowed; counts it. */
  dropsPush(account: bigint): boolean {
    const left = this.#dropped.get(account) ?? 0;
    if (left <= 0) return false;
    this.#dropped.set(account, left - 1);
    return true;
  }

  /** What is to happen to this account's next update; counts it. */
  spoilsPush(account: bigint): Spoil | undefined {
    const order = this.#spoiled.get(account);
    if (order === undefined || order.left <= 0) return undefined;
    order.left--;
    return order.how;
  }

  refusesConnections(): boolean {
    return Date.now() < this.#refuseUntil;
  }

  fail(method: string, code: number, message: string, account: bigint | null, times: number): void {
    this.#failures = this.#failures.filter((rule) => rule.left > 0);
    this.#failures.push({ method, code, message, account, left: times });
  }

  lose(method: string, account: bigint | null, times: number, kill: boolean): void {
    this.#losses = this.#losses.filter((rule) => rule.left > 0);
    this.#losses.push({ method, account, left: times, kill });
  }

  /** A newer delay of the same method and account replaces the older one; 0 ms just removes it. */
  delay(ms: number, method: string | null, account: bigint | null, times: number): void {
    this.#delays = this.#delays.filter((rule) => rule.method !== method || rule.account !== account);
    if (ms > 0) this.#delays.unshift({ ms, method, account, left: times });
  }

  drop(account: bigint, count: number): void {
    this.#dropped.set(account, count);
  }

  spoil(account: bigint, how: Spoil, count: number): void {
    this.#spoiled.set(account, { how, left: count });
  }

  refuse(ms: number): void {
    this.#refuseUntil = Date.now() + ms;
  }

  clear(): void {
    this.#failures = [];
    this.#losses = [];
    this.#delays = [];
    this.#dropped.clear();
    this.#spoiled.clear();
    this.#refuseUntil = 0;
  }
}
