// Intro and frames arrive the same however the network cuts and joins them, and nothing else is let in.

import { describe, expect, test } from '@jest/globals';
import { frame, FrameReader, INTRO, MAX_FRAME } from '../../../../sandbox/whatsapp/wire/frames.ts';
import { WireError } from '../../../../sandbox/whatsapp/wire/wire-error.ts';

const ROUTING = Buffer.from('08091234', 'hex');
const ROUTED = Buffer.concat([Buffer.from('ED'), Buffer.of(0, 1, 0, 0, ROUTING.length), ROUTING]);
const PAYLOADS = [Buffer.from('a'), Buffer.from('second'), Buffer.alloc(300, 9), Buffer.from('last')];
const FRAMES = Buffer.concat(PAYLOADS.map(frame));

function read(pieces: readonly Uint8Array[]) {
  const reader = new FrameReader();
  const frames = pieces.flatMap((piece) => reader.feed(piece));
  return { frames, routing: reader.routingInfo };
}

describe.each([
  ['plain', Buffer.concat([INTRO, FRAMES]), undefined],
  ['behind a routing header', Buffer.concat([ROUTED, INTRO, FRAMES]), new Uint8Array(ROUTING)],
])('frames %s', (_how, bytes, routing) => {
  const expected = { frames: PAYLOADS, routing };

  test('all at once', () => {
    expect(read([bytes])).toEqual(expected);
  });

  test('byte by byte, with nothing in between', () => {
    expect(read(Array.from(bytes, (byte) => [Uint8Array.of(byte), new Uint8Array(0)]).flat())).toEqual(expected);
  });

  test('cut at every byte', () => {
    const cuts = Array.from({ length: bytes.length }, (_, at) => read([bytes.subarray(0, at), bytes.subarray(at)]));
    expect(cuts.filter((cut) => JSON.stringify(cut) !== JSON.stringify(expected))).toEqual([]);
  });

  test('as soon as they are whole', () => {
    const reader = new FrameReader();
    const ends = Array.from(bytes, (byte, i) => (reader.feed(Uint8Array.of(byte)).length > 0 ? [i + 1] : [])).flat();
    const start = bytes.length - FRAMES.length;
    expect(ends).toEqual([4, 13, 316, 323].map((end) => start + end));
  });
});

describe('what is refused', () => {
  test.each([
    ['another first byte', '58410603'],
    ['another second byte', '57420603'],
    ['an older handshake', '57410503'],
    ['other dictionaries', '57410602'],
    ['a routing header of another version', '45440002000001aa'],
    ['a routing header of 16 MiB', '45440001ffffff'],
    ['two routing headers', `${ROUTED.toString('hex')}${ROUTED.toString('hex')}`],
    ['HTTP', Buffer.from('GET / HTTP/1.1').toString('hex')],
    ['an empty frame', '57410603000000'],
    ['a frame above the limit', `57410603${(MAX_FRAME + 1).toString(16).padStart(6, '0')}`],
  ])('%s', (_what, bytes) => {
    expect(() => read([Buffer.from(bytes, 'hex')])).toThrow(WireError);
  });

  test('the first wrong byte, without waiting for more', () => {
    expect(() => read([Buffer.from('X')])).toThrow(WireError);
  });

  test('a frame too long to be sent', () => {
    expect(() => frame(new Uint8Array(0x1000000))).toThrow(WireError);
    expect(frame(new Uint8Array(0xffffff)).subarray(0, 3)).toEqual(Buffer.of(255, 255, 255));
  });

  test('but not the longest frame that is allowed', () => {
    expect(read([INTRO, frame(new Uint8Array(MAX_FRAME))]).frames.map(({ length }) => length)).toEqual([MAX_FRAME]);
  });
});
