// Cuts rich text into pieces that one side takes, losing no visible character and breaking at lines or spaces where it can; pure.
import type { MessageBody, RichText, Span } from '../model/message.ts';

/** Pieces of at most `max` UTF-16 units; surrogate pairs stay whole; spans are cut with their text. */
export function splitText(text: RichText, max: number): readonly RichText[] {
  if (text.text.length <= max) return [text];
  const pieces: RichText[] = [];
  let start = 0;
  while (start < text.text.length) {
    const end = cutAt(text.text, start, max);
    pieces.push(slice(text, start, end));
    start = end;
  }
  return pieces;
}

/** However its characters are spelled on the wire, a text of this length and its edit fit into an event (64 KiB), in UTF-16 units. */
const MATRIX_UNITS = 4_800;
/** Of that, for what is said beside it: that a kind is not bridged, or a file's name. */
const BESIDE_UNITS = 400;

/** The parts of a remote message as Matrix takes them: a longer text in several events. The same event gives the same parts. */
export function splitParts(parts: readonly MessageBody[]): readonly MessageBody[] {
  return parts.flatMap((body): readonly MessageBody[] => {
    switch (body.kind) {
      case 'text':
        return splitSpoken(body, MATRIX_UNITS);
      case 'media': {
        const [caption, ...rest] = piecesOf(body.caption);
        return caption === undefined ? [body] : [{ ...body, caption }, ...rest.map((text) => spoken(text, 'text'))];
      }
      case 'unsupported': {
        const [fallback, ...rest] = piecesOf(body.fallback);
        return fallback === undefined ? [body] : [{ ...body, fallback }, ...rest.map((text) => spoken(text, 'notice'))];
      }
      case 'told':
        return [body];
    }
  });
}

/** What goes with something else leaves room for its words. */
function piecesOf(text: RichText | undefined): readonly RichText[] {
  return text === undefined ? [] : splitText(text, MATRIX_UNITS - BESIDE_UNITS);
}

function spoken(text: RichText, as: Spoken['as']): Spoken {
  return { kind: 'text', as, text };
}

type Spoken = Extract<MessageBody, { kind: 'text' }>;

/** What is behind an address goes with the piece that it stands in. */
export function splitSpoken({ preview, ...body }: Spoken, max: number): readonly Spoken[] {
  const pieces = splitText(body.text, max);
  const place = preview === undefined ? -1 : pieces.findIndex(({ text }) => text.includes(preview.url));
  return pieces.map((text, index) => ({
    ...body,
    text,
    ...(preview === undefined || index !== place ? {} : { preview }),
  }));
}

function cutAt(text: string, start: number, max: number): number {
  const limit = start + max;
  if (limit >= text.length) return text.length;
  const half = start + Math.floor(max / 2);
  const newline = text.lastIndexOf('\n', limit - 1);
  if (newline >= half) return newline + 1;
  const space = text.lastIndexOf(' ', limit - 1);
  if (space >= half) return space + 1;
  const before = text.charCodeAt(limit - 1);
  const splitsPair = before >= 0xd800 && before <= 0xdbff;
  return splitsPair && limit - 1 > start ? limit - 1 : limit;
}

function slice(text: RichText, start: number, end: number): RichText {
  const spans: Span[] = [];
  for (const span of text.spans) {
    const from = Math.max(span.start, start);
    const to = Math.min(span.start + span.length, end);
    if (to > from) spans.push({ ...span, start: from - start, length: to - from });
  }
  return { text: text.text.slice(start, end), spans };
}
