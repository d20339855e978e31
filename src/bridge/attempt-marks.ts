// Remembers which logins are going on, so that a person whose process died is told instead of misunderstood; knows no steps.
import { as, type NetworkId, type UserId } from '../model/ids.ts';
import type { Fence } from '../ports/queue.ts';
import type { Vault } from '../ports/stores.ts';

export interface LostAttempt {
  readonly network: NetworkId;
  /** A secret had been asked for: what the person types next may be one. */
  readonly secret: boolean;
}

/** One that is going on, or died. */
export interface OpenAttempt {
  readonly user: UserId;
  readonly network: NetworkId;
  readonly id: string;
  /** Causes of the codes that its person was shown. */
  readonly codes: readonly string[];
}

/** Of everybody: people's own marks cannot be listed. */
const ALL = 'attempts';

/** Kept in the vault because its writes are fenced; holds nothing that was typed. */
export class AttemptMarks {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** @throws FencedError when the attempt belongs to another process by now */
  async set(attempt: OpenAttempt, secret: boolean, fence: Fence): Promise<void> {
    const { user, network } = attempt;
    const value = Buffer.from(secret ? 'secret' : 'open');
    const row = { scope: ALL, key: keyOf(attempt), value: Buffer.from(JSON.stringify(attempt)) };
    await this.#vault.write([{ scope: scopeOf(user), key: network, value }, row], fence);
  }

  async clear(user: UserId, network: NetworkId): Promise<void> {
    await this.#vault.write([{ scope: scopeOf(user), key: network, value: null }]);
  }

  /** It is over, and its person knows; what they type next may still be an answer. */
  async close(attempt: Pick<OpenAttempt, 'user' | 'network'>): Promise<void> {
    await this.#vault.write([{ scope: ALL, key: keyOf(attempt), value: null }]);
  }

  async of(user: UserId): Promise<readonly LostAttempt[]> {
    const marks = await this.#vault.readAll(scopeOf(user));
    return [...marks].map(([network, value]) => ({
      network: as<NetworkId>(network),
      secret: Buffer.from(value).toString() === 'secret',
    }));
  }

  async all(): Promise<readonly OpenAttempt[]> {
    const rows = await this.#vault.readAll(ALL);
    return [...rows.values()].map((value) => JSON.parse(Buffer.from(value).toString()) as OpenAttempt);
  }
}

function scopeOf(user: UserId): string {
  return `attempts:${user}`;
}

function keyOf({ user, network }: Pick<OpenAttempt, 'user' | 'network'>): string {
  return `${network}/${user}`;
}
