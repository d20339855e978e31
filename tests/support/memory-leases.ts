// The in-memory twin of the leases: one object per worker over one shared database; knows no processes but by hearsay.
import { randomUUID } from 'node:crypto';
import { as, type OwnerId, type WorkerId } from '../../src/model/ids.ts';
import type { Fence } from '../../src/ports/queue.ts';
import type { Leases } from '../../src/ports/stores.ts';
import { LEASE_MS, type MemoryDatabase } from './memory-database.ts';

export class MemoryLeases implements Leases {
  readonly #db: MemoryDatabase;
  readonly #slot: string;
  #self: WorkerId | undefined;
  #beatAt = Number.NEGATIVE_INFINITY;

  constructor(db: MemoryDatabase, slot: string) {
    this.#db = db;
    this.#slot = slot;
  }

  async enlist(): Promise<WorkerId> {
    await Promise.resolve();
    const before = this.#db.workers.get(this.#slot);
    if (before !== undefined && before.id !== this.#self && this.#db.isLive(before.id)) {
      throw new Error(`The worker slot ${this.#slot} is alive elsewhere.`);
    }
    const id = as<WorkerId>(`${this.#slot}#${randomUUID()}`);
    this.#beatAt = this.#db.clock.now();
    this.#db.workers.set(this.#slot, { slot: this.#slot, id, beatAt: this.#beatAt, dead: false });
    this.#self = id;
    for (const lease of this.#db.leases.values()) {
      if (before === undefined || lease.worker !== before.id) continue;
      lease.worker = id;
      lease.epoch += 1;
    }
    for (const lane of this.#db.lanes.values()) {
      if (before !== undefined && lane.worker === before.id) lane.worker = undefined;
    }
    return id;
  }

  self(): WorkerId {
    if (this.#self === undefined) throw new Error('This worker is not enlisted.');
    return this.#self;
  }

  async beat(): Promise<readonly Fence[]> {
    await Promise.resolve();
    const row = this.#db.workers.get(this.#slot);
    if (row === undefined || row.id !== this.#self || row.dead) {
      this.#beatAt = Number.NEGATIVE_INFINITY;
      return [];
    }
    this.#beatAt = this.#db.clock.now();
    row.beatAt = this.#beatAt;
    return [...this.#db.leases]
      .filter(([, lease]) => lease.worker === row.id)
      .map(([owner, lease]) => ({ owner: as<OwnerId>(owner), worker: row.id, epoch: lease.epoch }));
  }

  async acquire(owner: OwnerId): Promise<Fence | undefined> {
    await Promise.resolve();
    const worker = this.self();
    const lease = this.#db.leases.get(owner) ?? { worker: undefined, epoch: 0 };
    if (lease.worker !== worker) {
      if (this.#db.isLive(lease.worker)) return undefined;
      lease.worker = worker;
      lease.epoch += 1;
    }
    this.#db.leases.set(owner, lease);
    return { owner, worker, epoch: lease.epoch };
  }

  async release(fence: Fence): Promise<void> {
    await Promise.resolve();
    const lease = this.#db.leases.get(fence.owner);
    if (lease?.worker !== fence.worker || lease.epoch !== fence.epoch) return;
    lease.worker = undefined;
    lease.epoch += 1;
  }

  async free(owners: readonly OwnerId[]): Promise<readonly OwnerId[]> {
    await Promise.resolve();
    return owners.filter((owner) => !this.#db.isLive(this.#db.leases.get(owner)?.worker));
  }

  async workers(): Promise<readonly { worker: WorkerId; leases: number }[]> {
    await Promise.resolve();
    return [...this.#db.workers.values()]
      .filter((row) => this.#db.isLive(row.id))
      .map((row) => ({
        worker: row.id,
        leases: [...this.#db.leases.values()].filter((lease) => lease.worker === row.id).length,
      }));
  }

  alive(): boolean {
    return this.#self !== undefined && this.#db.clock.now() - this.#beatAt < LEASE_MS;
  }

  async holder(owner: OwnerId): Promise<WorkerId | undefined> {
    await Promise.resolve();
    const worker = this.#db.leases.get(owner)?.worker;
    return this.#db.isLive(worker) ? worker : undefined;
  }

  async retire(): Promise<void> {
    await Promise.resolve();
    for (const lease of this.#db.leases.values()) {
      if (lease.worker !== this.#self) continue;
      lease.worker = undefined;
      lease.epoch += 1;
    }
    for (const lane of this.#db.lanes.values()) {
      if (lane.worker === this.#self) lane.worker = undefined;
    }
    if (this.#db.workers.get(this.#slot)?.id === this.#self) this.#db.workers.delete(this.#slot);
    this.#self = undefined;
    this.#beatAt = Number.NEGATIVE_INFINITY;
    this.#db.wake();
  }
}
