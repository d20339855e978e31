// RichText to Telegram's entities and back; both count UTF-16 units. Pure; knows no chats.
import type { RichText, Span } from '../../model/message.ts';
import { personId } from './ids.ts';
import { Api, long } from './wire/api.ts';

type SimpleKind = 'bold' | 'italic' | 'underline' | 'strike' | 'code' | 'quote' | 'spoiler';

interface Place {
  readonly offset: number;
  readonly length: number;
}

const MAKERS: Readonly<Record<SimpleKind, (place: Place) => Api.TypeMessageEntity>> = {
  bold: (place) => new Api.MessageEntityBold(place),
  italic: (place) => new Api.MessageEntityItalic(place),
  underline: (place) => new Api.MessageEntityUnderline(place),
  strike: (place) => new Api.MessageEntityStrike(place),
  code: (place) => new Api.MessageEntityCode(place),
  quote: (place) => new Api.MessageEntityBlockquote(place),
  spoiler: (place) => new Api.MessageEntitySpoiler(place),
};

const KINDS: Readonly<Record<string, SimpleKind>> = {
  MessageEntityBold: 'bold',
  MessageEntityItalic: 'italic',
  MessageEntityUnderline: 'underline',
  MessageEntityStrike: 'strike',
  MessageEntityCode: 'code',
  MessageEntityBlockquote: 'quote',
  MessageEntitySpoiler: 'spoiler',
};

/** Telegram refuses more in one message; the rest stays plain. */
const MOST_ENTITIES = 100;

/** @param mention gives the access hash of a person, if it is known */
export function toEntities(text: RichText, mention: (user: string) => string | undefined): Api.TypeMessageEntity[] {
  const entities: Api.TypeMessageEntity[] = [];
  for (const span of text.spans) {
    const entity = toEntity(span, mention);
    if (entity !== undefined && span.length > 0 && entities.length < MOST_ENTITIES) entities.push(entity);
  }
  return entities;
}

function toEntity(span: Span, mention: (user: string) => string | undefined): Api.TypeMessageEntity | undefined {
  const place = { offset: span.start, length: span.length };
  switch (span.kind) {
    case 'pre':
      return new Api.MessageEntityPre({ ...place, language: span.language ?? '' });
    case 'link':
      return new Api.MessageEntityTextUrl({ ...place, url: span.href });
    case 'mention': {
      if (!('person' in span.of)) return undefined;
      const user = /^u(\d+)$/.exec(span.of.person)?.[1];
      const hash = user === undefined ? undefined : mention(user);
      if (user === undefined || hash === undefined) return undefined;
      const userId = new Api.InputUser({ userId: long(user), accessHash: long(hash) });
      return new Api.InputMessageEntityMentionName({ ...place, userId });
    }
    default:
      return MAKERS[span.kind](place);
  }
}

/** Entities that say only what the text says itself (a bare address, a hashtag, a command) leave no span. */
export function fromEntities(text: string, entities: readonly Api.TypeMessageEntity[] | null | undefined): RichText {
  const spans: Span[] = [];
  for (const entity of entities ?? []) {
    const span = fromEntity(entity);
    if (span !== undefined && span.start >= 0 && span.length > 0 && span.start + span.length <= text.length)
      spans.push(span);
  }
  return { text, spans };
}

function fromEntity(entity: Api.TypeMessageEntity): Span | undefined {
  const place = { start: entity.offset, length: entity.length };
  if (entity instanceof Api.MessageEntityPre) {
    return entity.language === '' ? { ...place, kind: 'pre' } : { ...place, kind: 'pre', language: entity.language };
  }
  if (entity instanceof Api.MessageEntityTextUrl) return { ...place, kind: 'link', href: entity.url };
  if (entity instanceof Api.MessageEntityMentionName) {
    return { ...place, kind: 'mention', of: { person: personId(entity.userId) } };
  }
  const kind = KINDS[entity.className];
  return kind === undefined ? undefined : { ...place, kind };
}
