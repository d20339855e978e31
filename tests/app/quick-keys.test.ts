// Keys of bytes are key objects before Node gets them, and what is made with them stays the same.
import { expect, test } from '@jest/globals';
import * as nodeCrypto from 'node:crypto';
import { types } from 'node:util';
import { quickenKeys } from '../../src/app/quick-keys.ts';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const IV = Buffer.alloc(16, 7);

/** Node's functions, and the keys that they were given. */
function heard() {
  const keys: unknown[] = [];
  const crypto = {
    createHmac: (...given: Parameters<typeof nodeCrypto.createHmac>) => {
      keys.push(given[1]);
      return nodeCrypto.createHmac(...given);
    },
    createCipheriv: (algorithm: 'aes-256-cbc', key: nodeCrypto.CipherKey, iv: nodeCrypto.BinaryLike) => {
      keys.push(key);
      return nodeCrypto.createCipheriv(algorithm, key, iv);
    },
    createDecipheriv: (algorithm: 'aes-256-cbc', key: nodeCrypto.CipherKey, iv: nodeCrypto.BinaryLike) => {
      keys.push(key);
      return nodeCrypto.createDecipheriv(algorithm, key, iv);
    },
  };
  quickenKeys(crypto);
  return { crypto, keys };
}

test('a MAC and a cipher with a key of bytes are what they were, made with a key object', () => {
  const { crypto, keys } = heard();
  const mac = (key: Uint8Array) => crypto.createHmac('sha256', key).update('what do ya want').digest('hex');
  expect(mac(KEY)).toBe(nodeCrypto.createHmac('sha256', KEY).update('what do ya want').digest('hex'));
  // RFC 4231, test case 2; and a key of nothing, as HKDF has it without a salt.
  const jefe = crypto.createHmac('sha256', Buffer.from('Jefe')).update('what do ya want for nothing?').digest('hex');
  expect(jefe).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  expect(mac(new Uint8Array(0))).toBe(nodeCrypto.createHmac('sha256', '').update('what do ya want').digest('hex'));
  const cipher = crypto.createCipheriv('aes-256-cbc', new Uint8Array(KEY), IV);
  const sealed = Buffer.concat([cipher.update('footbridge'), cipher.final()]);
  const plain = crypto.createDecipheriv('aes-256-cbc', KEY, IV);
  expect(Buffer.concat([plain.update(sealed), plain.final()]).toString()).toBe('footbridge');
  expect(keys.map((key) => types.isKeyObject(key))).toEqual([true, true, true, true, true]);
});

test('other keys go as they came, and a key of the wrong length is refused as before', () => {
  const { crypto, keys } = heard();
  const object = nodeCrypto.createSecretKey(KEY);
  crypto.createHmac('sha256', object);
  crypto.createHmac('sha256', 'words');
  expect(keys).toEqual([object, 'words']);
  expect(() => crypto.createCipheriv('aes-256-cbc', KEY.subarray(1), IV)).toThrow('Invalid key length');
});
