// What a measurement has of one database: the store on it, and the bridge that can be started there.
import type { Store } from '../src/store/index.ts';
import type { Bridge } from './processes.ts';

/** One database and the bridge's settings for it. */
export interface House {
  readonly store: Store;
  readonly database: string;
  /** Starts the bridge on it; not ready yet. */
  start(): Bridge;
}
