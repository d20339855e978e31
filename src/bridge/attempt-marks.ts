// Remembers which logins are going on, so that a person whose process died is told instead of misunderstood; knows no steps.
import { as, type NetworkId, type UserId } from '../model/ids.ts';
import type { Fence } from '../ports/queue.ts';
import type { Vault } from '../ports/stores.ts';

export interface LostAttempt {
  readonly network: NetworkId;
  /** A secret had been asked for: what the person types next may be one. */
  readonly secret: boolean;
}

/** Kept in the vault because its writes are fenced; holds nothing that was typed. */
export class AttemptMarks {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** @throws FencedError when the attempt belongs to another process by now */
  async set(user: UserId, network: NetworkId, secret: boolean, fence: Fence): Promise<void> {
    const value = Buffer.from(secret ? 'secret' : 'open');
    await this.#vault.write([{ scope: scopeOf(user), key: network, value }], fence);
  }

  async clear(user: UserId, network: NetworkId): Promise<void> {
    await this.#vault.write([{ scope: scopeOf(user), key: network, value: null }]);
  }

  async of(user: UserId): Promise<readonly LostAttempt[]> {
    const marks = await this.#vault.readAll(scopeOf(user));
    return [...marks].map(([network, value]) => ({
      network: as<NetworkId>(network),
      secret: Buffer.from(value).toString() === 'secret',
    }));
  }
}

function scopeOf(user: UserId): string {
  return `attempts:${user}`;
}
