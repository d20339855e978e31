// Gives new authorisation keys back the leading zero bytes that the library drops (one key in 256); loaded once by library.ts.
import './fast-numbers.ts';
import { AuthKey } from 'telegram/crypto/AuthKey.js';

const KEY_BYTES = 256;

/** A key is g^ab as 256 bytes, big endian (core.telegram.org/mtproto/auth_key); the library writes it without leading zeros. */
export function wholeKey(value: Buffer): Buffer {
  return value.length >= KEY_BYTES ? value : Buffer.concat([Buffer.alloc(KEY_BYTES - value.length), value]);
}

// The library makes keys in places that cannot be reached from outside (Authenticator.js:178), so that its class is amended.
const setKey = Reflect.get(AuthKey.prototype, 'setKey');
AuthKey.prototype.setKey = async function (this: AuthKey, value?: Buffer | AuthKey): Promise<void> {
  await setKey.call(this, Buffer.isBuffer(value) ? wholeKey(value) : value);
};
