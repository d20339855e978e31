// Typing, receipts and presence, from stanzas to what the house glimpses; pure, kept nowhere.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { as, type ChatId, type MessageId, type PersonId, type PortalKey } from '../../model/ids.ts';
import type { EphemeralEvent } from '../../model/network-event.ts';
import { messageId } from './ids.ts';
import { handlesOf, isPerson, overlap, parseJid } from './jid.ts';
import { childrenOf } from './notifications.ts';
import { momentOf, personOf, type ReadContext } from './place.ts';

/** More than one only of a group's receipts that were kept for us. */
export function glimpsesOf(context: ReadContext, node: BinaryNode): readonly EphemeralEvent[] {
  if (node.tag === 'chatstate') return listed(typingOf(context, node));
  if (node.tag === 'presence') return listed(presenceOf(context, node));
  return receiptsIn(node).flatMap((one) => listed(readOf(context, one)));
}

function listed<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one];
}

/**
 * What the server kept of a group's receipts comes as one stanza, by message and in it by person (whatsmeow, receipt.go):
 * `<participants key="…"><user jid="…" t="…"/></participants>`; here each as if it had come alone.
 */
function receiptsIn(node: BinaryNode): readonly BinaryNode[] {
  if (node.tag !== 'receipt') return [];
  const messages = childrenOf(node).filter(({ tag }) => tag === 'participants');
  if (messages.length === 0 || node.attrs['participant'] !== undefined) return [node];
  return messages.flatMap((message) =>
    childrenOf(message).flatMap(({ tag, attrs: { jid, t } }): BinaryNode[] => {
      const { key } = message.attrs;
      if (tag !== 'user' || key === undefined || jid === undefined) return [];
      const attrs = { ...node.attrs, id: key, participant: jid, ...(t === undefined ? {} : { t }) };
      return [{ tag: 'receipt', attrs }];
    }),
  );
}

/** Without a type somebody is there. Of groups and of oneself nothing is told. */
function presenceOf(context: ReadContext, { attrs }: BinaryNode): EphemeralEvent | undefined {
  const { from, type = 'available' } = attrs;
  const who = handlesOf(from);
  const chat = chatOf(context, from);
  if (who === undefined || chat === undefined || (type !== 'available' && type !== 'unavailable')) return undefined;
  return { kind: 'presence', ...chat, person: personOf(context, who), online: type === 'available' };
}

function typingOf(context: ReadContext, { attrs, content }: BinaryNode): EphemeralEvent | undefined {
  const [state] = Array.isArray(content) ? content : [];
  const chat = chatOf(context, attrs['from']);
  const who = handlesOf(attrs['participant'] ?? attrs['from']);
  if (state === undefined || chat === undefined || who === undefined || overlap(who, context.selfHandles))
    return undefined;
  return { kind: 'typing', ...chat, person: personOf(context, who), active: state.tag === 'composing' };
}

/** Somebody read what we wrote, or we read on the phone what they wrote. */
function readOf(context: ReadContext, node: BinaryNode): EphemeralEvent | undefined {
  const { from, participant, recipient, type, id } = node.attrs;
  if (type !== 'read' && type !== 'read-self') return undefined;
  const reader = handlesOf(participant ?? from);
  if (reader === undefined) return undefined;
  const person = personOf(context, reader);
  const own = person === context.self;
  const direct = isPerson(parseJid(from));
  const chat = chatOf(context, direct && own ? recipient : from);
  if (chat === undefined) return undefined;
  const author = own ? handlesOf(recipient) : undefined;
  const last = idsIn(node).at(-1) ?? id ?? '';
  const upTo = messageId(author === undefined ? context.self : personOf(context, author), last);
  return { kind: 'read', ...chat, person, upTo };
}

/** A device of somebody has what we wrote. */
export interface Arrival {
  readonly portal: PortalKey;
  readonly person: PersonId;
  /** Oldest first. */
  readonly messages: readonly MessageId[];
}

/**
 * Of a group, that somebody read it says so as well: the receipt before may have been lost. `inactive` is a browser that is open on
 * some desk, and no telephone; `sender` one of our own devices.
 */
export function arrivalsOf(context: ReadContext, node: BinaryNode): readonly Arrival[] {
  return receiptsIn(node).flatMap((one) => listed(arrivalOf(context, one)));
}

function arrivalOf(context: ReadContext, node: BinaryNode): Arrival | undefined {
  const { from, participant, type = '', id } = node.attrs;
  const chat = chatOf(context, from);
  const who = handlesOf(participant ?? from);
  if (chat === undefined || who === undefined || id === undefined || overlap(who, context.selfHandles))
    return undefined;
  if (type !== '' && !(type === 'read' && participant !== undefined)) return undefined;
  const messages = [id, ...idsIn(node)].map((one) => messageId(context.self, one));
  return { ...chat, person: personOf(context, who), messages };
}

/** When the account's own phone sent this, if it did; epoch ms. */
export function ownPhoneAt(context: ReadContext, { attrs }: BinaryNode): number | undefined {
  const from = attrs['participant'] ?? attrs['from'];
  const who = handlesOf(from);
  if (who === undefined || parseJid(from)?.device !== 0 || !overlap(who, context.selfHandles)) return undefined;
  return momentOf(attrs['t'], context.now());
}

/** What one receipt is about besides the message that it bears the id of. */
function idsIn(node: BinaryNode): readonly string[] {
  const [list] = childrenOf(node).filter(({ tag }) => tag === 'list');
  return list === undefined ? [] : childrenOf(list).flatMap(({ attrs }) => attrs['id'] ?? []);
}

function chatOf(context: ReadContext, jid: unknown): Pick<EphemeralEvent, 'portal'> | undefined {
  const parsed = parseJid(jid);
  if (parsed === undefined) return undefined;
  if (parsed.kind === 'group') return { portal: context.portal(context.names.chat(parsed), 'group') };
  const handles = handlesOf(jid);
  if (handles === undefined || overlap(handles, context.selfHandles)) return undefined;
  const chat = as<ChatId>(context.person(handles));
  return { portal: context.portal(chat, 'direct') };
}
