// The one spelling of the wire's types and 64-bit numbers for the rest of this folder; knows no adapter.
import './fast-numbers.ts';
import { Api } from 'telegram';
import { returnBigInt } from 'telegram/Helpers.js';

export { Api };

/** The library's 64-bit number. */
export type Long = ReturnType<typeof returnBigInt>;

export function long(value: bigint | string): Long {
  return returnBigInt(typeof value === 'bigint' ? value.toString() : value);
}

/** Decimal text, as our ids carry it. */
export function textOf(value: Long): string {
  return value.toString();
}

/** Everything the library may hand to the tap and that carries news. */
export type Envelope = Api.TypeUpdates | Api.messages.AffectedMessages | Api.messages.AffectedHistory;

const NEWS = new Set([
  'UpdatesTooLong',
  'UpdateShort',
  'UpdateShortMessage',
  'UpdateShortChatMessage',
  'UpdateShortSentMessage',
  'Updates',
  'UpdatesCombined',
  'messages.AffectedMessages',
  'messages.AffectedHistory',
]);

export function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && 'className' in value && NEWS.has(String(value.className));
}
