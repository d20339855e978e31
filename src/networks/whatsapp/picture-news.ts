// Whose picture is to be looked at, from what was accepted: those who spoke, and those who are said to have another one. Pure.
import type { ChatId, PersonId, PortalKey } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import { personPicturedIn } from './notifications.ts';
import { personOf, type ReadContext } from './place.ts';
import type { Row } from './state/row.ts';

export interface Wonder {
  readonly person: PersonId;
  /** Where what becomes of it is told. */
  readonly portal: PortalKey;
  /** It is known to be another than before. */
  readonly anew: boolean;
}

export function pictured(
  context: ReadContext,
  events: readonly NetworkEvent[],
  rows: readonly Pick<Row, 'node'>[],
): readonly Wonder[] {
  const spoke = events.filter(({ kind }) => kind === 'message');
  const changed = rows.flatMap(({ node }) => personPicturedIn(node) ?? []);
  return [
    ...spoke.map(({ sender, portal }) => ({ person: sender, portal, anew: false })),
    ...changed.map((handles): Wonder => {
      const person = personOf(context, handles);
      return { person, portal: context.portal(person as string as ChatId, 'direct'), anew: true };
    }),
  ];
}
