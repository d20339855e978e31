// Keeps what an entry's effects came to: links, edits, removals, reactions; runs inside its caller's transaction.
import { portalKeyText } from '../model/ids.ts';
import type { Outcome } from '../model/entry.ts';
import type { MessageLink } from '../model/records.ts';
import { clean } from './db.ts';

export interface Querier {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** In the order of linkValues(). */
export const linkColumns =
  'effect, portal, network, receiver, message, part, event, room, direction, sender, at, edited_at, removed';

const linkSql = `
insert into message_link (${linkColumns})
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[],
  $10::text[], $11::bigint[], $12::bigint[], $13::boolean[]) on conflict (effect) do nothing`;

export function linkValues(links: readonly MessageLink[]): unknown[] {
  return [
    links.map((link) => link.effect),
    links.map((link) => clean(portalKeyText(link.portal))),
    links.map((link) => link.portal.network),
    links.map((link) => link.portal.receiver ?? null),
    links.map((link) => clean(link.message)),
    links.map((link) => link.part),
    links.map((link) => link.event),
    links.map((link) => link.room),
    links.map((link) => link.direction),
    links.map((link) => link.sender),
    links.map((link) => Math.round(link.at)),
    links.map((link) => (link.editedAt === undefined ? null : Math.round(link.editedAt))),
    links.map((link) => link.removed ?? false),
  ];
}

/** Nothing but links: may be settled together with others in one statement. */
export function onlyLinks(outcome: Outcome): boolean {
  return [outcome.edited, outcome.removed, outcome.reactions, outcome.unreacted].every(
    (list) => list === undefined || list.length === 0,
  );
}

export async function keepOutcome(client: Querier, outcome: Outcome): Promise<void> {
  if (outcome.links !== undefined && outcome.links.length > 0) await client.query(linkSql, linkValues(outcome.links));
  for (const edit of outcome.edited ?? []) {
    await client.query('update message_link set edited_at = greatest(coalesce(edited_at, 0), $2) where effect = $1', [
      edit.effect,
      Math.round(edit.editedAt),
    ]);
  }
  if (outcome.removed !== undefined && outcome.removed.length > 0) {
    await client.query('update message_link set removed = true where effect = any($1)', [outcome.removed]);
  }
  for (const gone of outcome.unreacted ?? []) {
    await client.query('delete from reaction_link where event = $1', [gone.event]);
  }
  for (const reaction of outcome.reactions ?? []) {
    await client.query(
      `insert into reaction_link (portal, message, person, event, emoji) values ($1, $2, $3, $4, $5)
       on conflict (portal, message, person) do update set event = excluded.event, emoji = excluded.emoji`,
      [
        clean(portalKeyText(reaction.portal)),
        clean(reaction.message),
        clean(reaction.person),
        reaction.event,
        clean(reaction.emoji),
      ],
    );
  }
}
