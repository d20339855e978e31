// Finds what the homeserver forgot to push: one incremental sync of the bot, compared with what was ever seen.
import { as, type RoomId } from '../model/ids.ts';
import type { MatrixSink } from '../ports/matrix.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, Logger, Vault } from '../ports/stores.ts';
import { encode, type As, type MatrixClient } from './client.ts';
import { field, isObject, objectAt, textAt, type Json } from './json.ts';

export interface AuditOptions {
  readonly client: MatrixClient;
  readonly who: As;
  readonly queue: Pick<Queue, 'seen'>;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a find waits for its transaction. */
  readonly holdMs: number;
  /** Long poll of the sync. */
  readonly pollMs: number;
}

const SCOPE = 'sync:bot';
const MAX_PAGES = 50;
const QUIET = { types: [] };
const TYPES = { not_types: ['m.typing', 'm.receipt'], lazy_load_members: true };

/** The first token costs nothing: no room passes. */
const NO_ROOMS = JSON.stringify({ presence: QUIET, account_data: QUIET, room: { rooms: [] } });
const ROOMS = JSON.stringify({
  presence: QUIET,
  account_data: QUIET,
  room: { include_leave: false, ephemeral: QUIET, account_data: QUIET, timeline: { ...TYPES, limit: 50 } },
});

/** Runs where the lease `sync:bot` is held: start() with it, stop() without it. */
export class GapAudit {
  readonly #options: AuditOptions;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  start(sink: MatrixSink): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#running = this.#run(sink, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#running;
  }

  async #run(sink: MatrixSink, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.round(sink, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ error, code: 'gap-audit' }, 'the gap audit starts over');
        await clock.sleep(15_000, signal).catch(() => undefined); // aborted: the loop ends by itself
      }
    }
  }

  /** One sync, its finds held, compared and handed on; the token moves only after that. */
  async round(sink: MatrixSink, signal?: AbortSignal): Promise<number> {
    const { client, who, vault, clock, holdMs, pollMs, queue, log } = this.#options;
    const kept = await vault.read(SCOPE, 'since');
    const since = kept === undefined ? undefined : Buffer.from(kept).toString();
    const answer = await client.ask(who, 'GET', '/_matrix/client/v3/sync', {
      query: since === undefined ? { filter: NO_ROOMS, timeout: 0 } : { filter: ROOMS, since, timeout: pollMs },
      timeoutMs: pollMs + 60_000,
    });
    const next = textAt(answer, 'next_batch', 1000);
    if (next === undefined) throw new Error('a sync without next_batch');
    let found = 0;
    if (since !== undefined) {
      const events = await this.#events(answer);
      if (events.length > 0) {
        await clock.sleep(holdMs, signal);
        if (signal?.aborted === true) return 0;
        const seen = await queue.seen(events.map(idOf));
        const missing = events.filter((one) => !seen.has(idOf(one)));
        found = missing.length;
        if (found > 0) await sink.accept(undefined, missing, true);
        if (found > 0) log.info({ count: found }, 'the gap audit compared events with what was pushed');
      }
    }
    if (signal?.aborted === true) return found;
    await vault.write([{ scope: SCOPE, key: 'since', value: Buffer.from(next) }]);
    return found;
  }

  async #events(answer: Json): Promise<readonly Json[]> {
    const joined = objectAt(objectAt(answer, 'rooms'), 'join');
    const all: Json[] = [];
    for (const room of Object.keys(joined)) {
      const timeline = objectAt(objectAt(joined, room), 'timeline');
      let events = eventsIn(timeline, 'events', room);
      const back = textAt(timeline, 'prev_batch', 1000);
      const start = events.findLastIndex((one) => this.#isOwnJoin(one));
      if (start >= 0) events = events.slice(start);
      else if (field(timeline, 'limited') === true && back !== undefined) {
        events = [...(await this.#before(as<RoomId>(room), back)), ...events];
      }
      all.push(...events);
    }
    return all;
  }

  /** Pages back to what was seen, or to the bot's own join: what was said before is none of its business. */
  async #before(room: RoomId, token: string): Promise<readonly Json[]> {
    const { client, who, queue } = this.#options;
    const found: Json[] = [];
    let from: string | undefined = token;
    for (let page = 0; page < MAX_PAGES && from !== undefined; page += 1) {
      const answer: Json = await client.ask(who, 'GET', `/_matrix/client/v3/rooms/${encode(room)}/messages`, {
        query: { dir: 'b', from, limit: 100 },
      });
      const events = eventsIn(answer, 'chunk', room);
      const seen = await queue.seen(events.map(idOf));
      const own = events.findIndex((one) => this.#isOwnJoin(one));
      found.push(...(own >= 0 ? events.slice(0, own + 1) : events));
      if (own >= 0 || events.length === 0 || events.some((one) => seen.has(idOf(one)))) break;
      from = textAt(answer, 'end', 1000);
    }
    return found.toReversed();
  }

  #isOwnJoin(event: Json): boolean {
    return (
      field(event, 'type') === 'm.room.member' &&
      field(event, 'state_key') === this.#options.who.user &&
      field(objectAt(event, 'content'), 'membership') === 'join' &&
      field(objectAt(objectAt(event, 'unsigned'), 'prev_content'), 'membership') !== 'join'
    );
  }
}

/** Sync leaves the room id out of its events. */
function eventsIn(answer: Json, key: string, room: string): Json[] {
  const events = field(answer, key);
  if (!Array.isArray(events)) return [];
  return events
    .filter(isObject)
    .filter((one) => idOf(one) !== '')
    .map((one) => ({ ...one, room_id: room }));
}

function idOf(event: Json): string {
  return textAt(event, 'event_id', 255) ?? '';
}
