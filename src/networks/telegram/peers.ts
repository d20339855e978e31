// The access hashes of people this login has met: without them Telegram answers nothing about them. Kept sealed; knows no wire calls.
import type { VaultChange } from '../../ports/stores.ts';
import { PEER_PREFIX } from './cursor.ts';
import { Api, long, textOf } from './wire/api.ts';

export class PeerBook {
  readonly #scope: string;
  readonly #hashes = new Map<string, string>();
  readonly #unsaved = new Set<string>();

  /** @param kept what the vault holds of this login */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#scope = scope;
    for (const [key, value] of kept) {
      if (key.startsWith(PEER_PREFIX)) this.#hashes.set(key.slice(PEER_PREFIX.length), Buffer.from(value).toString());
    }
  }

  get size(): number {
    return this.#hashes.size;
  }

  hash(user: string): string | undefined {
    return this.#hashes.get(user);
  }

  /** "min" people come with a hash that is good for nothing else. */
  meet(user: Api.TypeUser): void {
    if (!(user instanceof Api.User) || user.min === true || !user.accessHash) return;
    const id = textOf(user.id);
    const hash = textOf(user.accessHash);
    if (this.#hashes.get(id) === hash) return;
    this.#hashes.set(id, hash);
    this.#unsaved.add(id);
  }

  forget(user: string): void {
    if (this.#hashes.delete(user)) this.#unsaved.add(user);
  }

  inputPeer(user: string): Api.InputPeerUser | undefined {
    const hash = this.#hashes.get(user);
    return hash === undefined ? undefined : new Api.InputPeerUser({ userId: long(user), accessHash: long(hash) });
  }

  inputUser(user: string): Api.InputUser | undefined {
    const hash = this.#hashes.get(user);
    return hash === undefined ? undefined : new Api.InputUser({ userId: long(user), accessHash: long(hash) });
  }

  /** What changed since the last saved(); to be written in the commit of the events that brought it. */
  changes(): { readonly changes: readonly VaultChange[]; readonly saved: () => void } {
    const ids = [...this.#unsaved];
    const changes = ids.map((id): VaultChange => {
      const hash = this.#hashes.get(id);
      return { scope: this.#scope, key: `${PEER_PREFIX}${id}`, value: hash === undefined ? null : Buffer.from(hash) };
    });
    return {
      changes,
      saved: () => {
        for (const id of ids) this.#unsaved.delete(id);
      },
    };
  }
}
