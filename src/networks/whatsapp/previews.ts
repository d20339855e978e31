// What is behind an address in a message, as WhatsApp's apps find it and send it along; pure, and asks no address.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { LinkPreview, RichText } from '../../model/message.ts';

type Extended = proto.Message.IExtendedTextMessage;

/** @returns undefined when there is none, or it is of an address that the text does not name */
export function previewIn(said: Extended | null | undefined, text: string): LinkPreview | undefined {
  const [url, title, description] = [said?.matchedText, said?.title, said?.description].map((one) => one?.trim() ?? '');
  if (!url || !text.includes(url) || (!title && !description)) return undefined;
  return { url, ...(title ? { title } : {}), ...(description ? { description } : {}) };
}

/** Quoted below the text: most clients on Matrix show nothing of what is bundled with a message. */
export function quotedBelow(rich: RichText, { title, description }: LinkPreview): RichText {
  const quote = [title, description].filter((one) => one !== undefined).join('\n');
  if (rich.text.includes(quote)) return rich;
  const start = rich.text.length + 1;
  return {
    text: `${rich.text}\n${quote}`,
    spans: [...rich.spans, { kind: 'quote', start, length: quote.length }],
  };
}

/** Of an address that did not survive the writing there is none. */
export function previewOut(preview: LinkPreview | undefined, text: string): Extended {
  if (preview === undefined || !text.includes(preview.url)) return {};
  const { url, title, description } = preview;
  return { matchedText: url, title: title ?? '', description: description ?? '' };
}
