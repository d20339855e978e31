// What becomes of everything that a person does in a Matrix room: done as clients do it, looked for on the contact's telephone and
// in what the room says about it. It must not know the bridge, nor what is expected.
import { randomUUID } from 'node:crypto';
import type { Kind } from '../../../features/kinds.ts';
import type { Act, Table } from '../../../features/page.ts';
import { bodyOf, type RoomEvent } from '../person.ts';
import { ADDRESS, type Seen } from './far.ts';
import { tableOf, type Ground } from './to-matrix.ts';

interface Case {
  readonly kind: Kind;
  /** The message, and what was done with it: events of ours. */
  readonly events: Partial<Record<Act, string>>;
  readonly words: Partial<Record<Act, string>>;
  /** Over there, if it got there. */
  id: string | undefined;
  readonly cells: Partial<Record<Act, string>>;
}

type Content = Readonly<Record<string, unknown>>;

/** @param media the address of a file that was uploaded */
export async function seenOverThere(ground: Ground, kinds: readonly Kind[], media: string): Promise<Table> {
  const { person, room, ghost, far, canaries } = ground;
  const put = async (type: string, content: Content): Promise<string> => {
    const path = `/rooms/${encodeURIComponent(room)}/send/${type}/${randomUUID()}`;
    return ((await person.ask('PUT', path, content)) as { event_id: string }).event_id;
  };
  const cases = kinds.map((kind): Case => ({ kind, events: {}, words: {}, id: undefined, cells: {} }));
  const words = (one: Case, act: Act): string => (one.words[act] = canaries.text(`${one.kind.name} ${act}`));
  const asked = canaries.text('a question');
  const question = await far.write('text', asked);
  const anchor = await person.until('the question', async () =>
    (await person.history(room)).find((event) => bodyOf(event) === asked),
  );

  /** `found`: of what arrived, what came of this one. */
  const doing = async (
    act: Act,
    does: (one: Case) => Promise<string>,
    found: (one: Case, there: There) => string | undefined,
  ): Promise<void> => {
    const able = cases.filter(({ kind }) => act === 'send' || kind.acts.includes(act));
    for (const one of able) one.events[act] = await does(one);
    const judged = (one: Case, now: There): string | undefined =>
      found(one, now) ?? (tellings(now.history, one.events[act]).length > 0 ? 'told' : undefined);
    const there = await settled(ground, put, act, (now) => able.every((one) => judged(one, now) !== undefined));
    for (const one of able) one.cells[act] = judged(one, there) ?? 'silent';
  };

  await doing(
    'send',
    async (one) => await put(...written(one.kind.name, words(one, 'send'), media, ghost)),
    (one, { seen }) => {
      const message = seen.find(({ text }) => text.includes(one.words.send ?? ''));
      one.id = message?.id;
      return message === undefined ? undefined : whole(one, message, 'send');
    },
  );
  await doing(
    'edit',
    async (one) => {
      const [type, content] = written(one.kind.name, words(one, 'edit'), media, ghost);
      const relates = { rel_type: 'm.replace', event_id: one.events.send };
      return await put(type, { ...content, 'm.new_content': content, 'm.relates_to': relates });
    },
    (one, { seen }) => {
      const message = seen.find(({ id, edited }) => id === one.id && edited);
      return message === undefined ? undefined : whole(one, message, 'edit');
    },
  );
  await doing(
    'reply',
    async (one) => {
      const [type, content] = written(one.kind.name, words(one, 'reply'), media, ghost);
      return await put(type, { ...content, 'm.relates_to': { 'm.in_reply_to': { event_id: anchor.event_id } } });
    },
    (one, { seen }) => {
      const message = seen.find(({ text }) => text.includes(one.words.reply ?? ''));
      if (message === undefined) return undefined;
      const what = whole(one, message, 'reply');
      return what === 'yes' && message.answers !== question ? 'text' : what;
    },
  );
  await doing(
    'react',
    async (one) => {
      const relates = { rel_type: 'm.annotation', event_id: one.events.send, key: '👍' };
      return await put('m.reaction', { 'm.relates_to': relates });
    },
    (one, { reacted }) => (one.id !== undefined && reacted.includes(one.id) ? 'yes' : undefined),
  );
  await doing(
    'delete',
    async (one) => {
      const path = `/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(one.events.send ?? '')}/${randomUUID()}`;
      return ((await person.ask('PUT', path, {})) as { event_id: string }).event_id;
    },
    (one, { seen }) => {
      if (one.cells.send === 'told') return 'nothing';
      return seen.some(({ id, gone }) => id === one.id && gone) ? 'yes' : undefined;
    },
  );
  return tableOf(cases);
}

/** What the room and the contact's telephone have. */
interface There {
  readonly history: readonly RoomEvent[];
  readonly seen: readonly Seen[];
  readonly reacted: readonly string[];
}

/**
 * Waits until nothing is under way: what nobody carries is refused in a word, in its turn. What is still missing then has so long
 * to arrive.
 */
async function settled(
  { person, room, far, canaries }: Ground,
  put: (type: string, content: Content) => Promise<string>,
  act: Act,
  complete: (there: There) => boolean,
): Promise<There> {
  const fence = await put('org.example.fence', { body: canaries.text('carried by nobody') });
  let until = Number.POSITIVE_INFINITY;
  return await person.until(
    `the end of every ${act}`,
    async () => {
      const there = {
        history: await person.history(room),
        seen: await far.seen(),
        reacted: await far.reactedTo(),
      };
      if (tellings(there.history, fence).length === 0) return undefined;
      until = Math.min(until, Date.now() + ARRIVAL_MS);
      return complete(there) || Date.now() > until ? there : undefined;
    },
    PATIENCE_MS,
  );
}

/** A network may let a login send so many messages a minute only. */
const PATIENCE_MS = 90_000;
const ARRIVAL_MS = 20_000;

function tellings(history: readonly RoomEvent[], about: string | undefined): readonly RoomEvent[] {
  return history.filter(({ content }) => {
    const relates = content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined;
    const answers = about !== undefined && relates?.['m.in_reply_to']?.event_id === about;
    return answers && content['msgtype'] === 'm.notice' && bodyOf({ content }).trim() !== '';
  });
}

function whole(
  { kind, words }: Case,
  { text, bold, calls, mentions, preview }: Seen,
  act: 'send' | 'edit' | 'reply',
): string {
  if (!text.includes(words[act] ?? '')) return `odd: ${text}`;
  if (kind.name === 'formatted text' && !bold) return 'odd: without its marks';
  if (kind.name === 'call to everybody' && !calls) return 'odd: nobody is called';
  if (kind.name === 'text with a mention' && !mentions) return 'odd: nobody is mentioned';
  if (kind.name === 'text with a preview' && !preview) return 'odd: without its preview';
  if (kind.name === 'long text' && !text.endsWith(LONG_END)) return 'odd: cut off';
  return 'yes';
}

const LONG_END = 'the end of it';
const long = (words: string): string => `${words} ${'many words and '.repeat(200)}${LONG_END}`;

function written(kind: string, words: string, url: string, ghost: string): [type: string, content: Content] {
  const file = (msgtype: string, mimetype: string, more: Content = {}): [string, Content] => [
    'm.room.message',
    { msgtype, body: words, filename: 'a-file', url, info: { mimetype, size: 4 }, ...more },
  ];
  const message = (msgtype: string, more: Content = {}): [string, Content] => [
    'm.room.message',
    { msgtype, body: words, ...more },
  ];
  const kinds: Readonly<Record<string, () => [string, Content]>> = {
    text: () => message('m.text'),
    'formatted text': () =>
      message('m.text', { format: 'org.matrix.custom.html', formatted_body: `<strong>${words}</strong>` }),
    '/me': () => message('m.emote'),
    'long text': () => message('m.text', { body: long(words) }),
    'text with a preview': () =>
      message('m.text', {
        body: `${words} ${ADDRESS}`,
        'com.beeper.linkpreviews': [{ matched_url: ADDRESS, 'og:title': 'Minutes' }],
      }),
    'text with a mention': () =>
      message('m.text', {
        format: 'org.matrix.custom.html',
        formatted_body: `<a href="https://matrix.to/#/${ghost}">you</a> ${words}`,
        'm.mentions': { user_ids: [ghost] },
      }),
    'call to everybody': () => message('m.text', { body: `@room ${words}`, 'm.mentions': { room: true } }),
    photo: () => file('m.image', 'image/png'),
    video: () => file('m.video', 'video/mp4'),
    voice: () => file('m.audio', 'audio/ogg', { 'org.matrix.msc3245.voice': {} }),
    audio: () => file('m.audio', 'audio/mpeg'),
    file: () => file('m.file', 'application/pdf'),
    sticker: () => ['m.sticker', { body: words, url, info: { mimetype: 'image/png' } }],
    location: () => message('m.location', { geo_uri: 'geo:48.85,2.35' }),
    poll: () => [
      'm.poll.start',
      {
        'm.text': [{ body: words }],
        'm.poll': {
          kind: 'm.disclosed',
          max_selections: 1,
          question: { 'm.text': [{ body: words }] },
          answers: [
            { 'm.id': 'a', 'm.text': [{ body: 'yes' }] },
            { 'm.id': 'b', 'm.text': [{ body: 'no' }] },
          ],
        },
      },
    ],
    call: () => [
      'm.call.invite',
      { call_id: randomUUID(), version: '1', party_id: 'a', lifetime: 60_000, offer: { type: 'offer', sdp: 'v=0' } },
    ],
  };
  const make = kinds[kind];
  if (make === undefined) throw new Error(`nobody knows how to write a ${kind}`);
  return make();
}
