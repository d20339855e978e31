// A house of one room for adapter tests: writes down what it is told, by key, with the vault in the same breath; knows no network.
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedError, type BridgeError } from '../../src/model/errors.ts';
import type { PortalKey, PuppetId } from '../../src/model/ids.ts';
import type { EphemeralEvent, NetworkEvent } from '../../src/model/network-event.ts';
import type { Puppet, PuppetState } from '../../src/model/records.ts';
import type { Say } from '../../src/model/say.ts';
import type { NetworkSink } from '../../src/ports/network.ts';
import type { Clock, Vault, VaultChange } from '../../src/ports/stores.ts';
import { MemoryClock } from './memory-clock.ts';
import { MemoryDatabase, stored } from './memory-database.ts';
import { memoryVault } from './memory-records.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};

export class House {
  readonly vault: Vault = memoryVault(new MemoryDatabase(new MemoryClock()));
  readonly events: NetworkEvent[] = [];
  readonly glimpses: EphemeralEvent[] = [];
  readonly told: { cause: string; words: Say }[] = [];
  readonly states: { state: PuppetState; why: BridgeError | undefined }[] = [];
  /** How many events came that had been written down before. */
  repeats = 0;
  /** How often something was written down. */
  commits = 0;
  /** How often something was not taken. */
  refused = 0;
  /** While set, nothing is taken: events are answered by this error and nothing of them is kept. */
  refusing: Error | undefined;
  /** What the database never takes: whatever comes with it is not kept either. */
  never: (event: NetworkEvent) => boolean = () => false;
  readonly #seen = new Set<string>();
  readonly #links = new Map<string, PortalKey>();
  readonly #changed = new EventEmitter().setMaxListeners(50);

  sink(puppet: Puppet): NetworkSink {
    return {
      accept: async (events, vault = []) => await this.#accept(puppet.id, events, vault),
      keep: async (vault) => await this.#accept(puppet.id, [], vault),
      glimpse: (event) => {
        this.glimpses.push(event);
        this.#changed.emit('change');
      },
      report: (state, why) => {
        this.states.push({ state, why });
        this.#changed.emit('change');
      },
      tell: async (cause, words, vault = []) => {
        await this.#accept(puppet.id, [], vault);
        if (this.told.some((one) => one.cause === cause)) return;
        this.told.push({ cause, words });
        this.#changed.emit('change');
      },
      portalOf: async (message) => await Promise.resolve(this.#links.get(`${puppet.id}/${message}`)),
      portalKey: (chat, kind) => ({
        network: puppet.network,
        chat,
        ...(kind === 'direct' ? { receiver: puppet.id } : {}),
      }),
    };
  }

  /** Texts of the messages of a chat, in the order they came. */
  texts(chat?: string): string[] {
    const of = this.events.filter((event) => chat === undefined || event.portal.chat === chat);
    return of
      .flatMap((event) => (event.kind === 'message' ? event.parts : []))
      .map((part) => (part.kind === 'text' ? part.text.text : part.kind));
  }

  async keep(changes: readonly VaultChange[]): Promise<void> {
    await this.vault.write(changes);
  }

  /** @throws after ten seconds */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    const deadline = AbortSignal.timeout(10_000);
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      await once(this.#changed, 'change', { signal: deadline });
    }
  }

  async #accept(puppet: PuppetId, events: readonly NetworkEvent[], vault: readonly VaultChange[]): Promise<void> {
    // Never in the same turn: a commit takes its time.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    if (this.refusing !== undefined) {
      this.refused += 1;
      this.#changed.emit('change');
      throw this.refusing;
    }
    if (events.some((event) => this.never(event))) {
      this.refused += 1;
      throw new RefusedError('accept');
    }
    this.commits += 1;
    await this.vault.write(vault);
    for (const event of stored(events)) {
      if (this.#seen.has(event.key)) {
        this.repeats += 1;
        continue;
      }
      this.#seen.add(event.key);
      this.events.push(event);
      if (event.kind === 'message') this.#links.set(`${puppet}/${event.message}`, event.portal);
    }
    this.#changed.emit('change');
  }
}
