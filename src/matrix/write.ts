// Message bodies to Matrix event content; pure, knows no rooms and sends nothing.
import type { EventId, MxcUri, UserId } from '../model/ids.ts';
import { plainText, type Media, type MessageBody, type RichText } from '../model/message.ts';
import { userOf, writeHtml, type MentionOf } from './html.ts';
import { isObject, type Json } from './json.ts';
import { writePreview } from './previews.ts';

export interface WriteAbout {
  readonly mention: MentionOf;
  readonly replyTo?: EventId | undefined;
  /** Where a medium has been uploaded to; a body with media needs it. */
  readonly uri?: MxcUri | undefined;
}

const MSGTYPE = { text: 'm.text', notice: 'm.notice', emote: 'm.emote' } as const;
const MEDIA: Record<Media['kind'], string> = {
  image: 'm.image',
  animation: 'm.video',
  video: 'm.video',
  audio: 'm.audio',
  voice: 'm.audio',
  sticker: 'm.image',
  file: 'm.file',
};

/** Content of m.room.message (spec 1.13: replies without fallback; spec 1.7: m.mentions always). */
export function writeMessage(body: MessageBody, about: WriteAbout): Json {
  return { ...inner(body, about), ...relation(about.replyTo) };
}

/** Content of an edit (spec: m.replace); the fallback carries a star, as clients write it. */
export function writeEdit(body: MessageBody, target: EventId, about: WriteAbout): Json {
  const content = inner(body, about);
  const text = typeof content['body'] === 'string' ? content['body'] : '';
  const html = content['formatted_body'];
  return {
    ...content,
    body: `* ${text}`,
    ...(typeof html === 'string' ? { formatted_body: `* ${html}` } : {}),
    // Who was mentioned before is not called again (spec 1.7: intentional mentions in edits).
    'm.mentions': {},
    'm.new_content': content,
    'm.relates_to': { rel_type: 'm.replace', event_id: target },
  };
}

/**
 * What has to fit into an event gives up its marks before it gives up a word: first those that only clients without edits
 * would see, then all of them. @returns undefined when the words alone are too many
 */
export function fitted(content: Json, bytes: number): Json | undefined {
  const fresh = content['m.new_content'];
  const tries = [
    content,
    bare(content),
    isObject(fresh) ? { ...bare(content), 'm.new_content': bare(fresh) } : content,
  ];
  return tries.find((one) => Buffer.byteLength(JSON.stringify(one)) <= bytes);
}

function bare(content: Json): Json {
  const { format: _format, formatted_body: _marks, ...rest } = content;
  return rest;
}

function relation(replyTo: EventId | undefined): Json {
  return replyTo === undefined ? {} : { 'm.relates_to': { 'm.in_reply_to': { event_id: replyTo } } };
}

function inner(body: MessageBody, about: WriteAbout): Json {
  if (body.kind === 'text') {
    return { msgtype: MSGTYPE[body.as], ...words(body.text, about.mention), ...writePreview(body.preview) };
  }
  if (body.kind === 'unsupported') {
    return { msgtype: 'm.notice', ...words(body.fallback ?? plainText(body.what), about.mention) };
  }
  // Put into somebody's language before it is sent (flow/to-matrix/deliver.ts).
  if (body.kind === 'told') return { msgtype: 'm.notice', ...words(plainText(body.say.key), about.mention) };
  const { media, caption } = body;
  const has = caption !== undefined && caption.text !== '';
  return {
    msgtype: MEDIA[media.kind],
    ...words(has ? caption : plainText(media.name), about.mention),
    filename: media.name,
    ...(about.uri === undefined ? {} : { url: about.uri }),
    info: { mimetype: media.mime, ...(media.size === undefined ? {} : { size: media.size }) },
    ...(media.kind === 'voice' ? { 'org.matrix.msc3245.voice': {} } : {}),
  };
}

function words(rich: RichText, mention: MentionOf): Json {
  const html = writeHtml(rich, mention);
  return {
    body: rich.text.toWellFormed(),
    ...(html === undefined ? {} : { format: 'org.matrix.custom.html', formatted_body: html }),
    'm.mentions': mentions(rich, mention),
  };
}

function mentions(rich: RichText, mention: MentionOf): Json {
  const users = new Set<UserId>();
  let room = false;
  for (const span of rich.spans) {
    if (span.kind !== 'mention') continue;
    room ||= 'everyone' in span.of;
    const user = userOf(span.of, mention);
    if (user !== undefined) users.add(user);
  }
  return { ...(users.size === 0 ? {} : { user_ids: [...users] }), ...(room ? { room } : {}) };
}
