// Wire events to MatrixEvent; pure, never throws: what cannot be read says so.
import { as, type EventId, type MxcUri, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEvent, MatrixOrigin, Membership } from '../model/matrix-event.ts';
import { EVERYONE, plainText, type Media, type MessageBody, type RichText } from '../model/message.ts';
import { unbridgedKind } from '../model/unbridged.ts';
import { readHtml } from './html.ts';
import { field, isObject, numberAt, objectAt, textAt, type Json } from './json.ts';
import { MARKER } from './marker.ts';
import { readPowers } from './powers.ts';
import { readPreview } from './previews.ts';

type Kind = MatrixEvent extends infer One ? (One extends MatrixEvent ? Omit<One, keyof MatrixOrigin> : never) : never;
type Row = (event: Json, content: Json) => Kind;

/** One event is looked at several times on its way. */
const known = new WeakMap<object, MatrixEvent>();

export function readEvent(raw: unknown): MatrixEvent {
  if (typeof raw !== 'object' || raw === null) return readAnew(raw);
  let event = known.get(raw);
  if (event === undefined) {
    event = readAnew(raw);
    known.set(raw, event);
  }
  return event;
}

function readAnew(raw: unknown): MatrixEvent {
  const origin = originOf(raw);
  const fault = isObject(raw) ? faultOf(raw) : 'not-an-object';
  if (fault !== undefined || !isObject(raw)) return { ...origin, kind: 'unreadable', why: fault ?? 'not-an-object' };
  try {
    const type = textAt(raw, 'type', 255) ?? '';
    const row = Object.hasOwn(ROWS, type) ? ROWS[type] : undefined;
    const kind: Kind = row === undefined ? unlisted(raw, type) : row(raw, objectAt(raw, 'content'));
    return { ...origin, ...kind };
  } catch {
    // Whatever foreign input managed to break stays with the entry as it came.
    return { ...origin, kind: 'unreadable', why: 'malformed' };
  }
}

function originOf(raw: unknown): MatrixOrigin {
  const delivery = textAt(objectAt(raw, 'content'), MARKER, 200);
  return {
    event: as<EventId>(textAt(raw, 'event_id', 255) ?? ''),
    room: as<RoomId>(textAt(raw, 'room_id', 255) ?? ''),
    sender: as<UserId>(textAt(raw, 'sender', 255) ?? ''),
    at: numberAt(raw, 'origin_server_ts') ?? 0,
    ...(delivery === undefined ? {} : { delivery }),
  };
}

function faultOf(raw: Json): string | undefined {
  for (const key of ['type', 'event_id', 'room_id', 'sender']) {
    if (textAt(raw, key, 255) === undefined) return `no-${key.replace('_', '-')}`;
  }
  if (!isObject(field(raw, 'content'))) return 'no-content';
  return isDeep(raw, 64) ? 'too-deep' : undefined;
}

function isDeep(top: unknown, limit: number): boolean {
  let level: unknown[] = [top];
  for (let depth = 0; depth < limit; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}

const ROWS: Readonly<Record<string, Row>> = {
  'm.room.message': message,
  'm.sticker': (_event, content) => ({
    kind: 'message',
    body: mediaBody('sticker', 'sticker', content),
    ...replyOf(content),
  }),
  'm.reaction': reaction,
  'm.room.redaction': removal,
  'm.room.member': membership,
  'm.room.name': (event, content) =>
    isState(event) ? { kind: 'words', name: textAt(content, 'name', 10_000) ?? '' } : notState('m.room.name'),
  'm.room.topic': (event, content) =>
    isState(event) ? { kind: 'words', topic: textAt(content, 'topic', 10_000) ?? '' } : notState('m.room.topic'),
  'm.room.avatar': avatar,
  'm.room.power_levels': powers,
  'm.room.encrypted': () => ({ kind: 'encrypted' }),
  'm.room.encryption': (event) => (isState(event) ? { kind: 'encryption-on' } : notState('m.room.encryption')),
  'm.room.tombstone': (event, content) => {
    if (!isState(event)) return notState('m.room.tombstone');
    const room = textAt(content, 'replacement_room', 255);
    return room === undefined ? { kind: 'tombstone' } : { kind: 'tombstone', replacement: as<RoomId>(room) };
  },
};

/** What is no address of a picture is none. */
function avatar(event: Json, content: Json): Kind {
  if (!isState(event)) return notState('m.room.avatar');
  const uri = textAt(content, 'url', 1000);
  return { kind: 'words', picture: uri !== undefined && MXC.test(uri) ? as<MxcUri>(uri) : null };
}

function powers(event: Json, content: Json): Kind {
  if (!isState(event)) return notState('m.room.power_levels');
  const before = field(objectAt(event, 'unsigned'), 'prev_content');
  return isObject(before)
    ? { kind: 'powers', before: readPowers(before), after: readPowers(content, before) }
    : { kind: 'powers', after: readPowers(content) };
}

const MXC = /^mxc:\/\/[^/\s]+\/[\w-]+$/;

function isState(event: Json): boolean {
  return field(event, 'state_key') === '';
}

function notState(type: string): Kind {
  return { kind: 'other', type };
}

/** Of a type without a row: somebody's words all the same, or none of our business. */
function unlisted(event: Json, type: string): Kind {
  const what = unbridgedKind(event);
  return what === undefined ? { kind: 'other', type } : { kind: 'message', body: { kind: 'unsupported', what } };
}

function message(_event: Json, content: Json): Kind {
  const relates = objectAt(content, 'm.relates_to');
  if (field(relates, 'rel_type') === 'm.replace') {
    const target = textAt(relates, 'event_id', 255);
    const fresh = field(content, 'm.new_content');
    if (target === undefined || !isObject(fresh)) return { kind: 'unreadable', why: 'edit-without-target' };
    return { kind: 'edit', target: as<EventId>(target), body: bodyOf(fresh, false) };
  }
  // Redacted before we saw it: nothing is left to carry.
  if (Object.keys(content).length === 0) return { kind: 'other', type: 'm.room.message' };
  const reply = replyOf(content);
  const body = bodyOf(content, reply.replyTo !== undefined);
  const plain = textAt(content, 'body') ?? '';
  const typed = reply.replyTo === undefined ? plain : withoutFallback(plain);
  const differs = body.kind === 'text' && typed !== body.text.text;
  return { kind: 'message', body, ...(differs ? { typed } : {}), ...reply };
}

function replyOf(content: Json): { replyTo?: EventId } {
  const relates = objectAt(content, 'm.relates_to');
  // In a thread the reply is a crutch for older clients (spec 1.4, is_falling_back).
  if (field(relates, 'rel_type') === 'm.thread' && field(relates, 'is_falling_back') === true) return {};
  const target = textAt(objectAt(relates, 'm.in_reply_to'), 'event_id', 255);
  return target === undefined ? {} : { replyTo: as<EventId>(target) };
}

function bodyOf(content: Json, reply: boolean): MessageBody {
  const msgtype = textAt(content, 'msgtype', 255) ?? '';
  switch (msgtype) {
    case 'm.text':
      return spoken('text', content, reply);
    case 'm.notice':
      return { kind: 'text', as: 'notice', text: textOf(content, reply) };
    case 'm.emote':
      return spoken('emote', content, reply);
    case 'm.image':
      return mediaBody('image', 'photo', content);
    case 'm.video':
      return mediaBody('video', 'video', content);
    case 'm.audio':
      return field(content, 'org.matrix.msc3245.voice') === undefined
        ? mediaBody('audio', 'audio', content)
        : mediaBody('voice', 'voice', content);
    case 'm.file':
      return mediaBody('file', 'file', content);
    case 'm.location':
      return { kind: 'unsupported', what: 'kind.location', ...fallbackOf(content) };
    default:
      return { kind: 'unsupported', what: 'kind.other', ...fallbackOf(content) };
  }
}

function spoken(as: 'text' | 'emote', content: Json, reply: boolean): MessageBody {
  const text = textOf(content, reply);
  const preview = readPreview(content, text.text);
  return { kind: 'text', as, text, ...(preview === undefined ? {} : { preview }) };
}

function fallbackOf(content: Json): { fallback?: RichText } {
  const text = textAt(content, 'body');
  return text === undefined ? {} : { fallback: plainText(text) };
}

/** spec 1.10: `filename` beside `body` makes the body a caption. */
function mediaBody(kind: Media['kind'], what: string, content: Json): MessageBody {
  const uri = textAt(content, 'url', 1000);
  if (uri === undefined || !MXC.test(uri)) {
    return { kind: 'unsupported', what: `kind.${what}`, ...fallbackOf(content) };
  }
  const body = textAt(content, 'body');
  const name = textAt(content, 'filename', 1000) ?? body ?? what;
  const info = objectAt(content, 'info');
  const size = numberAt(info, 'size');
  const captioned = textAt(content, 'filename') !== undefined && body !== undefined && body !== name;
  return {
    kind: 'media',
    media: {
      kind,
      source: { from: 'matrix', uri: as<MxcUri>(uri) },
      name,
      mime: textAt(info, 'mimetype', 200) ?? 'application/octet-stream',
      ...(size === undefined ? {} : { size }),
    },
    ...(captioned ? { caption: textOf(content, false) } : {}),
  };
}

function textOf(content: Json, reply: boolean): RichText {
  const rich = wordsOf(content, reply);
  // spec 1.7: intentional mentions; nobody is called by the word alone.
  return field(objectAt(content, 'm.mentions'), 'room') === true ? callingAll(rich) : rich;
}

function callingAll({ text, spans }: RichText): RichText {
  const at = text.search(new RegExp(`${EVERYONE}(?!\\w)`));
  const place = at < 0 ? { start: 0, length: text.length } : { start: at, length: EVERYONE.length };
  return { text, spans: [...spans, { ...place, kind: 'mention', of: { everyone: true } }] };
}

function wordsOf(content: Json, reply: boolean): RichText {
  const html = field(content, 'format') === 'org.matrix.custom.html' ? textAt(content, 'formatted_body') : undefined;
  if (html !== undefined) {
    const rich = readHtml(html);
    if (rich.text !== '') return rich;
  }
  const body = textAt(content, 'body') ?? '';
  return plainText(reply ? withoutFallback(body) : body);
}

/** What clients before spec 1.13 put in front of a reply. */
function withoutFallback(body: string): string {
  if (!/^> ?(?:\* )?<@[^>]+>/.test(body)) return body;
  const lines = body.split('\n');
  let first = 0;
  while (lines[first]?.startsWith('>') === true) first += 1;
  if (lines[first] === '') first += 1;
  return lines.slice(first).join('\n');
}

function reaction(_event: Json, content: Json): Kind {
  const relates = objectAt(content, 'm.relates_to');
  const target = textAt(relates, 'event_id', 255);
  const emoji = textAt(relates, 'key', 100);
  if (Object.keys(content).length === 0) return { kind: 'other', type: 'm.reaction' };
  if (target === undefined || emoji === undefined) return { kind: 'unreadable', why: 'reaction-without-target' };
  return { kind: 'reaction', target: as<EventId>(target), emoji };
}

/** Room version 11 moved `redacts` into the content; servers may send both. */
function removal(event: Json, content: Json): Kind {
  const target = textAt(content, 'redacts', 255) ?? textAt(event, 'redacts', 255);
  if (target === undefined) return { kind: 'unreadable', why: 'redaction-without-target' };
  const reason = textAt(content, 'reason', 1000);
  return { kind: 'removal', target: as<EventId>(target), ...(reason === undefined ? {} : { reason }) };
}

const MEMBERSHIPS: ReadonlySet<unknown> = new Set(['invite', 'join', 'leave', 'ban', 'knock']);

export function isMembership(value: unknown): value is Membership {
  return MEMBERSHIPS.has(value);
}

function membership(event: Json, content: Json): Kind {
  const user = textAt(event, 'state_key', 255);
  const now = field(content, 'membership');
  if (user === undefined || !isMembership(now)) return { kind: 'unreadable', why: 'member-without-user' };
  const unsigned = objectAt(event, 'unsigned');
  const before = field(objectAt(unsigned, 'prev_content'), 'membership');
  const stripped = field(unsigned, 'invite_room_state') ?? field(event, 'invite_room_state');
  return {
    kind: 'membership',
    user: as<UserId>(user),
    now,
    ...(isMembership(before) ? { before } : {}),
    direct: field(content, 'is_direct') === true,
    encrypted: Array.isArray(stripped) && stripped.some((one) => field(one, 'type') === 'm.room.encryption'),
  };
}
