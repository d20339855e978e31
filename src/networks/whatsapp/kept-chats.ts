// How an account's person keeps their chats (unread, muted, pinned, archived), as the house was last told, and how far the shared
// settings were followed with it; of one login, sealed in its vault. Knows no wire and no rooms.
import type { ChatMarks } from '../../model/chat.ts';
import { as, type ChatId } from '../../model/ids.ts';
import type { VaultChange } from '../../ports/stores.ts';
import { AS_IT_COMES, COLLECTIONS, differences, isCollection, type CollectionName, type Kept } from './chat-marks.ts';

/** What of a chat is kept otherwise from now on. */
export type KeptChanges = ReadonlyMap<ChatId, Partial<Kept>>;

export interface KeptTaken {
  readonly changes: readonly VaultChange[];
  /** What the house has to hear. */
  readonly told: ReadonlyMap<ChatId, ChatMarks>;
  /** It could not be kept: nothing has changed. */
  readonly undo: () => void;
}

const CHAT = 'kept/';
/** Of a collection. */
export const UP_TO = 'kept-up-to/';
const VERSION = 1;

export class KeptChats {
  readonly #scope: string;
  readonly #chats = new Map<ChatId, Kept>();
  readonly #upTo = new Map<CollectionName, number>();

  /** @param kept the login's scope in the vault @throws Error when a value is of a later version */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array>) {
    this.#scope = scope;
    for (const [key, bytes] of kept) {
      const name = key.slice(UP_TO.length);
      if (key.startsWith(CHAT)) this.#chats.set(as<ChatId>(key.slice(CHAT.length)), opened<Kept>(bytes));
      else if (key.startsWith(UP_TO) && isCollection(name)) this.#upTo.set(name, opened<{ upTo: number }>(bytes).upTo);
    }
  }

  /** As the house was told. */
  of(chat: ChatId): ChatMarks {
    return differences(AS_IT_COMES, this.#chats.get(chat) ?? AS_IT_COMES);
  }

  /** The version up to which a collection was followed; undefined = not yet. */
  upTo(name: CollectionName): number | undefined {
    return this.#upTo.get(name);
  }

  /** Has anything ever been followed? */
  get followed(): boolean {
    return [...this.#upTo.values()].some((version) => version > 0);
  }

  /** Until `written` is called, nothing has changed. */
  follow(name: CollectionName, version: number): { readonly change: VaultChange; readonly written: () => void } {
    return {
      change: this.#packed(`${UP_TO}${name}`, { upTo: version }),
      written: () => this.#upTo.set(name, version),
    };
  }

  /** Of every chat, what this collection says of one that nobody has touched. */
  untouched(name: CollectionName): Map<ChatId, Partial<Kept>> {
    const marks: readonly (keyof Kept)[] = COLLECTIONS[name];
    const plain = Object.fromEntries(marks.map((mark) => [mark, AS_IT_COMES[mark]]));
    return new Map([...this.#chats.keys()].map((chat) => [chat, plain]));
  }

  /** When each mute ends that has an end, in epoch ms. */
  muteEnds(): ReadonlyMap<ChatId, number> {
    const ends = [...this.#chats].map(([chat, { mutedUntil }]) => [chat, mutedUntil] as const);
    return new Map(ends.filter(([, end]) => end > 0));
  }

  /** Stands at once: whoever describes a chat from here on says what the house is about to hear. */
  take(changes: KeptChanges): KeptTaken {
    const before = new Map<ChatId, Kept>();
    const writes: VaultChange[] = [];
    const told = new Map<ChatId, ChatMarks>();
    for (const [chat, change] of changes) {
      const was = this.#chats.get(chat) ?? AS_IT_COMES;
      const is = { ...was, ...change };
      if (Object.entries(change).every(([mark, value]) => was[mark as keyof Kept] === value)) continue;
      before.set(chat, was);
      this.#chats.set(chat, is);
      writes.push(this.#packed(`${CHAT}${chat}`, is));
      const marks = differences(was, is);
      if (Object.keys(marks).length > 0) told.set(chat, marks);
    }
    const undo = (): void => {
      for (const [chat, was] of before) this.#chats.set(chat, was);
    };
    return { changes: writes, told, undo };
  }

  #packed(key: string, value: object): VaultChange {
    return { scope: this.#scope, key, value: Buffer.from(JSON.stringify({ v: VERSION, ...value })) };
  }
}

function opened<T>(bytes: Uint8Array): T {
  const { v, ...rest } = JSON.parse(Buffer.from(bytes).toString()) as { v: number } & T;
  if (v !== VERSION) throw new Error('kept chats of a later version');
  return rest as T;
}
