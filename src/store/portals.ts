// Which room is which chat, on Postgres; knows no rooms' contents.
import {
  as,
  parsePortalKey,
  portalKeyText,
  type ChatId,
  type PersonId,
  type PortalKey,
  type PuppetId,
  type RoomId,
} from '../model/ids.ts';
import type { Portal, PortalState } from '../model/records.ts';
import type { PortalChange, PortalFilter, PortalStore } from '../ports/stores.ts';
import { clean, guarded, type Db } from './db.ts';
import type { Notices } from './notices.ts';
import type { Tables } from './schema/tables.ts';

export class PostgresPortals implements PortalStore {
  readonly #db: Db;
  readonly #notices: Notices;

  constructor(db: Db, notices: Notices) {
    this.#db = db;
    this.#notices = notices;
  }

  async byKey(key: PortalKey): Promise<Portal | undefined> {
    const row = await guarded('portal', () =>
      this.#db.sql.selectFrom('portal').selectAll().where('key', '=', portalKeyText(key)).executeTakeFirst(),
    );
    return row === undefined ? undefined : portalOf(row);
  }

  async byRoom(room: RoomId): Promise<Portal | undefined> {
    const row = await guarded('portal', () =>
      this.#db.sql.selectFrom('portal').selectAll().where('room', '=', room).executeTakeFirst(),
    );
    return row === undefined ? undefined : portalOf(row);
  }

  async add(portal: Portal): Promise<Portal> {
    const row = {
      key: portalKeyText(portal.key),
      network: portal.key.network,
      chat: clean(portal.key.chat as string),
      receiver: portal.key.receiver ?? null,
      room: portal.room ?? null,
      kind: portal.kind,
      name: clean(portal.name) ?? null,
      person: portal.person ?? null,
      state: portal.state,
      reader: portal.reader ?? null,
      encrypted: portal.encrypted,
      facts: JSON.stringify(portal.facts),
      away: portal.away,
      into_chat: portal.into ?? null,
    };
    const added = await guarded('portal', () =>
      this.#db.sql
        .insertInto('portal')
        .values(row)
        .onConflict((on) => on.column('key').doNothing())
        .executeTakeFirst(),
    );
    return added.numInsertedOrUpdatedRows === 0n ? ((await this.byKey(portal.key)) ?? portal) : portal;
  }

  /** One statement over the columns that are named: Postgres lets it wait for, and see, whatever another process writes first. */
  async change(
    key: PortalKey,
    change: PortalChange,
    whileIn?: RoomId,
    whileOf?: readonly string[],
  ): Promise<Portal | undefined> {
    const set = changed(change);
    if (Object.keys(set).length === 0) return await this.byKey(key);
    let query = this.#db.sql.updateTable('portal').set(set).where('key', '=', portalKeyText(key));
    if (whileIn !== undefined) query = query.where('room', '=', whileIn);
    if (whileOf !== undefined) query = query.where('facts', '=', JSON.stringify(whileOf));
    const row = await guarded('portal', () => query.returningAll().executeTakeFirst());
    return row === undefined ? undefined : portalOf(row);
  }

  async join(from: PortalKey, to: PortalKey): Promise<Portal | undefined> {
    const keys = [from, to].map((key) => clean(portalKeyText(key)));
    const joined = await guarded('portal', () =>
      this.#db.sync.query<{ joined: boolean }>('select join_chats($1, $2, $3) as joined', [
        ...keys,
        clean(to.chat as string),
      ]),
    );
    return joined.rows[0]?.joined === true ? await this.byKey(to) : undefined;
  }

  onChange(changed: (key: string | undefined) => void): () => void {
    return this.#notices.on('passerelle_portal', (said) => changed(said === '' ? undefined : said));
  }

  async list(filter: PortalFilter): Promise<readonly Portal[]> {
    let query = this.#db.sql.selectFrom('portal').selectAll();
    if (filter.network !== undefined) query = query.where('network', '=', filter.network);
    if (filter.state !== undefined) query = query.where('state', '=', filter.state);
    if (filter.receiver !== undefined) query = query.where('receiver', '=', filter.receiver);
    if (filter.chat !== undefined) query = query.where('chat', '=', filter.chat);
    if (filter.into !== undefined) query = query.where('into_chat', '=', clean(filter.into as string));
    const rows = await guarded('portal', () => query.orderBy('key').execute());
    return rows.map(portalOf);
  }

  async count(): Promise<number> {
    const row = await guarded('portal', () =>
      this.#db.sql
        .selectFrom('portal')
        .select((all) => all.fn.countAll<string>().as('n'))
        .executeTakeFirst(),
    );
    return Number(row?.n ?? 0);
  }
}

function changed({ facts, name, ...rest }: PortalChange): Partial<Tables['portal']> {
  return {
    ...rest,
    ...(name === undefined ? {} : { name: clean(name) }),
    ...(facts === undefined ? {} : { facts: JSON.stringify(facts) }),
  };
}

function portalOf(row: Tables['portal']): Portal {
  return {
    key: parsePortalKey(row.key),
    kind: row.kind as Portal['kind'],
    state: row.state as PortalState,
    encrypted: row.encrypted,
    facts: JSON.parse(row.facts) as string[],
    away: row.away,
    ...(row.room === null ? {} : { room: as<RoomId>(row.room) }),
    ...(row.into_chat === null ? {} : { into: as<ChatId>(row.into_chat) }),
    ...(row.name === null ? {} : { name: row.name }),
    ...(row.person === null ? {} : { person: as<PersonId>(row.person) }),
    ...(row.reader === null ? {} : { reader: as<PuppetId>(row.reader) }),
  };
}
