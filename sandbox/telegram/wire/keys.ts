// The authorisation keys a server has agreed on, what it remembers of each, and their salts. Knows no sockets and no
// accounts beyond an id.

import { randomBytes } from 'node:crypto';
import { sha1 } from './crypto.ts';
import type { Session } from './session.ts';

const SALT_LIFE = 3600;
const SALT_OVERLAP = 300;

interface Salt {
  readonly value: bigint;
  readonly since: number;
  readonly until: number;
}

export class AuthKey {
  readonly bytes: Buffer;
  readonly id: bigint;
  readonly dc: number;
  /** The account that signed in with this key; only KeyStore.login and logout change it. */
  account: bigint | null = null;
  /** Account whose password is still wanted. */
  passwordFor: bigint | null = null;
  /** What a call that needs a login answers while there is none. */
  refusal: 'AUTH_KEY_UNREGISTERED' | 'SESSION_REVOKED' | 'USER_DEACTIVATED_BAN' | 'USER_DEACTIVATED' =
    'AUTH_KEY_UNREGISTERED';
  /** Set by invokeWithLayer; kept for later sessions of this key. */
  layer: number | null = null;
  /** Set by initConnection; kept for later sessions of this key. */
  inited = false;
  readonly sessions = new Map<bigint, Session>();
  /** Accounts that updates to this key have already introduced. */
  readonly introduced = new Set<bigint>();
  #salts: Salt[] = [];

  constructor(bytes: Buffer, dc: number, firstSalt: bigint, now: number) {
    this.bytes = bytes;
    this.dc = dc;
    this.id = sha1(bytes).readBigUInt64LE(12);
    this.#salts = [{ value: firstSalt, since: now, until: now + SALT_LIFE }];
  }

  get auxHash(): Buffer {
    return sha1(this.bytes).subarray(0, 8);
  }

  acceptsSalt(value: bigint, now: number): boolean {
    return this.#salts.some((salt) => salt.value === value && salt.since <= now && now < salt.until + SALT_OVERLAP);
  }

  /** `count` salts from now on, each beginning where the one before ends. */
  salts(count: number, now: number): readonly Salt[] {
    this.#salts = this.#salts.filter((salt) => salt.until + SALT_OVERLAP > now);
    while (this.#salts.length < count) {
      const since = this.#salts.at(-1)?.until ?? now;
      this.#salts.push({ value: randomBytes(8).readBigUInt64LE(), since, until: since + SALT_LIFE });
    }
    return this.#salts.slice(0, count);
  }

  currentSalt(now: number): bigint {
    const valid = this.salts(1, now).find((salt) => salt.since <= now && now < salt.until);
    if (valid !== undefined) return valid.value;
    this.#salts = [];
    return this.currentSalt(now);
  }

  /** Every salt so far expires. */
  rotate(): void {
    this.#salts = [];
  }
}

/** All keys of all data centres; a key counts only where it was made. */
export class KeyStore {
  readonly #keys = new Map<bigint, AuthKey>();
  readonly #byAccount = new Map<bigint, Set<AuthKey>>();

  find(id: bigint, dc: number): AuthKey | undefined {
    const key = this.#keys.get(id);
    return key?.dc === dc ? key : undefined;
  }

  add(key: AuthKey): boolean {
    if (this.#keys.has(key.id)) return false;
    this.#keys.set(key.id, key);
    return true;
  }

  remove(key: AuthKey): void {
    this.logout(key);
    this.#keys.delete(key.id);
  }

  login(key: AuthKey, account: bigint): void {
    this.logout(key);
    key.account = account;
    key.passwordFor = null;
    const mine = this.#byAccount.get(account);
    if (mine === undefined) this.#byAccount.set(account, new Set([key]));
    else mine.add(key);
  }

  logout(key: AuthKey): void {
    if (key.account !== null) this.#byAccount.get(key.account)?.delete(key);
    key.account = null;
    key.passwordFor = null;
    key.introduced.clear();
  }

  ofAccount(account: bigint): readonly AuthKey[] {
    return [...(this.#byAccount.get(account) ?? [])];
  }

  all(): AuthKey[] {
    return [...this.#keys.values()];
  }

  get size(): number {
    return this.#keys.size;
  }
}
