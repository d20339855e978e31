// Remembers for some minutes which names and topics of a group's room went to its network and came from there; knows no room's state.
import type { EffectId, RoomId } from '../model/ids.ts';
import type { Wording, Wordings } from '../ports/matrix.ts';
import type { Clock, Vault, VaultChange } from '../ports/stores.ts';

const SCOPE = 'matrix:wording:';
/** What comes back comes within moments of the line being open, in ms. */
const KEPT_MS = 10 * 60_000;

export class VaultedWordings implements Wordings {
  readonly #vault: Pick<Vault, 'readAll' | 'write'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(vault: Pick<Vault, 'readAll' | 'write'>, clock: Pick<Clock, 'now'>) {
    this.#vault = vault;
    this.#clock = clock;
  }

  async of(room: RoomId): Promise<readonly Wording[]> {
    const since = this.#clock.now() - KEPT_MS;
    return (await this.#all(room)).filter(({ at }) => at > since).toSorted((one, other) => one.at - other.at);
  }

  async keep(room: RoomId, ...wordings: readonly Wording[]): Promise<void> {
    const since = this.#clock.now() - KEPT_MS;
    const old = (await this.#all(room)).filter(({ at }) => at <= since);
    await this.#vault.write([
      ...old.map((one) => ({ scope: scopeOf(room), key: one.id, value: null })),
      ...wordings.map((one): VaultChange => ({ scope: scopeOf(room), key: one.id, value: bytesOf(one) })),
    ]);
  }

  async forget(room: RoomId, id: EffectId): Promise<void> {
    await this.#vault.write([{ scope: scopeOf(room), key: id, value: null }]);
  }

  async #all(room: RoomId): Promise<readonly Wording[]> {
    const rows = await this.#vault.readAll(scopeOf(room));
    return [...rows.values()].map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as Wording);
  }
}

function scopeOf(room: RoomId): string {
  return `${SCOPE}${room}`;
}

function bytesOf(wording: Wording): Uint8Array {
  return Buffer.from(JSON.stringify(wording));
}
