// Which Matrix event is which remote message, and and reactions alike, on Postgres; written by outcomes, read here.
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
import { clean, guarded, type Db } from './db.ts';
import type { Tables } from './schema/tables.ts';

export class PostgresMessageLinks implements MessageLinkStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async byEvent(event: EventId): Promise<readonly MessageLink[]> {
    const rows = await guarded('link', () =>
      this.#db.sql.selectFrom('message_link').selectAll().where('event', '=', event).orderBy('part').execute(),
    );
    return rows.map(linkOf);
  }

  async byMessage(portal: PortalKey, message: MessageId): Promise<readonly MessageLink[]> {
    // Asked of every message: known to the database by its name.
    const { rows } = await guarded('link', () =>
      this.#db.sync.query<Tables['message_link']>({
        name: 'links-of-message',
        text: 'select * from message_link where portal = $1 and message = $2 order by part',
        values: [portalKeyText(portal), clean(message as string)],
      }),
    );
    return rows.map(linkOf);
  }

  async byEffect(effect: EffectId): Promise<MessageLink | undefined> {
    const row = await guarded('link', () =>
      this.#db.sql.selectFrom('message_link').selectAll().where('effect', '=', effect).executeTakeFirst(),
    );
    return row === undefined ? undefined : linkOf(row);
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
