// Starts either homeserver by one call, so that every test, bench and sandbox is written once; it must not know a bridge.
import type { Homeserver, HomeserverOptions } from './types.ts';
import { startDouble } from './double-starter.ts';
import { startSynapse } from './synapse.ts';

export type {
  Account,
  FaultRule,
  Faults,
  Homeserver,
  HomeserverKind,
  HomeserverOptions,
  HomeserverSettings,
  PusherState,
} from './types.ts';
export { whyNoSynapse } from './synapse-install.ts';

/** Start a homeserver and wait until it answers. Throws one clear sentence when it cannot (no Python, pip failed, port taken). */
export async function startHomeserver(options: HomeserverOptions): Promise<Homeserver> {
  return options.kind === 'synapse' ? await startSynapse(options) : await startDouble(options);
}
