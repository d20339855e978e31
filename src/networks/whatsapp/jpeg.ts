// A picture as WhatsApp takes it for a group: a square JPEG without where and by whom it was taken. Knows no group.
import { BridgeError } from '../../model/errors.ts';
import type { MediaStream } from '../../ports/network.ts';

/** Pixels; WhatsApp's own apps make them so. */
const SIDE = 640;
const MOST_BYTES = 20 * 1_048_576;
/** Some bytes are a very large picture once they are opened. */
const MOST_PIXELS = 50_000_000;
const QUALITY = 82;

/** By how it begins; anything else is not even opened (a drawing in SVG may name other files). */
const KINDS: readonly RegExp[] = [/^\xff\xd8\xff/, /^\x89PNG\r\n/, /^GIF8[79]a/, /^RIFF.{4}WEBP/s];

/** @throws BridgeError (never) when it is too large or no picture, or whatever the stream died of */
export async function squareJpeg({ chunks, size }: MediaStream): Promise<Uint8Array> {
  if ((size ?? 0) > MOST_BYTES) throw tooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunks) {
    length += part.length;
    if (length > MOST_BYTES) throw tooLarge();
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const head = bytes.subarray(0, 12).toString('latin1');
  if (!KINDS.some((kind) => kind.test(head))) throw unreadable();
  const { default: sharp } = await import('sharp');
  try {
    return await sharp(bytes, { limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .resize(SIDE, SIDE, { fit: 'cover' })
      .flatten({ background: '#fff' })
      .jpeg({ quality: QUALITY })
      .toBuffer();
  } catch (error) {
    throw unreadable(error);
  }
}

function tooLarge(): BridgeError {
  const values = { network: 'WhatsApp', count: MOST_BYTES / 1_048_576 };
  return new BridgeError('whatsapp-picture-large', 'never', 'whatsapp.picture-large', { values });
}

function unreadable(cause?: unknown): BridgeError {
  return new BridgeError('whatsapp-picture-unreadable', 'never', 'whatsapp.picture-unreadable', { cause });
}
