// Asks WhatsApp, where the configuration wants it, to tell when the other side of a chat is online: of chats that are in use, once for each
// line. Knows no Matrix.
import { as, type ChatId, type PersonId } from '../../model/ids.ts';
import type { Directory } from './directory.ts';
import { isPersonal } from './ids.ts';
import type { Line } from './line.ts';

export interface WatchingDoors {
  readonly wanted: boolean;
  readonly self: PersonId;
  readonly directory: Pick<Directory, 'chatJid'>;
}

/** People that one line is told of: who uses more chats hears of the first ones. */
const MOST = 50;

export class Watching {
  readonly #doors: WatchingDoors;
  #line: Line | undefined;
  readonly #watched = new Set<ChatId>();

  constructor(doors: WatchingDoors) {
    this.#doors = doors;
  }

  /** Its person reads, types or writes there. @throws the library's error, BridgeError */
  async used(line: Line, chat: ChatId): Promise<void> {
    const { wanted, self, directory } = this.#doors;
    if (!wanted || !isPersonal(chat) || chat === as<ChatId>(self)) return;
    if (this.#line !== line) this.#watched.clear();
    this.#line = line;
    if (this.#watched.has(chat) || this.#watched.size >= MOST) return;
    this.#watched.add(chat);
    try {
      await line.socket.presenceSubscribe(directory.chatJid(chat));
    } catch (error) {
      this.#watched.delete(chat);
      throw error;
    }
  }
}
