// What people choose as a group's picture becomes what WhatsApp takes: square, JPEG, without where it was taken; or is refused in words.
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { jpegFrame } from '../../../sandbox/jpeg.ts';
import { drawSquares } from '../../../src/matrix/png.ts';
import { squareJpeg } from '../../../src/networks/whatsapp/jpeg.ts';
import type { MediaStream } from '../../../src/ports/network.ts';

function stream(bytes: Uint8Array, size?: number): MediaStream {
  return { mime: 'image/png', chunks: Readable.from([bytes]), ...(size === undefined ? {} : { size }) };
}

const wide = sharp({ create: { width: 300, height: 100, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } });

describe('a picture', () => {
  test.each(['png', 'jpeg', 'gif', 'webp'] as const)('in %s becomes a square JPEG', async (format) => {
    const jpeg = await squareJpeg(stream(await wide.clone().toFormat(format).toBuffer()));
    expect(jpegFrame(jpeg)).toEqual({ width: 640, height: 640 });
  });

  test('that lets the ground shine through lies on white', async () => {
    const { channels } = await sharp(await squareJpeg(stream(await wide.clone().png().toBuffer()))).stats();
    expect(channels.map(({ min }) => min)).toEqual([255, 255, 255]);
  });

  test('loses where and with what it was taken, and stands upright', async () => {
    const exif = { IFD0: { Make: 'a camera' }, IFD3: { GPSLatitude: '48/1 51/1 24/1' } };
    const half = await sharp({ create: { width: 100, height: 100, channels: 3, background: '#000' } })
      .composite([{ input: { create: { width: 100, height: 50, channels: 3, background: '#fff' } }, gravity: 'north' }])
      .withExif(exif)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect((await sharp(half).metadata()).exif).toBeDefined();
    const jpeg = await squareJpeg(stream(half));
    const { exif: left, orientation } = await sharp(jpeg).metadata();
    expect([left, orientation]).toEqual([undefined, undefined]);
    // Turned by a quarter: what was above is on the right.
    const { data } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect([Number(data[320 * 640 + 20]) < 50, Number(data[320 * 640 + 620]) > 200]).toEqual([true, true]);
  });

  test('is the same each time', async () => {
    const png = await wide.clone().png().toBuffer();
    expect(await squareJpeg(stream(png))).toEqual(await squareJpeg(stream(png)));
  });
});

describe('what is refused', () => {
  test.each([
    ['a drawing that may name other files', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['a text', 'hello'],
    ['nothing', ''],
    ['half a picture', '\xff\xd8\xff\xe0\x00\x10JFIF'],
  ])('%s', async (_what, text) => {
    const refused = { retry: 'never', human: { key: 'whatsapp.picture-unreadable' } };
    await expect(squareJpeg(stream(Buffer.from(text, 'latin1')))).rejects.toMatchObject(refused);
  });

  test('what is too long, whether it says so or not', async () => {
    const refused = { retry: 'never', human: { key: 'whatsapp.picture-large', with: { count: 20 } } };
    await expect(squareJpeg(stream(Buffer.alloc(1), 21 * 1_048_576))).rejects.toMatchObject(refused);
    await expect(squareJpeg(stream(Buffer.alloc(21 * 1_048_576)))).rejects.toMatchObject(refused);
  });

  test('few bytes that open into very many', async () => {
    const { bytes: bomb } = drawSquares([[true]], 1, 15_000);
    expect(bomb.length).toBeLessThan(200_000);
    await expect(squareJpeg(stream(bomb))).rejects.toMatchObject({ human: { key: 'whatsapp.picture-unreadable' } });
  });
});
