// Squares of black and white as a PNG file (ISO/IEC 15948); knows not what they mean.
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface Drawn {
  readonly bytes: Buffer;
  /** Width and height in pixels. */
  readonly side: number;
}

/** @param scale pixels of a square @param margin light squares around them */
export function drawSquares(squares: readonly (readonly boolean[])[], scale: number, margin: number): Drawn {
  const side = (squares.length + 2 * margin) * scale;
  const stride = Math.ceil(side / 8) + 1;
  const raw = Buffer.alloc(stride * side, 0xff);
  for (let y = 0; y < side; y += 1) {
    const row = squares[Math.floor(y / scale) - margin];
    // Filter 0: the row stands as it is.
    raw[y * stride] = 0;
    if (row === undefined) continue;
    for (let x = margin * scale; x < (margin + row.length) * scale; x += 1)
      if (row[Math.floor(x / scale) - margin] === true) {
        const place = y * stride + 1 + (x >> 3);
        raw[place] = (raw[place] ?? 0) & ~(0x80 >> (x & 7));
      }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  // One bit of grey a pixel.
  head[8] = 1;
  const chunks = [chunk('IHDR', head), chunk('IDAT', deflateSync(raw)), chunk('IEND', Buffer.alloc(0))];
  return { bytes: Buffer.concat([SIGNATURE, ...chunks]), side };
}

function chunk(type: string, data: Uint8Array): Buffer {
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
