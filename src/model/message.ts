// What a message says, in neither Matrix's nor any network's words; knows no wire format.
import type { MxcUri, PersonId, UserId } from './ids.ts';
import type { Say } from './say.ts';

/** Offsets and lengths are UTF-16 units, as JavaScript and Telegram count. */
export interface RichText {
  readonly text: string;
  readonly spans: readonly Span[];
}

export type Span = { readonly start: number; readonly length: number } & (
  | { readonly kind: 'bold' | 'italic' | 'underline' | 'strike' | 'code' | 'quote' | 'spoiler' }
  | { readonly kind: 'pre'; readonly language?: string }
  | { readonly kind: 'link'; readonly href: string }
  | { readonly kind: 'mention'; readonly of: { readonly person: PersonId } | { readonly user: UserId } | Everyone }
);

/** All who are in the chat. Where the text has a word for it, that word is `EVERYONE`; else the whole text is what they are called with. */
export interface Everyone {
  readonly everyone: true;
}

export const EVERYONE = '@room';

export interface Media {
  readonly kind: 'image' | 'video' | 'audio' | 'voice' | 'animation' | 'sticker' | 'file';
  readonly source: MediaSource;
  readonly name: string;
  readonly mime: string;
  readonly size?: number;
}

/** A handle, never bytes: opened only when it is delivered. */
export type MediaSource =
  { readonly from: 'matrix'; readonly uri: MxcUri } | { readonly from: 'network'; readonly handle: unknown };

/** What the author's app found behind an address in the text. The bridge asks no address itself. */
export interface LinkPreview {
  /** As it stands in the text. */
  readonly url: string;
  readonly title?: string;
  readonly description?: string;
}

export type MessageBody =
  | {
      readonly kind: 'text';
      readonly text: RichText;
      readonly as: 'text' | 'notice' | 'emote';
      readonly preview?: LinkPreview;
    }
  | { readonly kind: 'media'; readonly media: Media; readonly caption?: RichText }
  /** `what` is a message kind in the catalogue (`kind.photo`, `kind.poll` …); `fallback` is whatever text came with it. */
  | { readonly kind: 'unsupported'; readonly what: string; readonly fallback?: RichText }
  /**
   * What the network itself lets people know; put into words in their language. `placeholder`: it stands for a message that this
   * login could not read; whoever brings the message puts it there.
   */
  | { readonly kind: 'told'; readonly say: Say; readonly placeholder?: true };

export type BodyKind = MessageBody['kind'];

export function isPlaceholder(body: MessageBody): boolean {
  return body.kind === 'told' && body.placeholder === true;
}

export function plainText(text: string): RichText {
  return { text, spans: [] };
}
