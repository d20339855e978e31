// Carries one action out so that the same effect id has one effect, whatever answer got lost; knows no house but its receipt.
import type { NetworkAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import type { ChatId, EffectId } from '../../model/ids.ts';
import type { ActionReceipt, PerformContext } from '../../ports/network.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { Call, Directory } from './directory.ts';
import { messageId, parseMessage } from './ids.ts';
import type { PeerBook } from './peers.ts';
import { editedAt } from './read.ts';
import { Api } from './wire/api.ts';
import { WireFault } from './wire/fault.ts';
import { sentMessage, textOfBody, writeEdit, writeRemove, writeSend, type WriteContext } from './write.ts';

export interface SendDoors {
  readonly call: Call;
  readonly directory: Directory;
  readonly peers: PeerBook;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long Telegram surely remembers a random id, in ms; later we look before we send. */
const REMEMBERED_MS = 10 * 60_000;
/** Telegram's clock and ours, in seconds. */
const CLOCK_SLACK_S = 5;
/** A message whose send is known to have happened shows up in the history sooner or later. */
const LOOKS = 3;
const LOOK_EVERY_MS = 500;

export class Sends {
  readonly #doors: SendDoors;

  constructor(doors: SendDoors) {
    this.#doors = doors;
  }

  /** @throws WireFault, BridgeError */
  async perform(action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt> {
    switch (action.kind) {
      case 'send':
        return await this.#send(action, id, context);
      case 'edit':
        return await this.#edit(action, context);
      case 'remove':
        return await this.#remove(action);
      default:
        throw new BridgeError('telegram-unsupported', 'never', 'fault.unsupported-action', {
          values: { network: 'Telegram' },
        });
    }
  }

  async #send(
    action: Extract<NetworkAction, { kind: 'send' }>,
    id: EffectId,
    context: PerformContext,
  ): Promise<ActionReceipt> {
    const write = await this.#context(action.chat);
    const request = writeSend(write, action, id);
    const { clock } = this.#doors;
    if (context.again && clock.now() - context.since > REMEMBERED_MS) {
      const found = await this.#find(write.peer, request.message, context);
      if (found !== undefined) return found;
    }
    try {
      const answer = await this.#doors.call(request);
      const sent = sentMessage(answer, request);
      if (sent !== undefined)
        return { message: messageId(sent.id), at: (sent.date ?? Math.floor(clock.now() / 1000)) * 1000 };
    } catch (error) {
      if (!(error instanceof WireFault) || error.code !== 'RANDOM_ID_DUPLICATE') throw error;
    }
    return await this.#findSent(write.peer, request.message, context);
  }

  /** It was sent: which message is it? Never sends again; without an answer the send counts as done, its id unknown. */
  async #findSent(peer: Api.TypeInputPeer, text: string, context: PerformContext): Promise<ActionReceipt> {
    for (let look = 1; ; look += 1) {
      const found = await this.#find(peer, text, context);
      if (found !== undefined) return found;
      if (look === LOOKS) break;
      await this.#doors.clock.sleep(LOOK_EVERY_MS);
    }
    this.#doors.log.warn({ network: 'telegram', code: 'sent-id-unknown' }, 'sent, but the message was not found');
    return { at: this.#doors.clock.now() };
  }

  /** Our oldest message there with this text, not older than the entry and not known as another one. */
  async #find(peer: Api.TypeInputPeer, text: string, context: PerformContext): Promise<ActionReceipt | undefined> {
    const since = Math.floor(context.since / 1000) - CLOCK_SLACK_S;
    let oldest: ActionReceipt | undefined;
    for await (const message of this.#doors.directory.history(peer)) {
      if (message instanceof Api.MessageEmpty) continue;
      if (message.date < since) break;
      if (!(message instanceof Api.Message) || message.out !== true || message.message.trim() !== text.trim()) continue;
      const id = messageId(message.id);
      if (!(await context.isLinked(id))) oldest = { message: id, at: message.date * 1000 };
    }
    return oldest;
  }

  async #edit(action: Extract<NetworkAction, { kind: 'edit' }>, context: PerformContext): Promise<ActionReceipt> {
    const write = await this.#context(action.chat);
    if (context.again) {
      const now = await this.#look(action);
      if (now !== undefined) return now;
    }
    try {
      const answer = await this.#doors.call(writeEdit(write, action));
      const at = editOf(answer, parseMessage(action.target));
      const now = this.#doors.clock.now();
      return { message: action.target, at: at ?? now, editedAt: at ?? now };
    } catch (error) {
      if (!(error instanceof WireFault) || error.code !== 'MESSAGE_NOT_MODIFIED') throw error;
      return (await this.#look(action)) ?? { message: action.target, at: this.#doors.clock.now() };
    }
  }

  /** The receipt if the message says already what the edit wants it to say. */
  async #look(action: Extract<NetworkAction, { kind: 'edit' }>): Promise<ActionReceipt | undefined> {
    const wanted = [new Api.InputMessageID({ id: parseMessage(action.target) })];
    const answer = await this.#doors.call(new Api.messages.GetMessages({ id: wanted }));
    if (answer instanceof Api.messages.MessagesNotModified) return undefined;
    const [message] = answer.messages;
    if (!(message instanceof Api.Message) || message.message.trim() !== textOfBody(action.body).text.trim())
      return undefined;
    const at = (message.editDate ?? message.date) * 1000;
    return { message: action.target, at, editedAt: at };
  }

  /** Taking back what is gone already is a success. */
  async #remove(action: Extract<NetworkAction, { kind: 'remove' }>): Promise<ActionReceipt> {
    try {
      await this.#doors.call(writeRemove(action.target));
    } catch (error) {
      if (!(error instanceof WireFault) || error.code !== 'MESSAGE_ID_INVALID') throw error;
    }
    return { message: action.target, at: this.#doors.clock.now() };
  }

  async #context(chat: ChatId): Promise<WriteContext> {
    const peer = await this.#doors.directory.inputPeer(chat);
    return { peer, mention: (user) => this.#doors.peers.hash(user) };
  }
}

function editOf(answer: Api.TypeUpdates, id: number): number | undefined {
  if (!(answer instanceof Api.Updates || answer instanceof Api.UpdatesCombined)) return undefined;
  for (const one of answer.updates) {
    if (!(one instanceof Api.UpdateEditMessage) || !(one.message instanceof Api.Message) || one.message.id !== id)
      continue;
    if (typeof one.message.editDate === 'number') return editedAt(one.message.editDate, one.pts);
  }
  return undefined;
}
