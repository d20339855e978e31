// Entries out of their lanes, waiting for people to decide: listed, found, rewritten, released, thrown away; knows no claims.
import type { EntryPayload, FoundEntry, ParkedEntry, QueueEntry } from '../model/entry.ts';
import { as, type EventId, type LaneId, type MessageId, type NetworkId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import { escapeNul, guarded, transaction, unescapeNul, type Db } from './db.ts';
import { entryOf, type Row } from './entry-row.ts';
import { entrySql } from './queue-sql.ts';

export class Parking {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async parked(limit: number): Promise<readonly ParkedEntry[]> {
    const { rows } = await guarded('parked', () =>
      this.#db.sync.query<{
        id: string;
        key: string;
        lane: string;
        code: string;
        say: string;
        received: string;
        payload: string;
      }>(
        `select id, key, lane, code, say, payload, extract(epoch from received_at) * 1000 as received
         from entry where parked order by id limit $1`,
        [limit],
      ),
    );
    return rows.map((row) => ({
      id: Number(row.id),
      key: unescapeNul(row.key),
      lane: as<LaneId>(unescapeNul(row.lane)),
      ...networkOf(row.payload),
      reason: row.code,
      say: JSON.parse(row.say) as Say,
      receivedAt: Math.round(Number(row.received)),
    }));
  }

  async parkedIn(lanes: readonly LaneId[], named: MessageId | EventId): Promise<readonly QueueEntry[]> {
    const { rows } = await guarded('parked', () =>
      this.#db.sync.query<Row>(
        `select ${entrySql} from entry e where e.parked and e.lane = any ($1) and strpos(e.payload, $2) > 0 order by e.id`,
        [lanes.map(escapeNul), JSON.stringify(named)],
      ),
    );
    return rows.map((row) => entryOf(row, null));
  }

  async find(key: string): Promise<FoundEntry | undefined> {
    const { rows } = await guarded('find', () =>
      this.#db.sync.query<Row & { parked: boolean }>(`select ${entrySql}, e.parked from entry e where e.key = $1`, [
        escapeNul(key),
      ]),
    );
    const [row] = rows;
    return row === undefined ? undefined : { ...entryOf(row, null), parked: row.parked };
  }

  async rewrite(id: number, payload: EntryPayload): Promise<boolean> {
    return await guarded('rewrite', () =>
      transaction(this.#db.sync, async (client) => {
        const done = await client.query('update entry set payload = $2 where id = $1 and parked', [
          id,
          JSON.stringify(payload),
        ]);
        if (done.rowCount !== 1) return false;
        await client.query('delete from entry_part where entry = $1', [id]);
        return true;
      }),
    );
  }

  async release(id: number): Promise<boolean> {
    return await guarded('release', () =>
      transaction(this.#db.sync, async (client) => {
        const { rows } = await client.query<{ lane: string }>(
          `update entry set parked = false, late = true, attempts = attempts + 1, told_slow = false, code = null, say = null
           where id = $1 and parked returning lane`,
          [id],
        );
        const lane = rows[0]?.lane;
        if (lane === undefined) return false;
        await client.query('update lane set pending = pending + 1, ready_at = now() where id = $1', [lane]);
        return true;
      }),
    );
  }

  async discard(id: number): Promise<boolean> {
    const { rowCount } = await guarded('discard', () =>
      this.#db.sync.query('delete from entry where id = $1 and parked', [id]),
    );
    return rowCount === 1;
  }
}

function networkOf(payload: string): Pick<ParkedEntry, 'network'> {
  const { from, event } = JSON.parse(payload) as { from: string; event?: { portal?: { network?: NetworkId } } };
  const network = from === 'network' ? event?.portal?.network : undefined;
  return network === undefined ? {} : { network };
}
