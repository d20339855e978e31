// A phone's side of the settings that all devices of an account share (app state): its key, what is set, its changes and those
// of its companions. Knows the service's list of patches, no stanzas.

import { Collection } from '../app-state/collection.ts';
import { newSyncKey, type SyncKey } from '../app-state/keys.ts';
import { Keyring, type Mutation } from '../app-state/mutation.ts';
import { collectionChanged } from '../notices.ts';
import type { WhatsAppServer } from '../server.ts';
import { systemRandom } from '../signal/random.ts';
import type { Device } from '../world/device.ts';

export class Settings {
  readonly key: SyncKey = newSyncKey(systemRandom);
  /** Patches of companions that this phone could not take, and why. */
  readonly refused: string[] = [];
  readonly #server: WhatsAppServer;
  readonly #phone: Device;
  readonly #keyring = new Keyring();
  readonly #collections = new Map<string, Collection>();

  constructor(server: WhatsAppServer, phone: Device) {
    this.#server = server;
    this.#phone = phone;
    this.#keyring.add(this.key);
  }

  collection(name: string): Collection {
    let found = this.#collections.get(name);
    if (found === undefined) {
      found = new Collection(name, this.#keyring);
      this.#collections.set(name, found);
    }
    return found;
  }

  get names(): readonly string[] {
    return [...this.#collections.keys()];
  }

  /** Takes what companions have changed meanwhile. */
  pull(name: string): void {
    const collection = this.collection(name);
    for (const { bytes } of this.#phone.person.appState.since(name, collection.version)) {
      try {
        collection.apply(bytes);
      } catch (error) {
        this.refused.push(error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }

  /** Changes something on the phone, and tells the companions. */
  change(name: string, mutations: readonly Mutation[]): void {
    this.pull(name);
    const collection = this.collection(name);
    const before = collection.version;
    const bytes = collection.change(mutations, this.key.id);
    const version = this.#phone.person.appState.append(name, before, bytes);
    if (version === null) throw new Error(`the phone’s ${name} is not the newest`);
    collectionChanged(this.#server, this.#phone.person, name, version, this.#phone);
    this.#server.world.version.touch();
  }

  /** The name that companions show as their own. */
  publishName(): void {
    const { name } = this.#phone.person;
    if (this.collection('critical_block').find('setting_pushName')?.value.pushNameSetting?.name === name) return;
    const value = { timestamp: this.#server.world.clock.now(), pushNameSetting: { name } };
    this.change('critical_block', [{ operation: 'set', index: ['setting_pushName'], value, version: 1 }]);
  }
}
