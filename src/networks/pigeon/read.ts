// The toy server's log entries and passing news to what the house understands; pure: no wire, no store. Trusts nothing it reads.
import type { ChatSnapshot, PersonSnapshot } from '../../model/chat.ts';
import { originKey } from '../../model/effect.ts';
import type { ChatId, MessageId, PersonId, PortalKey } from '../../model/ids.ts';
import { plainText, type MessageBody } from '../../model/message.ts';
import type { EphemeralEvent, NetworkEvent, Origin } from '../../model/network-event.ts';
import { chatKind } from './ids.ts';

export type PortalOf = (chat: ChatId, kind: ChatSnapshot['kind']) => PortalKey;
type Fields = Readonly<Record<string, unknown>>;

/** A line of the log: its entries are numbered from `first`. Undefined when the line is none. */
export function readLog(line: Fields | undefined): { first: number; entries: readonly unknown[] } | undefined {
  const { first, log } = line ?? {};
  return Number.isSafeInteger(first) && Array.isArray(log) ? { first: Number(first), entries: log } : undefined;
}

/** Undefined when not even its chat can be read. What is not understood within a chat becomes `unreadable`, never nothing. */
export function readEntry(entry: unknown, number: number, portalOf: PortalOf): NetworkEvent | undefined {
  const fields = isFields(entry) ? entry : {};
  const portal = portalFor(fields, portalOf);
  const sender = id<PersonId>(fields['by']);
  if (portal === undefined || sender === undefined) return undefined;
  const no = Number.isSafeInteger(fields['no']) ? String(fields['no']) : `unnumbered-${number}`;
  const at = Number.isSafeInteger(fields['at']) ? Number(fields['at']) : 0;
  const origin = (kind: string, about: string, revision = no): Origin => ({
    key: originKey(portal, kind, about, revision),
    portal,
    sender,
    at,
    via: 'live',
  });
  return readKind(fields, origin) ?? { ...origin('unreadable', no), kind: 'unreadable', what: 'kind.other' };
}

type MakeOrigin = (kind: string, about: string, revision?: string) => Origin;

function readKind(fields: Fields, origin: MakeOrigin): NetworkEvent | undefined {
  const kind = fields['kind'];
  const message = id<MessageId>(fields['message']);
  const parts = bodyOf(fields['text']);
  if (kind === 'message' && message !== undefined && parts !== undefined) {
    const replyTo = id<MessageId>(fields['replyTo']);
    const reply = replyTo === undefined ? {} : { replyTo };
    return { ...origin('message', message, ''), kind, message, parts, ...reply };
  }
  if (kind === 'edit' && message !== undefined && parts !== undefined) {
    const made = origin('edit', message);
    return { ...made, kind, target: message, parts, editedAt: made.at };
  }
  if (kind === 'removal' && message !== undefined) return { ...origin('removal', message, ''), kind, target: message };
  if (kind === 'reaction' && message !== undefined) {
    const emoji = typeof fields['emoji'] === 'string' && fields['emoji'] !== '' ? fields['emoji'] : null;
    return { ...origin('reaction', message), kind, target: message, emoji };
  }
  const person = id<PersonId>(fields['person']);
  const now = fields['now'];
  if (kind === 'member' && person !== undefined && (now === 'in' || now === 'out')) {
    return { ...origin('membership', person), kind: 'membership', person, now };
  }
  if (kind === 'chat' && typeof fields['name'] === 'string') {
    return { ...origin('chat', 'name'), kind: 'chat', change: { name: fields['name'] } };
  }
  const snapshot = kind === 'person' ? readPerson(fields['person']) : undefined;
  return snapshot === undefined ? undefined : { ...origin('person', snapshot.id), kind: 'person', person: snapshot };
}

export function readPassing(line: Fields | undefined, portalOf: PortalOf): EphemeralEvent | undefined {
  const fields = isFields(line?.['passing']) ? line['passing'] : {};
  const portal = portalFor(fields, portalOf);
  const person = id<PersonId>(fields['by']);
  if (portal === undefined || person === undefined) return undefined;
  if (fields['kind'] === 'typing') return { portal, person, kind: 'typing', active: fields['active'] === true };
  const upTo = id<MessageId>(fields['upTo']);
  return fields['kind'] === 'read' && upTo !== undefined ? { portal, person, kind: 'read', upTo } : undefined;
}

export function readPerson(value: unknown): PersonSnapshot | undefined {
  const fields = isFields(value) ? value : {};
  const person = id<PersonId>(fields['id']);
  if (person === undefined) return undefined;
  const { name, handle } = fields;
  return {
    id: person,
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(typeof handle === 'string' && handle !== '' ? { username: handle } : {}),
  };
}

/** In a direct chat the other person and nobody else. */
export function readChat(value: Fields, self: PersonId): { chat: ChatSnapshot; people: PersonSnapshot[] } | undefined {
  const chat = id<ChatId>(value['id']);
  if (chat === undefined || !Array.isArray(value['people'])) return undefined;
  const kind = chatKind(chat);
  const all = value['people'].map(readPerson).filter((one) => one !== undefined);
  const people = kind === 'direct' && all.length > 1 ? all.filter((one) => one.id !== self) : all;
  const name = typeof value['name'] === 'string' ? { name: value['name'] } : {};
  const members = people.map((one) => ({ person: one.id, role: 'member' as const }));
  return { chat: { id: chat, kind, ...name, members }, people };
}

function portalFor(fields: Fields, portalOf: PortalOf): PortalKey | undefined {
  const chat = id<ChatId>(fields['chat']);
  return chat === undefined ? undefined : portalOf(chat, chatKind(chat));
}

function bodyOf(text: unknown): readonly MessageBody[] | undefined {
  return typeof text === 'string' && text !== '' ? [{ kind: 'text', text: plainText(text), as: 'text' }] : undefined;
}

function id<Id extends ChatId | MessageId | PersonId>(value: unknown): Id | undefined {
  return typeof value === 'string' && /^[a-z]?[\d-]{1,40}$/.test(value) ? (value as Id) : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
