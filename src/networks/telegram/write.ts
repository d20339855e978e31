// What the house owes, as requests: explicit peers, our own random ids. Pure.
import type { NetworkAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import type { EffectId, MessageId } from '../../model/ids.ts';
import type { MessageBody, RichText } from '../../model/message.ts';
import { parseMessage, randomId } from './ids.ts';
import { toEntities } from './markup.ts';
import { Api } from './wire/api.ts';

export const MAX_TEXT_UNITS = 4096;

export interface WriteContext {
  readonly peer: Api.TypeInputPeer;
  /** The access hash of a person who may be mentioned. */
  readonly mention: (user: string) => string | undefined;
}

/** @throws BridgeError for bodies that Telegram cannot carry yet */
export function textOfBody(body: MessageBody): RichText {
  if (body.kind === 'text' && body.text.text.trim() !== '') {
    if (body.text.text.length <= MAX_TEXT_UNITS) return body.text;
    throw new BridgeError('telegram-too-long', 'never', 'telegram.too-long', { values: { network: 'Telegram' } });
  }
  if (body.kind === 'text')
    throw new BridgeError('telegram-empty', 'never', 'telegram.empty', { values: { network: 'Telegram' } });
  throw new BridgeError('telegram-unsupported', 'never', 'fault.unsupported-body', {
    values: { network: 'Telegram', kind: body.kind === 'unsupported' ? body.what : 'kind.file' },
  });
}

export function writeSend(
  context: WriteContext,
  action: Extract<NetworkAction, { kind: 'send' }>,
  id: EffectId,
): Api.messages.SendMessage {
  const text = textOfBody(action.body);
  const entities = toEntities(text, context.mention);
  return new Api.messages.SendMessage({
    peer: context.peer,
    message: text.text,
    randomId: randomId(id),
    ...(entities.length === 0 ? {} : { entities }),
    ...(action.replyTo === undefined
      ? {}
      : { replyTo: new Api.InputReplyToMessage({ replyToMsgId: parseMessage(action.replyTo) }) }),
  });
}

export function writeEdit(
  context: WriteContext,
  action: Extract<NetworkAction, { kind: 'edit' }>,
): Api.messages.EditMessage {
  const text = textOfBody(action.body);
  const entities = toEntities(text, context.mention);
  return new Api.messages.EditMessage({
    peer: context.peer,
    id: parseMessage(action.target),
    message: text.text,
    ...(entities.length === 0 ? {} : { entities }),
  });
}

/** For everybody: what is taken back on Matrix must not stay with the contact. */
export function writeRemove(target: MessageId): Api.messages.DeleteMessages {
  return new Api.messages.DeleteMessages({ revoke: true, id: [parseMessage(target)] });
}

export interface Sent {
  readonly id: number;
  /** Seconds. */
  readonly date?: number;
}

/** The id Telegram gave our message, from whichever of its answers came; a repeat may be answered by the first message's id. */
export function sentMessage(answer: Api.TypeUpdates, request: Api.messages.SendMessage): Sent | undefined {
  if (answer instanceof Api.UpdateShortSentMessage) return { id: answer.id, date: answer.date };
  if (!(answer instanceof Api.Updates || answer instanceof Api.UpdatesCombined)) return undefined;
  const named = answer.updates.find(
    (one): one is Api.UpdateMessageID =>
      one instanceof Api.UpdateMessageID && String(one.randomId) === String(request.randomId),
  );
  for (const one of answer.updates) {
    if (!(one instanceof Api.UpdateNewMessage) || !(one.message instanceof Api.Message)) continue;
    if (named === undefined || one.message.id === named.id) return { id: one.message.id, date: one.message.date };
  }
  return named === undefined ? undefined : { id: named.id, date: answer.date };
}
