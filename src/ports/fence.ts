// The proof that a lease is still held, carried by every write made under it; knows neither queue nor store.
import type { OwnerId, WorkerId } from '../model/ids.ts';

/** A lease as its holder knows it: a write with it succeeds only while worker and epoch are still in force. */
export interface Fence {
  readonly owner: OwnerId;
  readonly worker: WorkerId;
  readonly epoch: number;
}
