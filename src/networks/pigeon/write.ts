// What the house owes, as the toy server's requests. Pure.
import type { EphemeralAction, NetworkAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import type { EffectId } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import { clientId } from './ids.ts';

/** UTF-16 units. */
export const MAX_TEXT_UNITS = 2_000;

const NETWORK = { network: 'Pigeon' };

export interface Request {
  readonly what: string;
  readonly fields: Readonly<Record<string, string | boolean | null>>;
}

/** @throws BridgeError for bodies that pigeons do not carry */
export function writeAction(action: NetworkAction, effect: EffectId): Request {
  const client = clientId(effect);
  switch (action.kind) {
    case 'send': {
      const reply = action.replyTo === undefined ? {} : { replyTo: action.replyTo };
      return { what: 'send', fields: { chat: action.chat, text: textOf(action.body), client, ...reply } };
    }
    case 'edit':
      return { what: 'edit', fields: { message: action.target, text: textOf(action.body), client } };
    case 'remove':
      return { what: 'remove', fields: { message: action.target, client } };
    case 'react':
      return { what: 'react', fields: { message: action.target, emoji: action.emoji, client } };
    case 'rename':
      return { what: 'rename', fields: { chat: action.chat, name: action.name, client } };
    case 'add':
    case 'expel':
      return { what: action.kind, fields: { chat: action.chat, person: action.person, client } };
    case 'leave':
      return { what: 'leave', fields: { chat: action.chat, client } };
    default:
      throw new BridgeError('pigeon-unsupported', 'never', 'fault.unsupported-action', { values: NETWORK });
  }
}

export function writeEphemeral(action: EphemeralAction): Request {
  return action.kind === 'typing'
    ? { what: 'typing', fields: { chat: action.chat, active: action.active } }
    : { what: 'read', fields: { chat: action.chat, upTo: action.upTo } };
}

function textOf(body: MessageBody): string {
  if (body.kind === 'text') return body.text.text;
  throw new BridgeError('pigeon-unsupported', 'never', 'fault.unsupported-body', {
    values: { network: 'Pigeon', kind: body.kind === 'unsupported' ? body.what : 'kind.file' },
  });
}
