// The library's client with the few places opened that it keeps to itself; only client.ts uses it.
import { TelegramClient } from 'telegram';
import type { Api } from './api.ts';

export class LibraryClient extends TelegramClient {
  ended = false;

  /** The library's ping loop leaves timers of 10 s behind and reports "connected" every 9 s; ours replaces it. */
  ownPings(): void {
    this._loopStarted = true;
  }

  /** After the end, the only error that breaks the library's endless loop of connecting file senders. */
  override async invoke<R extends Api.AnyRequest>(request: R, dcId?: number): Promise<R['__response']> {
    if (this.ended) throw Object.assign(new Error('ended'), { errorMessage: 'DC_ID_INVALID' });
    return await super.invoke(request, dcId);
  }

  fileTimers(): Iterable<NodeJS.Timeout> {
    const timers: unknown = this['_exportedSenderReleaseTimeouts'];
    return timers instanceof Map ? (timers.values() as Iterable<NodeJS.Timeout>) : [];
  }
}

/** A cheap upper guess of a request's size: only strings and bytes can be large. */
export function weight(request: Api.AnyRequest): number {
  let bytes = 0;
  for (const value of Object.values(request.originalArgs as Record<string, unknown>)) {
    if (typeof value === 'string') bytes += value.length * 3;
    else if (value instanceof Uint8Array) bytes += value.length;
  }
  return bytes;
}
