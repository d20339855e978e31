// Tiny JPEGs, no two alike, and what a JPEG says of itself. Knows nothing of whose picture it is.

/** A grey JPEG of one pixel. */
const PIXEL = Buffer.from(
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////' +
    'wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z',
  'base64',
);

/** The label stands in a comment segment behind the start marker: the picture stays a JPEG and becomes its own. */
export function labelledJpeg(label: string): Buffer {
  const comment = Buffer.from(label, 'utf8').subarray(0, 200);
  const head = Buffer.from([0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(comment.length + 2, 2);
  return Buffer.concat([PIXEL.subarray(0, 2), head, comment, PIXEL.subarray(2)]);
}

export interface Frame {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** The frame of a JPEG (ITU-T T.81, annex B); undefined when these bytes are none. */
export function jpegFrame(bytes: Uint8Array): Frame | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.length < 4 || data.readUInt16BE(0) !== 0xffd8 || data.readUInt16BE(data.length - 2) !== 0xffd9)
    return undefined;
  let at = 2;
  while (at + 4 <= data.length && data[at] === 0xff) {
    const marker = data[at + 1] ?? 0;
    const length = data.readUInt16BE(at + 2);
    // SOF0 to SOF15, without the three markers between them that mean something else.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (at + 9 > data.length) return undefined;
      const [height, width] = [data.readUInt16BE(at + 5), data.readUInt16BE(at + 7)];
      return width > 0 && height > 0 ? { width, height } : undefined;
    }
    at += 2 + length;
  }
  return undefined;
}
