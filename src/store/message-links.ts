// Which Matrix event is which remote message, and reactions alike, on Postgres; written by outcomes, read here.
import {
  as,
  parsePortalKey,
  portalKeyText,
  type EffectId,
  type EventId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type PortalKey,
  type PuppetId,
  type RoomId,
} from '../model/ids.ts';
import type { MessageLink, ReactionLink } from '../model/records.ts';
import type { MessageLinkStore } from '../ports/stores.ts';
import { clean, guarded, isOwnFault, type Db } from './db.ts';
import type { Tables } from './schema/tables.ts';
import { Together } from './together.ts';

const MOST_AT_ONCE = 100;

/** $1 portals, $2 messages, in pairs. */
const linksSql = `
select asked.n::int, link.* from unnest($1::text[], $2::text[]) with ordinality as asked (p, m, n)
join message_link link on link.portal = asked.p and link.message = asked.m order by link.part`;

interface Asked {
  readonly portal: string;
  readonly message: string;
}

type LinkRow = Tables['message_link'];

export class PostgresMessageLinks implements MessageLinkStore {
  readonly #db: Db;
  /** It is asked of every message: of those that come together, together. */
  readonly #asking: Together<Asked, readonly LinkRow[]>;

  constructor(db: Db) {
    this.#db = db;
    const commit = async (asked: readonly Asked[]): Promise<readonly (readonly LinkRow[])[]> => await this.#ask(asked);
    this.#asking = new Together({ apartMs: 0, most: MOST_AT_ONCE, commit, isOwnFault });
  }

  async byEvent(event: EventId): Promise<readonly MessageLink[]> {
    const rows = await guarded('link', () =>
      this.#db.sql.selectFrom('message_link').selectAll().where('event', '=', event).orderBy('part').execute(),
    );
    return rows.map(linkOf);
  }

  async byEvents(events: readonly EventId[]): Promise<readonly MessageLink[]> {
    if (events.length === 0) return [];
    const rows = await guarded('link', () =>
      this.#db.sql.selectFrom('message_link').selectAll().where('event', 'in', events).execute(),
    );
    return rows.map(linkOf);
  }

  async byMessage(portal: PortalKey, message: MessageId): Promise<readonly MessageLink[]> {
    const asked = { portal: portalKeyText(portal), message: clean(message as string) };
    return (await guarded('link', async () => await this.#asking.ask(asked))).map(linkOf);
  }

  async #ask(asked: readonly Asked[]): Promise<readonly (readonly LinkRow[])[]> {
    const values = [asked.map(({ portal }) => portal), asked.map(({ message }) => message)];
    const { rows } = await this.#db.sync.query<LinkRow & { n: number }>({ name: 'links', text: linksSql, values });
    const found = asked.map((): LinkRow[] => []);
    for (const row of rows) found[row.n - 1]?.push(row);
    return found;
  }

  async byEffect(effect: EffectId): Promise<MessageLink | undefined> {
    const row = await guarded('link', () =>
      this.#db.sql.selectFrom('message_link').selectAll().where('effect', '=', effect).executeTakeFirst(),
    );
    return row === undefined ? undefined : linkOf(row);
  }

  async anyIn(portal: PortalKey, direction?: MessageLink['direction']): Promise<boolean> {
    const all = this.#db.sql.selectFrom('message_link').select('effect').where('portal', '=', portalKeyText(portal));
    const asked = direction === undefined ? all : all.where('direction', '=', direction);
    return (await guarded('link', () => asked.limit(1).executeTakeFirst())) !== undefined;
  }

  async byReceiver(network: NetworkId, receiver: PuppetId, message: MessageId): Promise<MessageLink | undefined> {
    const row = await guarded('link', () =>
      this.#db.sql
        .selectFrom('message_link')
        .selectAll()
        .where('receiver', '=', receiver)
        .where('message', '=', message)
        .where('network', '=', network)
        .orderBy('at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : linkOf(row);
  }

  async reaction(portal: PortalKey, message: MessageId, person: PersonId): Promise<ReactionLink | undefined> {
    const row = await guarded('reaction', () =>
      this.#db.sql
        .selectFrom('reaction_link')
        .selectAll()
        .where('portal', '=', portalKeyText(portal))
        .where('message', '=', message)
        .where('person', '=', person)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : reactionOf(row);
  }

  async reactionByEvent(event: EventId): Promise<ReactionLink | undefined> {
    const row = await guarded('reaction', () =>
      this.#db.sql.selectFrom('reaction_link').selectAll().where('event', '=', event).executeTakeFirst(),
    );
    return row === undefined ? undefined : reactionOf(row);
  }
}

function linkOf(row: Tables['message_link']): MessageLink {
  return {
    portal: parsePortalKey(row.portal),
    message: as<MessageId>(row.message),
    part: row.part,
    event: as<EventId>(row.event),
    room: as<RoomId>(row.room),
    effect: as<EffectId>(row.effect),
    direction: row.direction as MessageLink['direction'],
    sender: row.sender,
    at: Number(row.at),
    ...(row.edited_at === null ? {} : { editedAt: Number(row.edited_at) }),
    ...(row.removed ? { removed: true } : {}),
  };
}

function reactionOf(row: Tables['reaction_link']): ReactionLink {
  return {
    portal: parsePortalKey(row.portal),
    message: as<MessageId>(row.message),
    person: as<PersonId>(row.person),
    event: as<EventId>(row.event),
    emoji: row.emoji,
  };
}
