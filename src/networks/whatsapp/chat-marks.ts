// What the settings that an account's devices share say of its chats: marked as unread, muted, pinned, archived. Pure.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { ChatMarks } from '../../model/chat.ts';

/** One shared setting as a device changed it. */
export interface Setting {
  /** What is set, then whom it is about: `["mute", "123@lid"]`. */
  readonly index: readonly string[];
  readonly value: proto.ISyncActionValue | null | undefined;
  readonly removed: boolean;
}

export interface Kept {
  readonly unread: boolean;
  readonly pinned: boolean;
  readonly archived: boolean;
  /** Epoch ms; 0 = not muted, FOR_EVER. */
  readonly mutedUntil: number;
}

/** As on the wire. */
export const FOR_EVER = -1;

export const AS_IT_COMES: Kept = { unread: false, pinned: false, archived: false, mutedUntil: 0 };

/** Where it keeps the address book, see contacts.ts. */
export const CONTACTS = 'critical_unblock_low';

/** Where WhatsApp keeps what. */
export const COLLECTIONS = {
  regular_low: ['unread', 'pinned', 'archived'],
  regular_high: ['mutedUntil'],
  [CONTACTS]: [],
} as const;
export type CollectionName = keyof typeof COLLECTIONS;

export function isCollection(name: unknown): name is CollectionName {
  return typeof name === 'string' && Object.hasOwn(COLLECTIONS, name);
}

const READERS: Readonly<Record<string, (value: proto.ISyncActionValue, now: number) => Partial<Kept>>> = {
  mute: ({ muteAction }, now) => ({ mutedUntil: muteAction?.muted === true ? endOf(muteAction, now) : 0 }),
  pin_v1: ({ pinAction }) => ({ pinned: pinAction?.pinned === true }),
  archive: ({ archiveChatAction }) => ({ archived: archiveChatAction?.archived === true }),
  markChatAsRead: ({ markChatAsReadAction }) => ({ unread: markChatAsReadAction?.read === false }),
};

/** @returns undefined for what is of no chat, or says nothing of the kind */
export function readSetting(
  { index: [kind = '', jid], value, removed }: Setting,
  now: number,
): { readonly jid: string; readonly change: Partial<Kept> } | undefined {
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (read === undefined || jid === undefined) return undefined;
  return { jid, change: read(removed ? {} : (value ?? {}), now) };
}

/** A mute that is over is none. */
function endOf({ muteEndTimestamp }: proto.SyncActionValue.IMuteAction, now: number): number {
  const end = Number(muteEndTimestamp ?? 0);
  if (!Number.isSafeInteger(end) || end <= 0) return FOR_EVER;
  return end > now ? end : 0;
}

/** What the house is told when a chat is kept otherwise than before. */
export function differences(before: Kept, after: Kept): ChatMarks {
  const [was, is] = [marksOf(before), marksOf(after)];
  return Object.fromEntries(Object.entries(is).filter(([mark, on]) => was[mark as keyof ChatMarks] !== on));
}

function marksOf({ unread, pinned, archived, mutedUntil }: Kept): Required<ChatMarks> {
  return { unread, muted: mutedUntil !== 0, pinned, archived };
}
