// Carries one action out under the id that its effect has for ever: kept, paced, sent, done when the server acknowledged it.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { BridgeError } from '../../model/errors.ts';
import { as, type ChatId, type EffectId, type PersonId } from '../../model/ids.ts';
import type { ActionReceipt, InTime, NetworkSink, PerformContext } from '../../ports/network.ts';
import type { Clock } from '../../ports/stores.ts';
import type { ChatBook } from './chat-book.ts';
import { isRateLimit } from './errors.ts';
import type { ExpiryBook } from './expiry-book.ts';
import { chatKind, isPersonal, messageId, parseMessage, stanzaId } from './ids.ts';
import { parseJid } from './jid.ts';
import type { Line } from './line.ts';
import { PACING_KEY, type Pacing } from './pacing.ts';
import type { LedgerChange } from './state/ledger.ts';
import type { Sent, SentBook } from './state/sent.ts';
import { expiryOf } from './timers.ts';
import { EDIT_WINDOW_MS, write, type Saying, type WriteContext, type Written } from './write.ts';

export interface SendDoors {
  readonly self: PersonId;
  readonly scope: string;
  readonly sink: Pick<NetworkSink, 'keep'>;
  readonly clock: Clock;
  readonly chats: ChatBook;
  readonly sent: SentBook;
  /** Absent where what disappears stays here. */
  readonly expiries: ExpiryBook | undefined;
  /** Absent only in tests. */
  readonly pacing: Pacing | undefined;
  /** Learns what has to be known of a chat before this is said in it. @throws BridgeError */
  readonly know: (line: Line, action: Saying) => Promise<void>;
  readonly context: () => WriteContext;
}

type Send = Extract<Saying, { kind: 'send' }>;

export type House = Pick<PerformContext, 'inTime' | 'wordsOf' | 'editedAt' | 'heardBefore'>;

interface Reworded {
  readonly effect: EffectId;
  readonly before: Sent;
  /** When the server acknowledged that, epoch ms. */
  readonly done: number | undefined;
  readonly house: House;
}

/** Acks of which the vault may not know yet. */
const MOST_ACKS = 1000;

export class Sends {
  readonly #doors: SendDoors;
  readonly #acked = new Map<string, number>();
  readonly #reached = new Set<string>();
  /** Chats in which the house knows of nothing from over there: asked once of each. */
  readonly #unheard = new Set<ChatId>();

  constructor(doors: SendDoors) {
    this.#doors = doors;
  }

  /** @throws BridgeError */
  async perform(line: Line, action: Saying, effect: EffectId, house: House = {}): Promise<ActionReceipt> {
    const { sent, clock } = this.#doors;
    const { inTime, editedAt } = house;
    const id = stanzaId(effect);
    const before = await sent.find(id);
    const done = this.#acked.get(id) ?? before?.acknowledgedAt;
    if (before !== undefined && action.kind === 'send' && saysOther(before, editedAt))
      return await this.#reword(line, action, { effect, before, done, house });
    if (done !== undefined) return this.#receipt(action, id, done, before);
    // What a former try has begun may have arrived; phones leave out what comes now.
    if (inTime !== undefined && clock.now() > inTime.until) throw tooLate(inTime, before !== undefined);
    await this.#remind(action.chat, house);
    const { written, paced } = await this.#compose(line, action, effect, before === undefined ? house : undefined);
    const expiry = before === undefined ? this.#expiry(action, id, written) : undefined;
    const alongside = [...paced, ...(expiry?.changes ?? [])];
    const { sent: kept, kept: safe } =
      before === undefined
        ? sent.begin(id, written.to, written.message, alongside, editedAt)
        : sent.again(before, alongside);
    // It stands with what was sent from here on, whichever try is the one that arrives. Why it cannot be kept, the relay says.
    if (expiry !== undefined) safe?.then(expiry.written, () => undefined);
    // Whether its first try told anybody the key of the group is not known.
    if (before !== undefined && chatKind(action.chat) === 'group') await line.retellKey(kept.chat);
    const at = await this.#carry(line, kept, written.attrs, safe);
    const receipt = this.#receipt(action, id, at, kept);
    const { message } = receipt;
    if (action.kind === 'send' && message !== undefined) this.#doors.chats.remember(message, kept.body);
    return receipt;
  }

  /** Whoever signs out has this login forget all its chats; their rooms go on, and what was said in them. @throws BridgeError */
  async #remind(chat: ChatId, { heardBefore }: House): Promise<void> {
    const { chats } = this.#doors;
    if (!isPersonal(chat) || chats.chat(chat).met === true || this.#unheard.has(chat)) return;
    // The edit that brings new words for old ones comes without the house: nothing is known by that.
    if (heardBefore === undefined) return;
    if (await heardBefore()) chats.note(chat, { met: true });
    // What comes from now on is noted as it comes.
    else this.#unheard.add(chat);
  }

  /**
   * What is to leave, and what has to be kept with it.
   * @param house of a first try: a later one says what is kept, and needs to know no more @throws BridgeError
   */
  async #compose(
    line: Line,
    action: Saying,
    effect: EffectId,
    house: House | undefined,
  ): Promise<{ readonly written: Written; readonly paced: readonly LedgerChange[] }> {
    if (house !== undefined) await this.#doors.know(line, action);
    const quoted = house === undefined ? undefined : await this.#quoted(action, house);
    const compose = (): Written => write({ ...this.#doors.context(), quoted: () => quoted }, action, effect);
    const written = compose();
    const { paced, waited } = await this.#mayGo(line, action, written);
    // As things are when it leaves: the timer, the time, the address.
    return { written: waited ? compose() : written, paced };
  }

  /** @returns epoch ms of the server's acknowledgement @throws BridgeError */
  async #carry(line: Line, { id, chat, body }: Sent, attrs: Written['attrs'], safe?: Promise<void>): Promise<number> {
    const { sent } = this.#doors;
    try {
      const at = await line.relay(chat, body, id, attrs, safe);
      sent.acknowledged(id);
      this.#note(id, at);
      return at;
    } catch (error) {
      if (error instanceof BridgeError && error.retry === 'never') sent.refused(id);
      if (isRateLimit(error)) await this.#hold(error);
      throw error;
    }
  }

  /**
   * It was begun with other words, and may be there with them. As long as phones take edits they are edited, and the same id brings the
   * new words to whoever has not got it; nobody gets the former ones any more. Later the new words are a message of their own.
   */
  async #reword(line: Line, action: Send, { effect, before, done, house }: Reworded): Promise<ActionReceipt> {
    const { sent, clock, chats, self } = this.#doors;
    const { chat, body } = action;
    const editedAt = Math.max(house.editedAt ?? 0, before.editedAt ?? 0);
    const editing = as<EffectId>(`${effect}/edit/${editedAt}`);
    // Done in time, it is done, however late that is found.
    if (!(await this.#isDone(editing))) {
      const anew = as<EffectId>(`${effect}/anew`);
      const late = clock.now() - before.at > EDIT_WINDOW_MS;
      if (late || (await sent.find(stanzaId(anew))) !== undefined) return await this.perform(line, action, anew, house);
      if (done === undefined) {
        const first = before.editedAt !== editedAt;
        const { written, paced } = await this.#compose(line, action, effect, first ? house : undefined);
        const { sent: kept, kept: safe } = first
          ? sent.reword(before, { body: written.message, editedAt }, paced)
          : sent.again(before, paced);
        if (chatKind(chat) === 'group') await line.retellKey(kept.chat);
        await this.#carry(line, kept, written.attrs, safe);
      }
    }
    const target = messageId(self, before.id);
    const { at } = await this.perform(line, { kind: 'edit', chat, target, body }, editing);
    const words = (await this.begun(editing))?.protocolMessage?.editedMessage;
    if (words) chats.remember(target, words);
    return { message: target, at: done ?? at };
  }

  async #isDone(effect: EffectId): Promise<boolean> {
    const id = stanzaId(effect);
    return this.#acked.has(id) || (await this.#doors.sent.find(id))?.acknowledgedAt !== undefined;
  }

  /** What an earlier try of this effect had to send; undefined when there was none, or the server refused it. */
  async begun(effect: EffectId): Promise<proto.IMessage | undefined> {
    return (await this.#doors.sent.find(stanzaId(effect)))?.body;
  }

  /** What is answered: as it was said, as long as that is known here, else by the words that the room shows. @throws BridgeError */
  async #quoted(action: Saying, house: Pick<PerformContext, 'wordsOf'>): Promise<proto.IMessage | undefined> {
    if (action.kind !== 'send' || action.replyTo === undefined) return undefined;
    const { chats, sent, self } = this.#doors;
    const { sender, id } = parseMessage(action.replyTo);
    const heard = chats.recall(action.replyTo) ?? (sender === self ? await sent.body(id) : undefined);
    if (heard !== undefined) return heard;
    const words = await house.wordsOf?.(action.replyTo);
    return words === undefined ? undefined : { conversation: words };
  }

  /** What WhatsApp says of one message is meant for all of them, also after a restart. */
  async #hold({ notBefore }: BridgeError): Promise<void> {
    this.#doors.pacing?.hold(notBefore ?? 0);
    await this.#keepPacing();
  }

  /** @returns what has to be kept with it, and whether that took a while @throws BridgeError */
  async #mayGo(
    line: Line,
    action: Saying,
    { to }: Written,
  ): Promise<{ readonly paced: readonly LedgerChange[]; readonly waited: boolean }> {
    const { chats, pacing, clock, self } = this.#doors;
    const { chat } = action;
    // Nobody is a stranger to oneself.
    const own = chat === (self as string);
    const established = own || chatKind(chat) === 'group' || chats.chat(chat).met === true;
    let paced: readonly LedgerChange[] = [];
    if (pacing !== undefined) {
      const text = action.kind === 'send' && action.body.kind === 'text' ? { text: action.body.text.text } : {};
      paced = pacing.send({ chat, established, ...text }, clock.now());
      if (!established) await this.#keepPacing();
    }
    if (!established && isPersonal(chat)) await this.#reach(line, chat, to);
    return { paced, waited: !established };
  }

  /** To nobody the library would send to our own phone only, and call it done. */
  async #reach(line: Line, chat: ChatId, to: string): Promise<void> {
    if (this.#reached.has(chat)) return;
    const devices = await line.socket.getUSyncDevices([to], false, false).catch((error: unknown) => {
      throw new BridgeError('whatsapp-look-up', 'later', 'network.unreachable', {
        cause: error,
        values: { network: 'WhatsApp' },
      });
    });
    const user = parseJid(to)?.user;
    if (!devices.some((device) => device.user === user))
      throw new BridgeError('whatsapp-nobody', 'never', 'whatsapp.peer-gone');
    this.#reached.add(chat);
  }

  /** When what is sent here disappears: known before it leaves, by our clock. */
  #expiry(action: Saying, id: string, { message }: Written): ReturnType<ExpiryBook['take']> | undefined {
    const { expiries, self, clock } = this.#doors;
    if (expiries === undefined || action.kind !== 'send') return undefined;
    const now = clock.now();
    const expiry = expiryOf(message, { id: messageId(self, id), sender: self, chat: action.chat, at: now });
    if (expiry === undefined) return undefined;
    expiries.add('out', expiry, now);
    return expiries.take('out');
  }

  async #keepPacing(): Promise<void> {
    const { pacing, sink, scope, clock } = this.#doors;
    if (pacing !== undefined) await sink.keep([{ scope, key: PACING_KEY, value: pacing.pack(clock.now()) }]);
  }

  #receipt(action: Saying, id: string, at: number, kept: Awaited<ReturnType<SentBook['find']>>): ActionReceipt {
    if (action.kind === 'send') return { message: messageId(this.#doors.self, id), at };
    if (action.kind === 'set-timer' || action.kind === 'invite') return { at };
    if (action.kind !== 'edit') return { message: action.target, at };
    const dated = Number(kept?.body.protocolMessage?.timestampMs ?? 0);
    return { message: action.target, at, editedAt: dated > 0 ? dated : at };
  }

  #note(id: string, at: number): void {
    this.#acked.set(id, at);
    for (const oldest of this.#acked.keys()) {
      if (this.#acked.size <= MOST_ACKS) break;
      this.#acked.delete(oldest);
    }
  }
}

function tooLate(inTime: InTime, begun: boolean): BridgeError {
  const { key, with: values = {} } = begun ? inTime.perhaps : inTime.else;
  return new BridgeError('whatsapp-too-late', 'never', key, { values, final: true, mayHaveHappened: begun });
}

/** Only its person changes words: the same ones may be composed otherwise by now. Once reworded it stays so: its first words may be anywhere. */
function saysOther(before: Sent, editedAt = 0): boolean {
  return before.reworded === true || editedAt > (before.editedAt ?? 0);
}
