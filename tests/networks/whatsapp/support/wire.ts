// Messages as WhatsApp's library hands them over, made of real protobufs, and a house that reads them; knows no socket.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { ChatId, PersonId, PortalKey, PuppetId } from '../../../../src/model/ids.ts';
import { Names, WHATSAPP } from '../../../../src/networks/whatsapp/ids.ts';
import { PeopleBook } from '../../../../src/networks/whatsapp/people-book.ts';
import type { ReadContext, WireMessage } from '../../../../src/networks/whatsapp/place.ts';

export const GROUP = '120363041234567890@g.us';
/** Addresses; the login itself is `1@lid`. */
export const ME = { lid: '1@lid', pn: '3361@s.whatsapp.net' };
export const ALICE = { lid: '5@lid', pn: '3365@s.whatsapp.net' };
export const BOB = { lid: '6@lid', pn: '3366@s.whatsapp.net' };

/** What only an account's own devices say to each other. */
export const SELF_ONLY = [
  'HISTORY_SYNC_NOTIFICATION',
  'APP_STATE_SYNC_KEY_SHARE',
  'APP_STATE_SYNC_KEY_REQUEST',
  'APP_STATE_FATAL_EXCEPTION_NOTIFICATION',
  'INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC',
  'PEER_DATA_OPERATION_REQUEST_MESSAGE',
  'PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE',
  'LID_MIGRATION_MAPPING_SYNC',
  'MSG_FANOUT_BACKFILL_REQUEST',
  'EPHEMERAL_SYNC_RESPONSE',
] as const;

export const names = new Names(Buffer.alloc(32, 7));

export function contextWith(more: Partial<ReadContext> = {}): ReadContext {
  const book = new PeopleBook(names);
  for (const [lid, pn] of [
    ['1', '3361'],
    ['5', '3365'],
    ['6', '3366'],
  ]) {
    book.person({ lid: lid ?? '', pn: pn ?? '' }, 0);
  }
  return {
    self: 'l1' as PersonId,
    selfHandles: { lid: '1', pn: '3361' },
    names,
    person: (handles) => book.person(handles, 1),
    nameOf: (person) => (person === 'l6' ? 'Bob' : undefined),
    portal: (chat: ChatId, kind): PortalKey =>
      kind === 'direct' ? { network: WHATSAPP, chat, receiver: 'wa-me' as PuppetId } : { network: WHATSAPP, chat },
    announcements: () => undefined,
    removesHere: false,
    now: () => 77_000,
    ...more,
  };
}

/** Through the wire and back: instances with their defaults, as the decoder makes them. */
export function decoded(message: proto.IMessage): proto.IMessage {
  return proto.Message.decode(proto.Message.encode(proto.Message.fromObject(message)).finish());
}

export type Key = NonNullable<WireMessage['key']>;

export function wire(
  message: proto.IMessage | undefined,
  key: Partial<Key> = {},
  more: Partial<WireMessage> = {},
): WireMessage {
  return {
    key: { remoteJid: ALICE.lid, fromMe: false, id: 'M1', ...key },
    messageTimestamp: 1000,
    ...(message === undefined ? {} : { message: decoded(message) }),
    ...more,
  };
}

export function inGroup(
  message: proto.IMessage | undefined,
  key: Partial<Key> = {},
  more: Partial<WireMessage> = {},
): WireMessage {
  return wire(message, { remoteJid: GROUP, participant: ALICE.lid, ...key }, more);
}
