// What people see in the place of a row that could not be read: that something came there, and where to look. Pure.
import type { NetworkEvent } from '../../model/network-event.ts';
import { chatKind, isPersonal } from './ids.ts';
import { handlesOf, isPerson, overlap, parseJid } from './jid.ts';
import { placeholder, placeOf, type ReadContext, type WireMessage } from './place.ts';
import type { Row } from './state/row.ts';

/** @returns undefined where its chat cannot be told either, or has no room */
export function unreadNotice(context: ReadContext, row: Row): NetworkEvent | undefined {
  const place = placeOf(context, outlineOf(context, row), 'live');
  if (place === undefined || !(isPersonal(place.chat) || chatKind(place.chat) === 'group')) return undefined;
  return placeholder(place, 'unread');
}

/** Where and by whom, from the outside of the stanza alone. */
function outlineOf({ selfHandles }: ReadContext, { node: { attrs } }: Row): WireMessage {
  const { from, participant, recipient, id, t } = attrs;
  const author = handlesOf(participant ?? from);
  const fromMe = author !== undefined && overlap(author, selfHandles);
  const direct = isPerson(parseJid(from));
  return {
    key: {
      remoteJid: (fromMe && direct ? recipient : undefined) ?? from ?? null,
      remoteJidAlt: direct && !fromMe ? (attrs['sender_lid'] ?? attrs['sender_pn'] ?? null) : null,
      participant: direct ? null : (participant ?? null),
      participantAlt: attrs['participant_lid'] ?? attrs['participant_pn'] ?? null,
      fromMe,
      id: id ?? '',
    },
    messageTimestamp: Number(t ?? 0),
  };
}
