// The simulator's binary codec and Baileys' read each other: every dictionary word, every form of address, seeded random nodes;
// and nothing that is malformed does more than be refused.

import { describe, expect, test } from '@jest/globals';
import * as constants from '@whiskeysockets/baileys/lib/WABinary/constants.js';
import { decodeBinaryNode } from '@whiskeysockets/baileys/lib/WABinary/decode.js';
import { encodeBinaryNode } from '@whiskeysockets/baileys/lib/WABinary/encode.js';
import type { BinaryNode as TheirNode } from '@whiskeysockets/baileys/lib/WABinary/types.js';
import { decodeNode } from '../../../../sandbox/whatsapp/wire/decode.ts';
import { encodeNode } from '../../../../sandbox/whatsapp/wire/encode.ts';
import { text, type BinaryNode } from '../../../../sandbox/whatsapp/wire/node.ts';
import { BYTES_OF, DOUBLE_BYTE, SINGLE_BYTE } from '../../../../sandbox/whatsapp/wire/tokens.ts';
import { WireError } from '../../../../sandbox/whatsapp/wire/wire-error.ts';
import { seeded, type Dice } from '../support/dice.ts';

const theirEncoding = (node: BinaryNode): Buffer => encodeBinaryNode(node as TheirNode);
const theirDecoding = async (bytes: Uint8Array): Promise<unknown> => await decodeBinaryNode(Buffer.from(bytes));

/** Bytes as hex, so that Buffer and Uint8Array compare; absent and undefined content are the same. */
function plain(node: unknown): unknown {
  const { tag, attrs, content } = node as BinaryNode;
  const inside =
    content instanceof Uint8Array
      ? { hex: Buffer.from(content).toString('hex') }
      : Array.isArray(content)
        ? content.map(plain)
        : content;
  return { tag, attrs: { ...attrs }, content: inside };
}

/** What becomes of a node on its way: text that no short form has arrives as bytes. */
function asItArrives(node: BinaryNode): unknown {
  return plain(decodeNode(encodeNode(node)));
}

const ADDRESSES = [
  '4915112345678@s.whatsapp.net',
  '4915112345678:1@s.whatsapp.net',
  '4915112345678:99@s.whatsapp.net',
  '4915112345678:255@s.whatsapp.net',
  '123456789012345@lid',
  '123456789012345:17@lid',
  '4915112345678:99@hosted',
  '123456789012345:99@hosted.lid',
  '120363041234567890@g.us',
  '4915112345678-1400000000@g.us',
  'status@broadcast',
  '1400000000@broadcast',
  '120363041234567890@newsletter',
  '867051314767696@bot',
  '13135550002@c.us',
  'server@c.us',
  'call@call',
  '@s.whatsapp.net',
  '@g.us',
  '@broadcast',
  '@newsletter',
];

const WORDS = [...SINGLE_BYTE.slice(1), ...DOUBLE_BYTE.flat()];

/** A string of one of the kinds that the codec tells apart. Not what Baileys changes on the way: text that merely has an @. */
function anyString(dice: Dice): string {
  return dice.pick<() => string>([
    () => dice.pick(WORDS),
    () => dice.pick(ADDRESSES),
    () => dice.string('0123456789-.', dice.below(140)),
    () => dice.string('0123456789ABCDEF', dice.below(140)),
    () => dice.string('abc XYZ_:äß😀\n', dice.below(300)),
    () => dice.string('x', dice.pick([255, 256, 257, 4096])),
    () => '',
  ])();
}

function anyNode(dice: Dice, depth = 0): BinaryNode {
  const attrs: Record<string, string> = {};
  for (let i = dice.below(6); i > 0; i--) attrs[dice.pick([dice.pick(WORDS), `key${i}`])] = anyString(dice);
  const tag = dice.pick([dice.pick(WORDS), 'some-tag', 'ABCDEF', '12']);
  const content = dice.pick<() => BinaryNode['content']>([
    () => undefined,
    () => anyString(dice),
    () => dice.bytes(dice.pick([0, 1, 255, 256, 3000])),
    () => (depth > 4 ? [] : Array.from({ length: dice.below(4) }, () => anyNode(dice, depth + 1))),
    () => (depth > 0 ? undefined : Array.from({ length: 300 }, () => ({ tag: 'item', attrs: {} }))),
  ])();
  return { tag, attrs, ...(content === undefined ? {} : { content }) };
}

describe('the dictionaries', () => {
  test('are the ones of real clients', () => {
    expect(SINGLE_BYTE).toEqual(constants.SINGLE_BYTE_TOKENS);
    expect(DOUBLE_BYTE).toEqual(constants.DOUBLE_BYTE_TOKENS);
  });

  test('give every word its one short form', async () => {
    expect(WORDS).toHaveLength(235 + 4 * 256);
    expect(BYTES_OF.size).toBe(WORDS.length);
    for (const word of WORDS) {
      const node = { tag: word, attrs: { [word]: word }, content: word };
      const ours = encodeNode(node);
      expect(ours).toEqual(theirEncoding(node));
      expect(ours.length).toBe(3 + 4 * (BYTES_OF.get(word)?.length ?? 0));
      expect(decodeNode(ours)).toEqual(node);
      expect(await theirDecoding(ours)).toEqual(node);
    }
  });
});

describe('addresses', () => {
  test.each(ADDRESSES)('%s', async (address) => {
    const node = { tag: 'iq', attrs: { to: address } };
    expect(decodeNode(encodeNode(node))).toEqual(node);
    expect(decodeNode(theirEncoding(node))).toEqual(node);
    expect(plain(await theirDecoding(encodeNode(node)))).toEqual(plain(node));
  });

  test('have the shortest bytes that real servers send', () => {
    const bytes = (to: string) => encodeNode({ tag: 'iq', attrs: { to } }).subarray(5).toString('hex');
    // pair, digits, s.whatsapp.net (3)
    expect(bytes('1234@s.whatsapp.net')).toBe('faff02123403');
    // with a device: domain and device
    expect(bytes('1234:5@s.whatsapp.net')).toBe('f70005ff021234');
    expect(bytes('1234:5@lid')).toBe('f70105ff021234');
    expect(bytes('1234:99@hosted')).toBe('f78063ff021234');
    expect(bytes('1234@hosted.lid')).toBe('f78100ff021234');
    expect(bytes('1234_7:5@s.whatsapp.net')).toBe('f70705ff021234');
    expect(bytes('@s.whatsapp.net')).toBe('fa0003');
    expect(bytes('s.whatsapp.net')).toBe('03');
    expect(bytes('1234:5@msgr')).toBe('f6ff0212340005' + hexOfWord('msgr'));
    expect(bytes('7-1234:300@interop')).toBe('f5ff021234012c0007' + hexOfWord('interop'));
  });

  test('of Messenger and of other services are read as Baileys reads them', async () => {
    for (const to of ['1234:5@msgr', '7-1234:300@interop']) {
      const node = { tag: 'iq', attrs: { to } };
      expect(decodeNode(encodeNode(node))).toEqual(node);
      expect(plain(await theirDecoding(encodeNode(node)))).toEqual(plain(node));
    }
  });

  test('with an old domain byte keep it', () => {
    const node = { tag: 'iq', attrs: { to: '1234_7:5@s.whatsapp.net' } };
    expect(decodeNode(encodeNode(node))).toEqual(node);
    expect(decodeNode(theirEncoding(node))).toEqual(node);
  });

  test('are not seen where there are none', () => {
    for (const to of [
      'me@home now',
      'a@b@lid',
      'x:y@lid',
      '1:2:3@lid',
      '1_1:2@s.whatsapp.net',
      '1:256@lid',
      '@',
      'a@',
    ]) {
      const node = { tag: 'presence', attrs: { name: to } };
      expect(decodeNode(encodeNode(node))).toEqual(node);
    }
  });
});

/** The bytes of a string that may or may not be in a dictionary. */
function hexOfWord(word: string): string {
  const known = BYTES_OF.get(word);
  const raw = [0xfc, word.length, ...Buffer.from(word)];
  return Buffer.from(known ?? raw).toString('hex');
}

describe('random nodes', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('are the same for both, seed %i', async (seed) => {
    const dice = seeded(seed);
    for (let i = 0; i < 60; i++) {
      const node = anyNode(dice);
      const ours = encodeNode(node);
      expect(plain(await theirDecoding(ours))).toEqual(asItArrives(node));
      expect(plain(decodeNode(theirEncoding(node)))).toEqual(asItArrives(node));
      expect(plain(decodeNode(encodeNode(node, { compressAbove: 0 })))).toEqual(asItArrives(node));
      expect(plain(await theirDecoding(encodeNode(node, { compressAbove: 0 })))).toEqual(asItArrives(node));
      expect(encodeNode(decodeNode(ours))).toEqual(ours);
    }
  });

  test('keep what they say', () => {
    const dice = seeded(9);
    for (let i = 0; i < 200; i++) {
      const node = anyNode(dice);
      const arrived = decodeNode(encodeNode(node));
      expect({ tag: arrived.tag, attrs: arrived.attrs }).toEqual({ tag: node.tag, attrs: node.attrs });
      expect(text(arrived)).toEqual(text(node));
    }
  });
});

describe('malformed nodes', () => {
  const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
  test.each([
    ['nothing', ''],
    ['only flags', '00'],
    ['unknown flags', '04f80119'],
    ['an empty list', '0000'],
    ['no list', '0019'],
    ['a list without a tag', '00f801'],
    ['an empty tag', '00f80100'],
    ['a list of nothing', '00f800'],
    ['an address as tag', '00f801fa0003'],
    ['an attribute without a name', '00f803190003'],
    ['an attribute without a value', '00f8031911'],
    ['an address as the name of an attribute', '00f80319fa000303'],
    ['an unassigned tag', '00f8031911f0'],
    ['a dictionary that ends', '00f8031911ec'],
    ['a list as an attribute', '00f8031911f80119'],
    ['a string longer than the rest', '00f8031911fc0561'],
    ['a string of 4 GiB', '00f8031911feffffffff61'],
    ['content of 4 GiB', '00f80219feffffffff61'],
    ['content of 1 MiB that is not there', '00f80219fd0fffff61'],
    ['65535 children that are not there', '00f80219f9ffff'],
    ['a nibble that is none', '00f8031911ff01ce'],
    ['a padding in the middle', '00f8031911ff02f112'],
    ['packed digits that end', '00f8031911ff7f12'],
    ['a string that is no UTF-8', '00f8031911fc02c328'],
    ['an address on no server', '00f8031911fa0300'],
    ['an address in an address', '00f8031911fafa030303'],
    ['an address of a list', '00f8031911faf80003'],
    ['a Messenger address elsewhere', '00f8031911f6ff0112000503'],
    ['something behind the node', '00f8011900'],
    ['no zlib', '02f80119'],
  ])('%s', (_what, bytes) => {
    expect(() => decodeNode(hex(bytes))).toThrow(WireError);
  });

  test('a node as deep as the sea', () => {
    const deep = Buffer.concat([Buffer.of(0), Buffer.concat(Array.from({ length: 200_000 }, () => hex('f80219f801')))]);
    expect(() => decodeNode(deep)).toThrow('too deep');
  });

  test('addresses in each other without end', () => {
    expect(() => decodeNode(Buffer.concat([hex('00f8031911'), Buffer.alloc(500_000, 0xfa)]))).toThrow(WireError);
  });

  test('a node that is small only while it is deflated', () => {
    const bomb = encodeNode({ tag: 'iq', attrs: {}, content: Buffer.alloc(17 * 1024 * 1024) }, { compressAbove: 0 });
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => decodeNode(bomb)).toThrow(WireError);
  });

  test('random bytes, and real nodes with a few bytes changed or cut off, are read or refused', () => {
    const dice = seeded(10);
    const real = Array.from({ length: 100 }, () => encodeNode(anyNode(dice, 4))).filter(({ length }) => length < 2000);
    const outcomes = Array.from({ length: 20_000 }, () => {
      const one = dice.pick(real);
      const bytes = dice.pick([dice.bytes(dice.below(64)), Buffer.from(one), one.subarray(0, dice.below(one.length))]);
      const changed = Uint8Array.from(bytes);
      for (let i = dice.below(4); i > 0 && changed.length > 1; i--) {
        changed[1 + dice.below(changed.length - 1)] = dice.below(256);
      }
      try {
        decodeNode(changed);
        return 'read';
      } catch (error) {
        return error instanceof WireError ? 'refused' : error;
      }
    });
    expect(new Set(outcomes)).toEqual(new Set(['read', 'refused']));
  });

  test('what cannot be said is refused before it is sent', () => {
    expect(() => encodeNode({ tag: '', attrs: {} })).toThrow(WireError);
    const item = { tag: 'item', attrs: {} };
    expect(() => encodeNode({ tag: 'list', attrs: {}, content: Array.from({ length: 65_536 }, () => item) })).toThrow(
      WireError,
    );
  });
});
