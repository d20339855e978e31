// What is behind an address in a message, as clients bundle it (MSC4095); pure, and asks no address.
import type { LinkPreview } from '../model/message.ts';
import { field, isObject, textAt, type Json } from './json.ts';

/** As clients write it until the proposal is in the specification, and its name there. */
const BUNDLED = 'com.beeper.linkpreviews';
const NAMES = [
  [BUNDLED, 'matched_url'],
  ['m.url_previews', 'matrix:matched_url'],
] as const;
const LONGEST_TITLE = 300;
const LONGEST_WORDS = 1_000;

/** The first of an address that stands in the text; of it, what is short enough to be one. */
export function readPreview(content: Json, text: string): LinkPreview | undefined {
  for (const [list, address] of NAMES) {
    const bundled = field(content, list);
    for (const one of Array.isArray(bundled) ? bundled.slice(0, 10) : []) {
      const url = isObject(one) ? textAt(one, address, 2_000) : undefined;
      if (url === undefined || !/^https?:\/\//i.test(url) || !text.includes(url)) continue;
      const title = textAt(one, 'og:title', LONGEST_TITLE);
      const description = textAt(one, 'og:description', LONGEST_WORDS);
      if (title === undefined && description === undefined) continue;
      return { url, ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) };
    }
  }
  return undefined;
}

export function writePreview(preview: LinkPreview | undefined): Json {
  if (preview === undefined) return {};
  const { url, title, description } = preview;
  const found = {
    matched_url: url,
    'og:url': url,
    ...(title === undefined ? {} : { 'og:title': title.slice(0, LONGEST_TITLE).toWellFormed() }),
    ...(description === undefined ? {} : { 'og:description': description.slice(0, LONGEST_WORDS).toWellFormed() }),
  };
  return { [BUNDLED]: [found] };
}
