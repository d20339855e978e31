// The kinds of settings: each says in one phrase what it expects; a message never repeats the value that was given.
import { z } from 'zod';
import { Secret } from '../model/secret.ts';

/** Plain text that may not be empty. `expected` follows the word "expected" in messages. */
export function text(expected: string, pattern?: RegExp): z.ZodString {
  const base = z.string(`expected ${expected}`).min(1, `expected ${expected}, not an empty text`);
  return pattern === undefined ? base : base.regex(pattern, `expected ${expected}`);
}

export function integer(expected: string, min: number, max: number): z.ZodInt {
  const message = `expected ${expected}`;
  return z.int(message).min(min, message).max(max, message);
}

export function yesNo(): z.ZodBoolean {
  return z.boolean('expected true or false');
}

export function oneOf<const Names extends readonly [string, ...string[]]>(
  names: Names,
): z.ZodEnum<{ [N in Names[number]]: N }> {
  return z.enum(names, `expected one of ${names.join(', ')}`);
}

export function httpUrl(expected: string): z.ZodString {
  const isHttp = (value: string): boolean => {
    const url = URL.parse(value);
    return (
      url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === ''
    );
  };
  return text(expected).refine(isHttp, `expected ${expected}`);
}

/**
 * `meta({ secret: true })` is what marks a setting as secret: it may then also be given as a file (`…File`, `…_FILE`).
 * @param check a further condition on the plain value
 */
export function secret(
  expected: string,
  check: (value: string) => boolean = () => true,
): z.ZodPipe<z.ZodString, z.ZodTransform<Secret, string>> {
  return text(expected)
    .refine(check, `expected ${expected}`)
    .transform((value) => new Secret(value))
    .meta({ secret: true });
}

const KEY_BYTES = 32;

/** A key of 32 bytes, as 64 hexadecimal digits or in base64. */
export function key(name: string): ReturnType<typeof secret> {
  return secret(`${name}: 32 bytes in base64 or hexadecimal`, (value) => decodeKey(value)?.length === KEY_BYTES);
}

function decodeKey(value: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(value)) return Buffer.from(value, 'hex');
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(value) ? Buffer.from(value, 'base64') : undefined;
}

/** The bytes of a setting made by key(). */
export function keyBytes(setting: Secret): Uint8Array {
  const bytes = decodeKey(setting.reveal());
  if (bytes?.length !== KEY_BYTES) throw new Error('not a key: the configuration was not validated');
  return bytes;
}
