// What the in-memory twins share, as several workers share one database; knows no rules of its own but fences.
import type { FrozenPart, NewEntry } from '../../src/model/entry.ts';
import { FencedError } from '../../src/model/errors.ts';
import type { WorkerId } from '../../src/model/ids.ts';
import type { Ghost, MessageLink, Person, Portal, Puppet, ReactionLink } from '../../src/model/records.ts';
import type { Rule } from '../../src/model/rules.ts';
import type { Say } from '../../src/model/say.ts';
import type { Fence } from '../../src/ports/queue.ts';
import type { AuditLine, VaultChange } from '../../src/ports/stores.ts';
import type { MemoryClock } from './memory-clock.ts';

export interface EntryRow {
  readonly id: number;
  readonly entry: NewEntry;
  readonly receivedAt: number;
  attempts: number;
  late: boolean;
  toldSlow: boolean;
  /** Why it was not done the last time. */
  code?: string;
  parts: readonly FrozenPart[];
  parked: { readonly code: string; readonly say: Say } | undefined;
}

export interface LaneRow {
  owner: string | undefined;
  worker: WorkerId | undefined;
  epoch: number;
  readyAt: number;
}

export interface WorkerRow {
  readonly slot: string;
  readonly id: WorkerId;
  beatAt: number;
  /** Its process is known to be dead. */
  dead: boolean;
}

export const LEASE_MS = 15_000;

export class MemoryDatabase {
  readonly clock: MemoryClock;
  readonly entries = new Map<number, EntryRow>();
  readonly lanes = new Map<string, LaneRow>();
  /** Key to the time it was first accepted. */
  readonly seen = new Map<string, number>();
  readonly receipts = new Set<string>();
  readonly workers = new Map<string, WorkerRow>();
  readonly leases = new Map<string, { worker: WorkerId | undefined; epoch: number }>();
  readonly vault = new Map<string, Map<string, Uint8Array>>();
  readonly links = new Map<string, MessageLink>();
  readonly reactions = new Map<string, ReactionLink>();
  readonly persons = new Map<string, Person>();
  /** Whose management room is being made. */
  readonly making = new Map<string, Promise<unknown>>();
  readonly puppets = new Map<string, Puppet>();
  readonly ghosts = new Map<string, Ghost>();
  readonly portals = new Map<string, Portal>();
  readonly rules = new Map<string, Rule>();
  readonly audit: AuditLine[] = [];
  readonly listeners = new Set<() => void>();
  readonly portalHearers = new Set<(key: string | undefined) => void>();
  ruleVersion = 0;
  #ids = 0;

  constructor(clock: MemoryClock) {
    this.clock = clock;
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  wake(): void {
    for (const listener of this.listeners) queueMicrotask(listener);
  }

  isLive(worker: WorkerId | undefined): boolean {
    for (const row of this.workers.values()) {
      if (row.id === worker) return !row.dead && this.clock.now() - row.beatAt <= LEASE_MS;
    }
    return false;
  }

  /** @throws FencedError */
  demand(fence: Fence): void {
    const lease = this.leases.get(fence.owner);
    if (lease?.worker !== fence.worker || lease.epoch !== fence.epoch) throw new FencedError(fence.owner);
  }

  keep(changes: readonly VaultChange[]): void {
    for (const { scope, key, value } of changes) {
      const kept = this.vault.get(scope) ?? new Map<string, Uint8Array>();
      if (value === null) kept.delete(key);
      else kept.set(key, Uint8Array.from(value));
      this.vault.set(scope, kept);
    }
  }
}

/** What a row is after a journey through the database: JSON and nothing else. */
export function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
