// What a contract suite asks of whatever it tests: workers over one database, and time that can pass.
import { afterEach, beforeEach } from '@jest/globals';
import type { LaneClaim, NewEntry, QueueEntry } from '../../src/model/entry.ts';
import { as, type EffectId, type LaneId, type OwnerId, type PortalKey } from '../../src/model/ids.ts';
import type { MessageLink } from '../../src/model/records.ts';
import type { Doors } from '../support/memory-store.ts';

export type { Doors } from '../support/memory-store.ts';

export interface World {
  /** A worker of this slot, enlisted. */
  worker(slot: string): Promise<Doors>;
  /** The worker ends without a word: no beat, no release, its connections cut. */
  kill(worker: Doors): Promise<void>;
  /** Lets time pass for everything that the database remembers. */
  pass(ms: number): Promise<void>;
  /** Epoch ms. */
  now(): number;
  close(): Promise<void>;
}

/** Two workers over one world, anew for each test of a group. */
export function twoWorkers(make: () => Promise<World>, take: (world: World, a: Doors, b: Doors) => void): void {
  let world: World | undefined;
  beforeEach(async () => {
    world = await make();
    take(world, await world.worker('a'), await world.worker('b'));
  });
  afterEach(async () => {
    await world?.close();
  });
}

export const LEASE_MS = 15_000;

export const lane = (name: string): LaneId => as<LaneId>(`n:${name}`);
export const owner = (name: string): OwnerId => as<OwnerId>(`login:${name}`);

export function entry(key: string, of: string, more: Partial<NewEntry> = {}): NewEntry {
  return { key, lane: lane(of), payload: { from: 'matrix', event: { event_id: key } }, ...more };
}

export const portal: PortalKey = { network: as('pigeon'), chat: as('loft 1/é') };
export const direct: PortalKey = { network: as('pigeon'), chat: as('42'), receiver: as('login@1') };

export function link(effect: string, more: Partial<MessageLink> = {}): MessageLink {
  return {
    portal,
    message: as('7'),
    part: 0,
    event: as('$event'),
    room: as('!room'),
    effect: as<EffectId>(effect),
    direction: 'to-matrix',
    sender: 'pigeon-1',
    at: 1_700_000_000_123,
    ...more,
  };
}

/** Claims what is due and expects exactly one lane. */
export async function claimOne(worker: Doors, entries = 10): Promise<LaneClaim> {
  const claims = await worker.queue.claim(worker.leases.self(), { lanes: 10, entries });
  const [claim] = claims;
  if (claim === undefined || claims.length !== 1) throw new Error(`${claims.length} lanes were claimed instead of one`);
  return claim;
}

export async function claimAll(worker: Doors, lanes = 10, entries = 10): Promise<readonly LaneClaim[]> {
  return await worker.queue.claim(worker.leases.self(), { lanes, entries });
}

/** What follows in a lane that is not over. */
export async function moreOf(
  worker: Doors,
  claim: LaneClaim,
  after: number,
  limit = 9,
): Promise<readonly QueueEntry[]> {
  const more = await worker.queue.more(claim, after, limit);
  if (more === 'over') throw new Error('the lane is over');
  return more;
}

export const keysOf = (claim: Pick<LaneClaim, 'entries'>): readonly string[] => claim.entries.map((one) => one.key);

/** The entry at this place. @throws Error when there is none */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
}
