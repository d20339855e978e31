// The in-memory twin of the durable queue, held to the same contract; for tests of the rooms above it, on a fake clock.
import type { Delivery } from '../../src/model/delivery.ts';
import {
  ENTRY_VERSION,
  type EntryPayload,
  type FoundEntry,
  type LaneClaim,
  type NewEntry,
  type Outcome,
  type ParkedEntry,
  type QueueEntry,
} from '../../src/model/entry.ts';
import { FencedError, WAITS_FOR_HOMESERVER, WAITS_FOR_LINE } from '../../src/model/errors.ts';
import {
  loginOwner,
  portalKeyText,
  type EventId,
  type LaneId,
  type MessageId,
  type OwnerId,
  type PuppetId,
  type WorkerId,
} from '../../src/model/ids.ts';
import type { ReactionLink } from '../../src/model/records.ts';
import type { Say } from '../../src/model/say.ts';
import type { Accepted, AcceptBatch, Queue } from '../../src/ports/queue.ts';
import { stored, type EntryRow, type LaneRow, type MemoryDatabase } from './memory-database.ts';

export class MemoryQueue implements Queue {
  readonly #db: MemoryDatabase;
  readonly #over = new WeakSet<LaneClaim>();

  constructor(db: MemoryDatabase) {
    this.#db = db;
  }

  async accept(batch: AcceptBatch): Promise<Accepted> {
    await Promise.resolve();
    if (batch.fence !== undefined) this.#db.demand(batch.fence);
    const all = batch.entries.length;
    if (batch.receipt !== undefined) {
      if (this.#db.receipts.has(batch.receipt)) return { fresh: 0, seen: all, lanes: [] };
      this.#db.receipts.add(batch.receipt);
    }
    const lanes = new Set<LaneId>();
    let fresh = 0;
    for (const entry of batch.entries) {
      if (!this.#add(entry)) continue;
      fresh += 1;
      lanes.add(entry.lane);
    }
    this.#db.keep(batch.vault ?? []);
    if (fresh > 0) this.#db.wake();
    return { fresh, seen: all - fresh, lanes: [...lanes] };
  }

  #add(entry: NewEntry): boolean {
    const lane = this.#db.lanes.get(entry.lane) ?? {
      owner: undefined,
      worker: undefined,
      epoch: 0,
      readyAt: this.#db.clock.now(),
    };
    lane.owner = entry.owner;
    this.#db.lanes.set(entry.lane, lane);
    if (this.#db.seen.has(entry.key)) return false;
    this.#db.seen.set(entry.key, this.#db.clock.now());
    const id = this.#db.nextId();
    this.#db.entries.set(id, {
      id,
      entry: stored(entry),
      receivedAt: this.#db.clock.now(),
      attempts: 0,
      late: entry.late ?? false,
      toldSlow: false,
      parts: [],
      parked: undefined,
    });
    return true;
  }

  async seen(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return await Promise.resolve(new Set(keys.filter((key) => this.#db.seen.has(key))));
  }

  async claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]> {
    await Promise.resolve();
    const now = this.#db.clock.now();
    const due = [...this.#db.lanes]
      .filter(([id, lane]) => lane.readyAt <= now && this.#mayTake(lane, worker) && this.#waiting(id).length > 0)
      .toSorted(([, a], [, b]) => a.readyAt - b.readyAt)
      .slice(0, limits.lanes);
    return due.map(([id, lane]) => {
      lane.worker = worker;
      lane.epoch += 1;
      const entries = this.#waiting(id).slice(0, limits.entries).map(entryOf);
      const claim = { lane: id as LaneId, epoch: lane.epoch, entries };
      return lane.owner === undefined ? claim : { ...claim, owner: lane.owner as OwnerId };
    });
  }

  #mayTake(lane: LaneRow, worker: WorkerId): boolean {
    if (lane.worker !== undefined && this.#db.isLive(lane.worker)) return false;
    if (lane.owner === undefined) return true;
    const holder = this.#db.leases.get(lane.owner)?.worker;
    if (holder === worker) return true;
    return lane.owner.startsWith('attempt:') && !this.#db.isLive(holder);
  }

  /** Rows of a lane that are not parked, oldest first. */
  #waiting(lane: string): EntryRow[] {
    return [...this.#db.entries.values()]
      .filter((row) => row.entry.lane === lane && row.parked === undefined)
      .toSorted((a, b) => a.id - b.id);
  }

  async more(claim: LaneClaim, after: number, limit: number): Promise<readonly QueueEntry[] | 'over'> {
    await Promise.resolve();
    if (this.#over.has(claim)) return 'over';
    this.#demand(claim);
    return this.#waiting(claim.lane)
      .filter((row) => row.id > after)
      .slice(0, limit)
      .map(entryOf);
  }

  async meanwhile(claim: LaneClaim, after: number, end: Promise<unknown>): Promise<readonly QueueEntry[]> {
    for (let ended = false; !ended;) {
      const known = this.#waiting(claim.lane).filter((row) => row.id > after);
      if (known.length > 0) return known.map(entryOf);
      let stop = (): void => undefined;
      const came = new Promise<boolean>((resolve) => {
        stop = this.onWork(() => resolve(false));
      });
      ended = await Promise.race([came, end.then(() => true)]);
      stop();
    }
    return [];
  }

  async settle(claim: LaneClaim, entry: QueueEntry, outcome: Outcome): Promise<void> {
    await Promise.resolve();
    const lane = this.#demand(claim);
    this.#keep(outcome);
    this.#db.entries.delete(entry.id);
    if (this.#waiting(claim.lane).length > 0) return;
    lane.worker = undefined;
    this.#over.add(claim);
  }

  async freeze(claim: LaneClaim, entry: QueueEntry, parts: readonly Delivery[]): Promise<QueueEntry> {
    await Promise.resolve();
    this.#demand(claim);
    const row = this.#row(entry.id);
    if (row.parts.length === 0) {
      row.parts = parts.map((delivery, part) => ({ part, delivery: stored(delivery), state: 'owed' }));
    }
    return entryOf(row);
  }

  async finishPart(
    claim: LaneClaim,
    entry: QueueEntry,
    part: number,
    state: 'done' | 'failed',
    outcome: Outcome,
  ): Promise<void> {
    await Promise.resolve();
    this.#demand(claim);
    const row = this.#row(entry.id);
    row.parts = row.parts.map((one) => (one.part === part ? { ...one, state } : one));
    this.#keep(outcome);
  }

  async postpone(
    claim: LaneClaim,
    entry: QueueEntry,
    until: number,
    note: { tried: boolean; code: string; toldSlow?: boolean },
  ): Promise<void> {
    await Promise.resolve();
    const lane = this.#demand(claim);
    const row = this.#row(entry.id);
    if (note.tried) row.attempts += 1;
    row.toldSlow = note.toldSlow ?? row.toldSlow;
    row.code = note.code;
    lane.readyAt = until;
    lane.worker = undefined;
  }

  async hasten(back: Parameters<Queue['hasten']>[0]): Promise<number> {
    await Promise.resolve();
    const now = this.#db.clock.now();
    const isMeant = (id: string, lane: LaneRow, row: EntryRow): boolean => {
      if (typeof back === 'object') return id === back.lane;
      const code = row.code ?? '';
      if (back === 'homeserver') return new RegExp(WAITS_FOR_HOMESERVER).test(code);
      return new RegExp(WAITS_FOR_LINE).test(code) && (lane.owner === loginOwner(back) || owes(row, back));
    };
    const sleeping = [...this.#db.lanes].filter(
      ([id, lane]) =>
        lane.worker === undefined && lane.readyAt > now && this.#waiting(id).some((row) => isMeant(id, lane, row)),
    );
    for (const [, lane] of sleeping) lane.readyAt = now;
    if (sleeping.length > 0) this.#db.wake();
    return sleeping.length;
  }

  async park(claim: LaneClaim, entry: QueueEntry, why: { code: string; say: Say }): Promise<void> {
    await Promise.resolve();
    this.#demand(claim);
    this.#row(entry.id).parked = stored(why);
  }

  async reroute(claim: LaneClaim, owner: OwnerId | undefined): Promise<void> {
    await Promise.resolve();
    const lane = this.#demand(claim);
    lane.owner = owner;
    lane.worker = undefined;
    this.#db.wake();
  }

  async yieldLane(claim: LaneClaim): Promise<void> {
    await Promise.resolve();
    if (this.#over.has(claim)) return;
    const lane = this.#demand(claim);
    lane.worker = undefined;
    lane.readyAt = this.#db.clock.now();
    if (this.#waiting(claim.lane).length > 0) this.#db.wake();
  }

  async unsettled(lane: LaneId, before = Number.POSITIVE_INFINITY, limit?: number): Promise<readonly QueueEntry[]> {
    await Promise.resolve();
    return this.#waiting(lane)
      .filter((row) => row.id < before)
      .slice(0, limit)
      .map(entryOf);
  }

  async parked(limit: number): Promise<readonly ParkedEntry[]> {
    await Promise.resolve();
    const rows = [...this.#db.entries.values()].toSorted((a, b) => a.id - b.id);
    return rows.flatMap((row) => (row.parked === undefined ? [] : [parkedOf(row, row.parked)])).slice(0, limit);
  }

  async parkedIn(lanes: readonly LaneId[], named: MessageId | EventId): Promise<readonly QueueEntry[]> {
    await Promise.resolve();
    const rows = [...this.#db.entries.values()].filter(
      ({ entry, parked }) =>
        lanes.includes(entry.lane) &&
        parked !== undefined &&
        JSON.stringify(entry.payload).includes(JSON.stringify(named)),
    );
    return rows.toSorted((a, b) => a.id - b.id).map(entryOf);
  }

  async find(key: string): Promise<FoundEntry | undefined> {
    await Promise.resolve();
    const row = [...this.#db.entries.values()].find((one) => one.entry.key === key);
    return row === undefined ? undefined : { ...entryOf(row), parked: row.parked !== undefined };
  }

  async rewrite(id: number, payload: EntryPayload): Promise<boolean> {
    await Promise.resolve();
    const row = this.#db.entries.get(id);
    if (row?.parked === undefined) return false;
    this.#db.entries.set(id, { ...row, entry: stored({ ...row.entry, payload }), parts: [] });
    return true;
  }

  async release(id: number): Promise<boolean> {
    await Promise.resolve();
    const row = this.#db.entries.get(id);
    if (row?.parked === undefined) return false;
    row.parked = undefined;
    row.late = true;
    row.attempts += 1;
    row.toldSlow = false;
    const lane = this.#db.lanes.get(row.entry.lane);
    if (lane !== undefined) lane.readyAt = this.#db.clock.now();
    this.#db.wake();
    return true;
  }

  async discard(id: number): Promise<boolean> {
    await Promise.resolve();
    return this.#db.entries.get(id)?.parked === undefined ? false : this.#db.entries.delete(id);
  }

  async depth(): Promise<{ queued: number; parked: number; oldestMs: number }> {
    await Promise.resolve();
    const rows = [...this.#db.entries.values()];
    const queued = rows.filter((row) => row.parked === undefined);
    const oldest = Math.min(this.#db.clock.now(), ...queued.map((row) => row.receivedAt));
    return { queued: queued.length, parked: rows.length - queued.length, oldestMs: this.#db.clock.now() - oldest };
  }

  onWork(wake: () => void): () => void {
    this.#db.listeners.add(wake);
    return () => void this.#db.listeners.delete(wake);
  }

  #row(id: number): EntryRow {
    const row = this.#db.entries.get(id);
    if (row === undefined) throw new FencedError(`entry ${id}`);
    return row;
  }

  #demand(claim: LaneClaim): LaneRow {
    const lane = this.#db.lanes.get(claim.lane);
    if (lane?.worker === undefined || lane.epoch !== claim.epoch) throw new FencedError(claim.lane);
    return lane;
  }

  #keep(outcome: Outcome): void {
    const { links } = this.#db;
    for (const link of outcome.links ?? []) links.set(link.effect, stored(link));
    for (const { effect, editedAt } of outcome.edited ?? []) {
      const link = links.get(effect);
      if (link !== undefined) links.set(effect, { ...link, editedAt: Math.max(editedAt, link.editedAt ?? 0) });
    }
    for (const effect of outcome.removed ?? []) {
      const link = links.get(effect);
      if (link !== undefined) links.set(effect, { ...link, removed: true });
    }
    for (const gone of outcome.unreacted ?? []) {
      const now = this.#db.reactions.get(reactionKey(gone));
      if (now?.event === gone.event) this.#db.reactions.delete(reactionKey(gone));
    }
    for (const reaction of outcome.reactions ?? []) this.#db.reactions.set(reactionKey(reaction), stored(reaction));
  }
}

export function reactionKey(reaction: Pick<ReactionLink, 'portal' | 'message' | 'person'>): string {
  return JSON.stringify([portalKeyText(reaction.portal), reaction.message, reaction.person]);
}

function entryOf(row: EntryRow): QueueEntry {
  const { id, receivedAt, attempts, late, toldSlow, parts } = row;
  return { ...stored(row.entry), id, v: ENTRY_VERSION, receivedAt, attempts, late, toldSlow, parts: [...parts] };
}

function parkedOf(row: EntryRow, why: { readonly code: string; readonly say: Say }): ParkedEntry {
  const { key, lane, payload } = row.entry;
  const base = { id: row.id, key, lane, reason: why.code, say: why.say, receivedAt: row.receivedAt };
  return payload.from === 'network' ? { ...base, network: payload.event.portal.network } : base;
}

function owes({ parts }: EntryRow, puppet: PuppetId): boolean {
  return parts.some(({ state, delivery }) => state === 'owed' && 'puppet' in delivery && delivery.puppet === puppet);
}
