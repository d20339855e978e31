// Finds what the homeserver forgot to push: one incremental sync of the bot, compared with what was ever seen.
import { as, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixSink } from '../ports/matrix.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, Logger, Vault } from '../ports/stores.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { field, isObject, objectAt, textAt, type Json } from './json.ts';

export interface AuditOptions {
  readonly client: MatrixClient;
  readonly who: As;
  readonly queue: Pick<Queue, 'seen'>;
  /** What our own users say is nothing to find. */
  readonly isOurs: (user: UserId) => boolean;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a find waits for its transaction. */
  readonly holdMs: number;
  /** Long poll of the sync. */
  readonly pollMs: number;
}

const SCOPE = 'sync:bot';
/** Of a hundred events each: a room in which more was said since the last sync is looked at no further. */
const MAX_PAGES = 500;
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
    const { vault, clock, holdMs, queue, log } = this.#options;
    const kept = await vault.read(SCOPE, 'since');
    const since = kept === undefined ? undefined : Buffer.from(kept).toString();
    const known = since === undefined ? undefined : await this.#sync(since);
    const answer = known ?? (await this.#sync(undefined)) ?? {};
    const next = textAt(answer, 'next_batch', 1000);
    if (next === undefined) throw new Error('a sync without next_batch');
    let found = 0;
    const events = known === undefined || since === undefined ? [] : await this.#events(known, since);
    if (events.length > 0) {
      await clock.sleep(holdMs, signal);
      if (signal?.aborted === true) return 0;
      const seen = await queue.seen(events.map(idOf));
      const missing = events.filter((one) => !seen.has(idOf(one)));
      if (missing.length > 0) found = await sink.accept(undefined, missing, true);
      if (found > 0) log.warn({ count: found, code: 'gap' }, 'found what the homeserver did not push');
    }
    if (signal?.aborted === true) return found;
    await vault.write([{ scope: SCOPE, key: 'since', value: Buffer.from(next) }]);
    return found;
  }

  /** @returns undefined when the homeserver does not know the place any more */
  async #sync(since: string | undefined): Promise<Json | undefined> {
    const { client, who, pollMs, log } = this.#options;
    try {
      return await client.ask(who, 'GET', '/_matrix/client/v3/sync', {
        query: since === undefined ? { filter: NO_ROOMS, timeout: 0 } : { filter: ROOMS, since, timeout: pollMs },
        timeoutMs: pollMs + 60_000,
      });
    } catch (error) {
      if (since === undefined || !(error instanceof MatrixRefusal) || !error.said(400)) throw error;
      log.warn({ error, code: 'gap-audit' }, 'the homeserver does not know where the audit stood; it begins anew');
      return undefined;
    }
  }

  async #events(answer: Json, since: string): Promise<readonly Json[]> {
    const joined = objectAt(objectAt(answer, 'rooms'), 'join');
    const all: Json[] = [];
    for (const room of Object.keys(joined)) {
      const timeline = objectAt(objectAt(joined, room), 'timeline');
      let events = eventsIn(timeline, 'events', room);
      const back = textAt(timeline, 'prev_batch', 1000);
      const start = events.findLastIndex((one) => this.#isOwnJoin(one));
      if (start >= 0) events = events.slice(start);
      else if (field(timeline, 'limited') === true && back !== undefined) {
        events = [...(await this.#before(as<RoomId>(room), back, since)), ...events];
      }
      all.push(...events);
    }
    return all.filter((one) => !this.#isOurs(one));
  }

  #isOurs(event: Json): boolean {
    return this.#options.isOurs(as<UserId>(textAt(event, 'sender', 255) ?? ''));
  }

  /**
   * Pages back to where the last sync ended, or to the bot's own join: what was said before is none of its business. What was
   * seen is no end of it: a homeserver that was killed forgets what it held, and pushes what is said once it is back.
   */
  async #before(room: RoomId, token: string, since: string): Promise<readonly Json[]> {
    const { client, who, log } = this.#options;
    const found: Json[] = [];
    let from: string | undefined = token;
    for (let page = 0; from !== undefined; page += 1) {
      if (page === MAX_PAGES) {
        log.warn({ room, code: 'gap-audit', count: found.length }, 'a gap is deeper than the audit looks');
        break;
      }
      const answer: Json = await client.ask(who, 'GET', `/_matrix/client/v3/rooms/${encode(room)}/messages`, {
        query: { dir: 'b', from, to: since, limit: 100 },
      });
      const events = eventsIn(answer, 'chunk', room);
      const own = events.findIndex((one) => this.#isOwnJoin(one));
      found.push(...(own >= 0 ? events.slice(0, own) : events).filter((one) => !this.#isOurs(one)));
      if (own >= 0 || events.length === 0) break;
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
