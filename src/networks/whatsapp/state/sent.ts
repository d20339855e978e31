// Bodies of what was sent, for devices that ask again, and which of it the server has not acknowledged. Kept for some days, sealed.
import { proto } from '@whiskeysockets/baileys';
import type { Clock } from '../../../ports/stores.ts';
import type { Ledger, LedgerChange } from './ledger.ts';
import type { Names } from './values.ts';
import type { Writer } from './writer.ts';

export interface SentDoors {
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly writer: Pick<Writer, 'write' | 'writeSoon' | 'whenever'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly names: Names;
  readonly days?: number;
}

export interface Sent {
  /** The message's own id. */
  readonly id: string;
  /** Where to, as the library addresses it. */
  readonly chat: string;
  /** Epoch ms of the first try. */
  readonly at: number;
  readonly body: proto.IMessage;
  /** When its person had changed these words before they left, epoch ms; absent = never. */
  readonly editedAt?: number;
  /** These are not its first words: those may have left. */
  readonly reworded?: true;
  /** Epoch ms at which the server said that it has it. */
  readonly acknowledgedAt?: number;
}

const PREFIX = 'sent/';
const VERSION = 1;
const DAYS = 7;
const DAY_MS = 24 * 60 * 60_000;

export class SentBook {
  readonly #doors: SentDoors;
  /** Bodies that the server has not acknowledged, oldest first. */
  readonly #open = new Map<string, Sent>();
  /** Keys of all that is kept: most messages are sent once, and nobody needs to look for those. */
  readonly #keys = new Set<string>();

  /** @param kept what the ledger holds of this login */
  constructor(doors: SentDoors, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#doors = doors;
    const open: Sent[] = [];
    for (const [key, bytes] of kept) {
      if (!key.startsWith(PREFIX)) continue;
      const sent = unpack(bytes);
      if (this.#isOld(sent)) {
        doors.writer.whenever([{ key, value: null }]);
        continue;
      }
      this.#keys.add(key);
      if (sent.acknowledgedAt === undefined) open.push(sent);
    }
    for (const sent of open.sort((a, b) => a.at - b.at)) this.#open.set(sent.id, sent);
  }

  /** Before a send: kept when it resolves. The same id again keeps what it first was. @returns what is kept */
  async remember(id: string, chat: string, body: proto.IMessage): Promise<Sent> {
    const before = await this.find(id);
    if (before !== undefined) return before;
    const { sent, kept } = this.begin(id, chat, body);
    await kept;
    return sent;
  }

  /**
   * For an id that is not known: nothing of the send may leave before it is `kept`.
   * @param alongside of the same commit @param editedAt when its words were changed before, epoch ms
   */
  begin(
    id: string,
    chat: string,
    body: proto.IMessage,
    alongside: readonly LedgerChange[] = [],
    editedAt?: number,
  ): { readonly sent: Sent; readonly kept: Promise<void> } {
    const sent: Sent = { id, chat, body, at: this.#doors.clock.now(), ...(editedAt === undefined ? {} : { editedAt }) };
    this.#open.set(id, sent);
    this.#keys.add(this.#key(id));
    // The ratchet's step is made next, and nothing leaves before both are kept.
    return { sent, kept: this.#doors.writer.writeSoon([this.#change(sent), ...alongside]) };
  }

  /** For an id that is known: its body stays what it is. @param alongside kept before it leaves once more */
  again(sent: Sent, alongside: readonly LedgerChange[]): { readonly sent: Sent; readonly kept?: Promise<void> } {
    return alongside.length === 0 ? { sent } : { sent, kept: this.#doors.writer.writeSoon(alongside) };
  }

  /** Its person changed what is said under this id: nothing of that may leave before it is `kept`. @param alongside of the same commit */
  reword(
    before: Sent,
    { body, editedAt }: Pick<Sent, 'body' | 'editedAt'>,
    alongside: readonly LedgerChange[],
  ): { readonly sent: Sent; readonly kept: Promise<void> } {
    const sent: Sent = { ...before, body, ...(editedAt === undefined ? {} : { editedAt }), reworded: true };
    this.#open.set(sent.id, sent);
    return { sent, kept: this.#doors.writer.writeSoon([this.#change(sent), ...alongside]) };
  }

  /** The server has it. After a crash it may be forgotten: then the message is sent once more under its id. */
  acknowledged(id: string): void {
    const sent = this.#open.get(id);
    if (sent === undefined) return;
    this.#open.delete(id);
    this.#doors.writer.whenever([this.#change({ ...sent, acknowledgedAt: this.#doors.clock.now() })]);
  }

  /** The server will never have it. */
  refused(id: string): void {
    if (!this.#open.delete(id)) return;
    this.#keys.delete(this.#key(id));
    this.#doors.writer.whenever([{ key: this.#key(id), value: null }]);
  }

  /** Oldest first. */
  unacknowledged(): readonly Sent[] {
    return [...this.#open.values()];
  }

  async find(id: string): Promise<Sent | undefined> {
    const open = this.#open.get(id);
    if (open !== undefined) return open;
    if (!this.#keys.has(this.#key(id))) return undefined;
    const bytes = await this.#doors.ledger.read(this.#key(id));
    const sent = bytes === undefined ? undefined : unpack(bytes);
    return sent === undefined || this.#isOld(sent) ? undefined : sent;
  }

  /** The library's `getMessage`: the body for a device that could not read it. */
  async body(id: string | null | undefined): Promise<proto.IMessage | undefined> {
    return typeof id === 'string' ? (await this.find(id))?.body : undefined;
  }

  /** Removes what is too old. @returns how much it was */
  async prune(): Promise<number> {
    const all = await this.#doors.ledger.readAll();
    const old = [...all].filter(([key, bytes]) => key.startsWith(PREFIX) && this.#isOld(unpack(bytes)));
    for (const [key, bytes] of old) {
      this.#open.delete(unpack(bytes).id);
      this.#keys.delete(key);
    }
    await this.#doors.writer.write(old.map(([key]) => ({ key, value: null })));
    return old.length;
  }

  #isOld(sent: Sent): boolean {
    return this.#doors.clock.now() - sent.at > (this.#doors.days ?? DAYS) * DAY_MS;
  }

  #change(sent: Sent): LedgerChange {
    const body = Buffer.from(proto.Message.encode(sent.body).finish()).toString('base64');
    return { key: this.#key(sent.id), value: Buffer.from(JSON.stringify({ ...sent, v: VERSION, body })) };
  }

  #key(id: string): string {
    return `${PREFIX}${this.#doors.names.hide(`sent\0${id}`)}`;
  }
}

/** @throws Error when the bytes are of a later version */
function unpack(bytes: Uint8Array): Sent {
  const { v, body, ...rest } = JSON.parse(Buffer.from(bytes).toString()) as Omit<Sent, 'body'> & {
    v: number;
    body: string;
  };
  if (v !== VERSION) throw new Error('a sent message of a later version');
  return { ...rest, body: proto.Message.decode(Buffer.from(body, 'base64')) };
}
