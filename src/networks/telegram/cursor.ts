// How the place in the stream is kept in the vault, with a short memory of which chat the newest messages belong to. Pure.
import { as, type ChatId, type MessageId } from '../../model/ids.ts';
import type { Cursor } from './gaps.ts';

export const CURSOR_KEY = 'cursor';
export const SESSION_KEY = 'session';
export const FLOOD_KEY = 'flood';
export const PEER_PREFIX = 'peer:';
/** When the person was last told of chats that are not bridged; and of each such chat, what is known. */
export const UNBRIDGED_KEY = 'unbridged';
export const UNBRIDGED_PREFIX = 'unbridged:';

/** Deletions name no chat: what is not linked yet is found here. */
const MOST_KEPT = 64;
const MOST_REMEMBERED = 5_000;

export class ChatMemory {
  readonly #chats = new Map<MessageId, ChatId>();

  remember(message: MessageId, chat: ChatId): void {
    this.#chats.delete(message);
    this.#chats.set(message, chat);
    if (this.#chats.size <= MOST_REMEMBERED) return;
    const oldest = this.#chats.keys().next();
    if (oldest.done !== true) this.#chats.delete(oldest.value);
  }

  chatOf(message: MessageId): ChatId | undefined {
    return this.#chats.get(message);
  }

  newest(): readonly (readonly [MessageId, ChatId])[] {
    return [...this.#chats].slice(-MOST_KEPT);
  }
}

export function packCursor(cursor: Cursor, memory: ChatMemory): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, ...cursor, recent: memory.newest() }));
}

/** @throws Error when the bytes are not a packed cursor */
export function unpackCursor(bytes: Uint8Array, memory: ChatMemory): Cursor {
  const { v, pts, qts, date, seq, recent } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  if (
    v !== 1 ||
    typeof pts !== 'number' ||
    typeof qts !== 'number' ||
    typeof date !== 'number' ||
    typeof seq !== 'number'
  ) {
    throw new Error('not a telegram cursor');
  }
  for (const pair of Array.isArray(recent) ? (recent as unknown[]) : []) {
    if (!Array.isArray(pair)) continue;
    const [message, chat] = pair as unknown[];
    if (typeof message === 'string' && typeof chat === 'string')
      memory.remember(as<MessageId>(message), as<ChatId>(chat));
  }
  return { pts, qts, date, seq };
}
