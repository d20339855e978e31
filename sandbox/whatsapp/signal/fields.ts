// Just enough of the protobuf wire format for Signal's four messages: varints up to 32 bits and byte strings. Knows none
// of the messages.

import { SignalError } from './errors.ts';

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

export type FieldValue = number | Uint8Array;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Writes the fields in the order given; undefined ones are left out. Numbers are unsigned, at most 2^32 - 1. */
export function writeFields(fields: readonly (readonly [number, FieldValue | undefined])[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (value === undefined) continue;
    if (typeof value === 'number') parts.push(varint((number << 3) | VARINT), varint(value));
    else parts.push(varint((number << 3) | BYTES), varint(value.length), value);
  }
  return Buffer.concat(parts);
}

/**
 * Reads a message into its fields; the last of a repeated field wins, fields of fixed width are passed over.
 * @throws SignalError `malformed` when the bytes end early or hold what protobuf does not know.
 */
export class Fields {
  readonly #fields = new Map<number, FieldValue>();
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    while (this.#at < bytes.length) {
      const tag = this.#varint();
      const number = tag >>> 3;
      if (number === 0) throw new SignalError('malformed', 'a field without a number');
      const kind = tag & 7;
      if (kind === VARINT) this.#fields.set(number, this.#varint());
      else if (kind === BYTES) this.#fields.set(number, this.#take(this.#varint()));
      else if (kind === FIXED_64) this.#take(8);
      else if (kind === FIXED_32) this.#take(4);
      else throw new SignalError('malformed', `a field of kind ${kind}`);
    }
  }

  number(number: number): number {
    const value = this.#fields.get(number);
    if (typeof value !== 'number') throw new SignalError('malformed', `number field ${number} is missing`);
    return value;
  }

  optionalNumber(number: number): number | undefined {
    return this.#fields.has(number) ? this.number(number) : undefined;
  }

  bytes(number: number): Buffer {
    const value = this.#fields.get(number);
    if (value === undefined || typeof value === 'number') {
      throw new SignalError('malformed', `bytes field ${number} is missing`);
    }
    return Buffer.from(value);
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new SignalError('malformed', 'a field ends after the message');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Up to ten bytes, as protobuf allows; what goes beyond 32 bits is cut off, as for any uint32 field. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#take(1)[0] ?? 0;
      if (shift < 32) value = (value | ((byte & 0x7f) << shift)) >>> 0;
      if (byte < 0x80) return value;
    }
    throw new SignalError('malformed', 'a number without an end');
  }
}
