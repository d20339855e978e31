// What others said in a room before a message, by the homeserver's order and the links of its events. Knows no wire.
import { portalKeyText, type MessageId } from '../model/ids.ts';
import type { MessageLink } from '../model/records.ts';
import type { FlowDoors } from './doors.ts';

/** Events that are looked at. */
const MOST_LOOKED = 200;

export interface Reading {
  readonly link: MessageLink;
  /** Who speaks for the reader, on either side. */
  readonly own: readonly string[];
  /** Up to here it was read before; undefined where nobody knows. */
  readonly mark: MessageId | undefined;
}

/** Oldest first; not the message itself. @throws BridgeError while the homeserver or the database is away */
export async function saidBefore(
  { links, matrix }: Pick<FlowDoors, 'links' | 'matrix'>,
  { link: { portal, room, event, message }, own, mark }: Reading,
): Promise<readonly MessageId[]> {
  const chat = portalKeyText(portal);
  const said = new Set<MessageId>();
  let from = event;
  for (let looked = 0; looked < MOST_LOOKED;) {
    const events = (await matrix.eventsBefore(room, from)).slice(0, MOST_LOOKED - looked);
    const found = (await links.byEvents(events)).filter((link) => portalKeyText(link.portal) === chat);
    for (const link of events.flatMap((one) => found.filter((link) => link.event === one))) {
      if (link.message === mark) return [...said].toReversed();
      if (link.message !== message && !own.includes(link.sender)) said.add(link.message);
    }
    const oldest = events.at(-1);
    if (oldest === undefined) break;
    from = oldest;
    looked += events.length;
  }
  return [...said].toReversed();
}
