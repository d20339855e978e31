// Matrix people, their logins and the ghosts, on Postgres; knows no meaning of a state.
import { as, type NetworkId, type PersonId, type PuppetId, type RoomId, type UserId } from '../model/ids.ts';
import type { Ghost, Person, Puppet, PuppetState } from '../model/records.ts';
import type { Language, Say } from '../model/say.ts';
import type { GhostStore, PersonStore, PuppetStore } from '../ports/stores.ts';
import { clean, guarded, type Db } from './db.ts';
import type { Tables } from './schema/tables.ts';

export class PostgresPersons implements PersonStore {
  readonly #db: Db;

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

  async save(person: Person): Promise<void> {
    const row = { user_id: person.user, language: person.language, management_room: person.managementRoom ?? null };
    await guarded('person', () =>
      this.#db.sql
        .insertInto('person')
        .values(row)
        .onConflict((on) => on.column('user_id').doUpdateSet(row))
        .execute(),
    );
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

  async ofOwner(owner: UserId): Promise<readonly Puppet[]> {
    return await this.#where({ owner });
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
    const row = {
      ...puppet,
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

  async setState(id: PuppetId, state: PuppetState, why?: Say): Promise<void> {
    const set = { state, why: why === undefined ? null : JSON.stringify(why) };
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

function puppetOf(row: Tables['puppet']): Puppet {
  return {
    id: as<PuppetId>(row.id),
    network: as<NetworkId>(row.network),
    owner: as<UserId>(row.owner),
    self: as<PersonId>(row.self),
    name: row.name,
    state: row.state as PuppetState,
    ...(row.why === null ? {} : { why: JSON.parse(row.why) as Say }),
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
