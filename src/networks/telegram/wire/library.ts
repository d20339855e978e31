// The library's client with the few places opened that it keeps to itself, and how it is set up and taken down; only client.ts uses it.
import './fast-numbers.ts';
import { TelegramClient } from 'telegram';
import type { Logger as LibraryLogger, PromisedNetSockets } from 'telegram/extensions/index.js';
import { ConnectionTCPFull } from 'telegram/network/connection/index.js';
import type { Cures } from '../cures.ts';
import type { Api } from './api.ts';
import './key-length.ts';
import type { TapSession } from './session.ts';

export interface LibrarySetup {
  readonly session: TapSession;
  readonly apiId: number;
  readonly apiHash: string;
  readonly deviceModel: string;
  readonly appVersion: string;
  readonly log: LibraryLogger;
  readonly socket: typeof PromisedNetSockets;
  readonly cures: Cures;
}

/** Longest the library may sleep inside a call by itself, in seconds, as it does unless told otherwise. */
const ITS_FLOOD_SLEEP_S = 60;

export class LibraryClient extends TelegramClient {
  ended = false;
  readonly #explicit: boolean;

  constructor({ session, apiId, apiHash, deviceModel, appVersion, log, socket, cures }: LibrarySetup) {
    super(session, apiId, apiHash, {
      baseLogger: log,
      // The abridged transport loses every packet that TCP cuts in two.
      connection: ConnectionTCPFull,
      networkSocket: socket,
      connectionRetries: 1,
      reconnectRetries: 0,
      retryDelay: 0,
      requestRetries: 3,
      autoReconnect: false,
      floodSleepThreshold: cures.noSilentSleep ? 0 : ITS_FLOOD_SLEEP_S,
      // Spelled otherwise in the library's defaults, so that its own default has no effect.
      securityChecks: cures.securityChecks,
      deviceModel,
      systemVersion: 'Matrix',
      appVersion,
      langCode: 'en',
      systemLangCode: 'en',
    });
    this.#explicit = cures.explicitPeers;
    // The library's ping loop leaves timers of 10 s behind and reports "connected" every 9 s: it is told that it runs.
    this._loopStarted = cures.ownPings;
  }

  /** After the end, the only error that breaks the library's endless loop of connecting file senders. */
  override async invoke<R extends Api.AnyRequest>(request: R, dcId?: number): Promise<R['__response']> {
    if (this.ended) throw Object.assign(new Error('ended'), { errorMessage: 'DC_ID_INVALID' });
    // Peers are given as they go on the wire: the library would look at every field for one to find by itself.
    if (this.#explicit) Object.assign(request, { resolve: nothingToFind });
    return await super.invoke(request, dcId);
  }

  /** Leaves no timer and no socket. @param files false leaves file connections to themselves, as the library does */
  async end(files: boolean): Promise<void> {
    const senders = [...this._exportedSenderPromises.values()];
    const timers = this.fileTimers();
    this.ended = true;
    await this.destroy();
    if (!files) return;
    for (const timer of timers) clearTimeout(timer);
    for (const sender of senders) {
      // One that never connected has nothing to close.
      await sender.then(async (one) => await one.disconnect()).catch(() => undefined);
    }
  }

  /** Cached entities are never refreshed by the library, and never dropped. */
  forgetEntities(most: number): void {
    const cache = this._entityCache['cacheMap'];
    if (cache.size > most) cache.clear();
  }

  fileTimers(): readonly NodeJS.Timeout[] {
    const timers: unknown = this['_exportedSenderReleaseTimeouts'];
    return timers instanceof Map ? [...(timers.values() as Iterable<NodeJS.Timeout>)] : [];
  }
}

const nothingToFind = async (): Promise<void> => await Promise.resolve();

/** A cheap upper guess of a request's size: only strings and bytes can be large. */
export function weight(request: Api.AnyRequest): number {
  let bytes = 0;
  for (const value of Object.values(request.originalArgs as Record<string, unknown>)) {
    if (typeof value === 'string') bytes += value.length * 3;
    else if (value instanceof Uint8Array) bytes += value.length;
  }
  return bytes;
}
