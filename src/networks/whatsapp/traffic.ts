// Whether anything was ever said in a private chat, as the login remembers it: what its pacing takes for a new chat. Knows no line.
import type { ChatId } from '../../model/ids.ts';
import type { ChatBook } from './chat-book.ts';
import type { Pacing } from './pacing.ts';

interface Remembered {
  readonly chats: Pick<ChatBook, 'chat'>;
  /** Absent only in tests. */
  readonly pacing: Pick<Pacing, 'hasBegun'> | undefined;
}

export function hasTraffic({ chats, pacing }: Remembered, chat: ChatId): boolean {
  return chats.chat(chat).met === true || pacing?.hasBegun(chat) === true;
}
