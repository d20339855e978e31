// Matrix people, their logins and the ghosts, on Postgres; knows no meaning of a state.
import type { Selectable } from 'kysely';
import { as, type NetworkId, type PersonId, type PuppetId, type RoomId, type UserId } from '../model/ids.ts';
import type { Ghost, Person, Puppet, PuppetState, Wait } from '../model/records.ts';
import type { Language, Say } from '../model/say.ts';
import type { GhostStore, PersonStore, PuppetStore } from '../ports/stores.ts';
import { clean, guarded, transaction, type Db } from './db.ts';
import type { Tables } from './schema/tables.ts';

/** No waits, as its column has it. */
const NOTHING = '[]';
/** How long one process waits for another that is making a person's room. */
const PATIENCE = `set local lock_timeout = '20s'`;

export class PostgresPersons implements PersonStore {
  readonly #db: Db;
  /** Making rooms takes one connection at a time, however many people are new. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(db: Db) {
    this.#db = db;
  }

  async find(user: UserId): Promise<Person | undefined> {
    const row = await guarded('person', () =>
      this.#db.sql.selectFrom('person').selectAll().where('user_id', '=', user).executeTakeFirst(),
    );
    return row === undefined ? undefined : personOf(row);
  }

  async byManagementRoom(room: RoomId): Promise<Person | undefined> {
    const row = await guarded('person', () =>
      this.#db.sql.selectFrom('person').selectAll().where('management_room', '=', room).executeTakeFirst(),
    );
    return row === undefined ? undefined : personOf(row);
  }

  async setLanguage(user: UserId, language: Language): Promise<void> {
    await guarded('person', () =>
      this.#db.sql
        .insertInto('person')
        .values({ user_id: user, language, management_room: null })
        .onConflict((on) => on.column('user_id').doUpdateSet({ language }))
        .execute(),
    );
  }

  async setRoom(user: UserId, room: RoomId, language: Language): Promise<void> {
    await guarded('person', () =>
      this.#db.sql
        .insertInto('person')
        .values({ user_id: user, language, management_room: room })
        .onConflict((on) => on.column('user_id').doUpdateSet({ management_room: room }))
        .execute(),
    );
  }

  async ensureRoom(user: UserId, language: Language, make: () => Promise<RoomId>): Promise<RoomId> {
    const mine = this.#turn.then(async () => await this.#ensureRoom(user, language, make));
    // Whoever asked hears of a failure; the next in line only waits for the end.
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  /** The person's row is locked while their room is being made: whoever comes second waits, and finds it. */
  async #ensureRoom(user: UserId, language: Language, make: () => Promise<RoomId>): Promise<RoomId> {
    return await guarded('person', () =>
      transaction(this.#db.sync, async (client) => {
        await client.query(PATIENCE);
        await client.query('insert into person (user_id, language) values ($1, $2) on conflict do nothing', [
          user,
          language,
        ]);
        const { rows } = await client.query<{ management_room: string | null }>(
          'select management_room from person where user_id = $1 for update',
          [user],
        );
        const known = rows[0]?.management_room ?? null;
        if (known !== null) return as<RoomId>(known);
        const room = await make();
        await client.query('update person set management_room = $2 where user_id = $1', [user, room]);
        return room;
      }),
    );
  }

  async forgetRoom(room: RoomId): Promise<UserId | undefined> {
    const row = await guarded('person', () =>
      this.#db.sql
        .updateTable('person')
        .set({ management_room: null })
        .where('management_room', '=', room)
        .returning('user_id')
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : as<UserId>(row.user_id);
  }
}

export class PostgresPuppets implements PuppetStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async find(id: PuppetId): Promise<Puppet | undefined> {
    return (await this.#where({ id }))[0];
  }

  async ofOwner(owner: UserId, network?: NetworkId): Promise<readonly Puppet[]> {
    return await this.#where(network === undefined ? { owner } : { owner, network });
  }

  async ofNetwork(network: NetworkId): Promise<readonly Puppet[]> {
    return await this.#where({ network });
  }

  async all(): Promise<readonly Puppet[]> {
    return await this.#where({});
  }

  async ofAccount(network: NetworkId, self: PersonId): Promise<readonly Puppet[]> {
    return await this.#where({ network, self });
  }

  async save(puppet: Puppet): Promise<void> {
    const { waits: _waits, ...plain } = puppet;
    const row = {
      ...plain,
      name: clean(puppet.name),
      why: puppet.why === undefined ? null : JSON.stringify(puppet.why),
    };
    await guarded('puppet', () =>
      this.#db.sql
        .insertInto('puppet')
        .values(row)
        .onConflict((on) => on.column('id').doUpdateSet(row))
        .execute(),
    );
  }

  async setState(id: PuppetId, state: PuppetState, why?: Say, waits: readonly Wait[] = []): Promise<void> {
    const set = { state, why: why === undefined ? null : JSON.stringify(why), waits: JSON.stringify(waits) };
    await guarded('puppet', () => this.#db.sql.updateTable('puppet').set(set).where('id', '=', id).execute());
  }

  async #where(match: Partial<Pick<Tables['puppet'], 'id' | 'owner' | 'network' | 'self'>>): Promise<Puppet[]> {
    let query = this.#db.sql.selectFrom('puppet').selectAll();
    for (const [column, value] of Object.entries(match)) query = query.where(column as 'id', '=', value);
    const rows = await guarded('puppet', () => query.orderBy('id').execute());
    return rows.map(puppetOf);
  }
}

export class PostgresGhosts implements GhostStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async find(network: NetworkId, person: PersonId): Promise<Ghost | undefined> {
    const row = await guarded('ghost', () =>
      this.#db.sql
        .selectFrom('ghost')
        .selectAll()
        .where('network', '=', network)
        .where('person', '=', person)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : ghostOf(row);
  }

  async byUser(user: UserId): Promise<Ghost | undefined> {
    const row = await guarded('ghost', () =>
      this.#db.sql.selectFrom('ghost').selectAll().where('user_id', '=', user).executeTakeFirst(),
    );
    return row === undefined ? undefined : ghostOf(row);
  }

  async save(ghost: Ghost): Promise<void> {
    const row = {
      network: ghost.network,
      person: ghost.person,
      user_id: ghost.user,
      name: clean(ghost.name) ?? null,
      avatar_hash: ghost.avatarHash ?? null,
      profiled_at: ghost.profiledAt === undefined ? null : String(Math.round(ghost.profiledAt)),
      registered: ghost.registered,
    };
    await guarded('ghost', () =>
      this.#db.sql
        .insertInto('ghost')
        .values(row)
        .onConflict((on) => on.columns(['network', 'person']).doUpdateSet(row))
        .execute(),
    );
  }
}

function personOf(row: Tables['person']): Person {
  const room = row.management_room === null ? {} : { managementRoom: as<RoomId>(row.management_room) };
  return { user: as<UserId>(row.user_id), language: row.language as Language, ...room };
}

function puppetOf(row: Selectable<Tables['puppet']>): Puppet {
  return {
    id: as<PuppetId>(row.id),
    network: as<NetworkId>(row.network),
    owner: as<UserId>(row.owner),
    self: as<PersonId>(row.self),
    name: row.name,
    state: row.state as PuppetState,
    ...(row.why === null ? {} : { why: JSON.parse(row.why) as Say }),
    ...(row.waits === NOTHING ? {} : { waits: JSON.parse(row.waits) as readonly Wait[] }),
  };
}

function ghostOf(row: Tables['ghost']): Ghost {
  return {
    network: as<NetworkId>(row.network),
    person: as<PersonId>(row.person),
    user: as<UserId>(row.user_id),
    registered: row.registered,
    ...(row.name === null ? {} : { name: row.name }),
    ...(row.avatar_hash === null ? {} : { avatarHash: row.avatar_hash }),
    ...(row.profiled_at === null ? {} : { profiledAt: Number(row.profiled_at) }),
  };
}
