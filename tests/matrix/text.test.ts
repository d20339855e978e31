// Reading and writing of Matrix content: fixed pairs, round trips, and ten thousand broken events.
import { describe, expect, test } from '@jest/globals';
import { ghostName } from '../../src/matrix/ghosts.ts';
import { readHtml, writeHtml } from '../../src/matrix/html.ts';
import { OurIds } from '../../src/matrix/ids.ts';
import { Markers } from '../../src/matrix/marker.ts';
import { readEvent } from '../../src/matrix/read.ts';
import { writeEdit, writeMessage } from '../../src/matrix/write.ts';
import { effectId } from '../../src/model/effect.ts';
import { as, type EventId, type NetworkId, type PersonId, type RoomId } from '../../src/model/ids.ts';
import { plainText, type Span } from '../../src/model/message.ts';

const nobody = (): undefined => undefined;
const event = (type: string, content: unknown, more: object = {}): unknown => ({
  type,
  event_id: '$e',
  room_id: '!r',
  sender: '@a:hs.test',
  origin_server_ts: 5,
  content,
  ...more,
});

describe('html', () => {
  const spans: readonly Span[] = [
    { kind: 'bold', start: 0, length: 4 },
    { kind: 'italic', start: 2, length: 4 },
    { kind: 'link', href: 'https://x.test/?a=1&b=2', start: 7, length: 4 },
    { kind: 'spoiler', start: 12, length: 3 },
  ];
  test('keeps crossing marks and every word', () => {
    const html = writeHtml({ text: 'ab<d&f\nlink hid', spans }, nobody) ?? '';
    expect(html).toBe(
      '<strong>ab<em>&lt;d</em></strong><em>&amp;f</em><br>' +
        '<a href="https://x.test/?a=1&amp;b=2">link</a> <span data-mx-spoiler>hid</span>',
    );
    expect(readHtml(html).text).toBe('ab<d&f\nlink hid');
  });

  test.each([
    ['<mx-reply>old</mx-reply>new', 'new'],
    ['<p>a</p>\n<p>b</p>', 'a\nb'],
    ['<ol><li>x</li><li>y</li></ol>', '1. x\n2. y'],
    ['<pre><code class="language-ts">a\n  b</code></pre>', 'a\n  b'],
    ['<script>bad</script><b>ok</b>', 'ok'],
  ])('reads %s', (html, text) => {
    expect(readHtml(html).text).toBe(text);
  });

  test('knows people and refuses other links', () => {
    const of = { user: '@b:hs.test' };
    expect(readHtml('<a href="https://matrix.to/#/%40b%3Ahs.test">B</a>').spans).toMatchObject([
      { kind: 'mention', of },
    ]);
    expect(readHtml('<a href="javascript:alert(1)">x</a>').spans).toEqual([]);
  });

  // Each took minutes when ends of text were looked for by a regular expression.
  test.each([
    ['runs of spaces', `<pre>${' '.repeat(50_000)}x</pre>${'<p>y</p>'.repeat(1_000)}`],
    ['runs of line ends', `<pre>${'<b></b>'.repeat(20)}<b>${'\n'.repeat(60_000)}x</b></pre>`],
    ['blocks', '<p>a </p>'.repeat(7_000)],
    ['marks', 'a<b>b</b> '.repeat(6_000)],
    ['lists in lists', '<ol><li>x'.repeat(6_000)],
  ])(
    'is not held up by many %s',
    (_what, html) => {
      expect(readHtml(html).text).not.toBe('');
    },
    10_000,
  );

  test('is not felled by depth', () => {
    expect(readHtml('<div>'.repeat(20_000) + 'x').text).toBe('x');
  });
});

describe('read', () => {
  test('keeps what was really typed beside what its formatted form says', () => {
    const format = { format: 'org.matrix.custom.html', formatted_body: 'hunter<em>2</em>&amp;' };
    expect(readEvent(event('m.room.message', { msgtype: 'm.text', body: 'hunter*2*&', ...format }))).toMatchObject({
      kind: 'message',
      typed: 'hunter*2*&',
      body: { kind: 'text', text: { text: 'hunter2&' } },
    });
    expect(readEvent(event('m.room.message', { msgtype: 'm.text', body: 'plain' }))).not.toHaveProperty('typed');
  });

  test.each([
    [
      'm.room.message',
      { msgtype: 'm.notice', body: 'n' },
      {},
      { kind: 'message', body: { kind: 'text', as: 'notice' } },
    ],
    ['m.room.redaction', { redacts: '$t' }, {}, { kind: 'removal', target: '$t' }],
    ['m.room.redaction', {}, { redacts: '$t' }, { kind: 'removal', target: '$t' }],
    [
      'm.reaction',
      { 'm.relates_to': { event_id: '$t', key: '👍' } },
      {},
      { kind: 'reaction', target: '$t', emoji: '👍' },
    ],
    [
      'm.room.member',
      { membership: 'invite', is_direct: true },
      { state_key: '@b:x' },
      { kind: 'membership', now: 'invite', direct: true },
    ],
    ['m.room.avatar', { url: 'mxc://hs/a' }, { state_key: '' }, { kind: 'words', picture: 'mxc://hs/a' }],
    ['m.room.avatar', {}, { state_key: '' }, { kind: 'words', picture: null }],
    ['m.room.avatar', { url: 'https://hs/a.png' }, { state_key: '' }, { kind: 'words', picture: null }],
    ['m.room.avatar', { url: 'mxc://hs/a' }, {}, { kind: 'other', type: 'm.room.avatar' }],
    ['m.room.encrypted', {}, {}, { kind: 'encrypted' }],
    ['m.room.encryption', {}, { state_key: '' }, { kind: 'encryption-on' }],
    ['m.room.tombstone', { replacement_room: '!n' }, { state_key: '' }, { kind: 'tombstone', replacement: '!n' }],
    [
      'm.room.message',
      { msgtype: 'm.image', body: 'i.png' },
      {},
      { body: { kind: 'unsupported', what: 'kind.photo' } },
    ],
    ['constructor', {}, {}, { kind: 'other', type: 'constructor' }],
  ])('%s', (type, content, more, wanted) => {
    expect(readEvent(event(type, content, more))).toMatchObject(wanted);
  });

  test('strips the fallback of a reply', () => {
    const content = {
      msgtype: 'm.text',
      body: '> <@x:y> hi\n> you\n\nyes',
      'm.relates_to': { 'm.in_reply_to': { event_id: '$t' } },
    };
    expect(readEvent(event('m.room.message', content))).toMatchObject({
      replyTo: '$t',
      body: { text: { text: 'yes' } },
    });
  });

  test('reads back what was written, edits too', () => {
    const body = { kind: 'text', as: 'text', text: plainText('a < b') } as const;
    const about = { mention: nobody, replyTo: as<EventId>('$t') };
    expect(writeMessage(body, about)['m.mentions']).toEqual({});
    expect(readEvent(event('m.room.message', writeMessage(body, about)))).toMatchObject({ body, replyTo: '$t' });
    const edit = writeEdit(body, as<EventId>('$t'), { mention: nobody });
    expect(readEvent(event('m.room.message', edit))).toMatchObject({ kind: 'edit', target: '$t', body });
  });

  test.each<[string, string, number, number]>([
    ['by the word', 'hi @room, come', 3, 5],
    ['without a word', 'come, @rooms are free', 0, 21],
  ])('calls everybody %s, there and back', (_name, text, start, length) => {
    const content = { msgtype: 'm.text', body: text, 'm.mentions': { room: true, user_ids: ['@b:x'] } };
    const read = readEvent(event('m.room.message', content));
    const body = {
      kind: 'text',
      as: 'text',
      text: { text, spans: [{ start, length, kind: 'mention', of: { everyone: true } }] },
    } as const;
    expect(read).toMatchObject({ body });
    expect(writeMessage(body, { mention: nobody })).toMatchObject({ body: text, 'm.mentions': { room: true } });
    expect(readEvent(event('m.room.message', { msgtype: 'm.text', body: text }))).toMatchObject({
      body: { text: { text, spans: [] } },
    });
  });

  describe('what is behind an address', () => {
    const read = (body: string, more: object): unknown => {
      const found = readEvent(event('m.room.message', { msgtype: 'm.text', body, ...more }));
      return found.kind === 'message' && found.body.kind === 'text' ? found.body.preview : 'no text';
    };
    const page = { 'og:title': 'A', 'og:description': 'Of a' };

    test.each([
      ['com.beeper.linkpreviews', 'matched_url'],
      ['m.url_previews', 'matrix:matched_url'],
    ])('is read where clients bundle it (%s), and written for them', (list, address) => {
      const preview = { url: 'https://a.example', title: 'A', description: 'Of a' };
      expect(read('see https://a.example', { [list]: [{ [address]: preview.url, ...page }] })).toEqual(preview);
      const body = { kind: 'text', as: 'text', text: plainText('see https://a.example'), preview } as const;
      const content = writeMessage(body, { mention: nobody });
      expect(readEvent(event('m.room.message', content))).toMatchObject({ body });
      expect(readEvent(event('m.room.message', writeEdit(body, as<EventId>('$t'), { mention: nobody })))).toMatchObject(
        {
          kind: 'edit',
          body,
        },
      );
    });

    test.each<[string, unknown]>([
      ['of an address that is not in the text', [{ matched_url: 'https://b.example', ...page }]],
      ['of no address', [{ matched_url: 'see', ...page }, 7, null]],
      ['of nothing', [{ matched_url: 'https://a.example', 'og:title': '' }]],
      ['that is too long', [{ matched_url: 'https://a.example', 'og:title': 'x'.repeat(301) }]],
      ['that is no list', { matched_url: 'https://a.example', ...page }],
      ['that its author wants none of', []],
    ])('%s is none', (_name, bundled) => {
      expect(read('see https://a.example', { 'com.beeper.linkpreviews': bundled })).toBeUndefined();
    });
  });

  test('never throws', () => {
    let seed = 7;
    const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const odd: readonly (() => unknown)[] = [
      () => null,
      () => next(9) - 4.5,
      () => '\ud800',
      () => '$x',
      () => [],
      () => ({}),
      () => JSON.parse('{"__proto__":{"a":1}}') as unknown,
      () => 'm.replace',
      () => 'x'.repeat(300),
    ];
    const keys = [
      'msgtype',
      'body',
      'format',
      'formatted_body',
      'm.relates_to',
      'm.new_content',
      'redacts',
      'url',
      'info',
    ];
    const types = ['m.room.message', 'm.reaction', 'm.room.redaction', 'm.room.member', 'm.sticker', '__proto__'];
    const value = (depth: number): unknown =>
      depth > 3 || next(2) === 0
        ? odd[next(odd.length)]?.()
        : Object.fromEntries(Array.from({ length: next(5) }, () => [keys[next(keys.length)], value(depth + 1)]));
    for (let round = 0; round < 10_000; round += 1) {
      const raw = next(10) === 0 ? value(0) : event(types[next(types.length)] ?? '', value(0), { state_key: value(3) });
      expect(typeof readEvent(raw).kind).toBe('string');
    }
  });
});

describe('names', () => {
  const identityKey = Buffer.alloc(32, 1);
  const ids = new OurIds({
    serverName: 'hs.test',
    botLocalpart: 'passerelle',
    prefixes: { telegram: 'tg' },
    identityKey,
  });
  test('ours are ours and nobody else’s', () => {
    const ghost = ids.ghost(as<NetworkId>('telegram'), as<PersonId>('u1'));
    expect(ghost).toMatch(/^@_tg_[a-z2-7]{26}:hs\.test$/);
    expect(
      [ghost, ids.bot, `${ghost}x`, '@_tg_alice:hs.test', ghost.replace('hs.test', 'hsxtest')].map((one) =>
        ids.isOurs(one),
      ),
    ).toEqual([true, true, false, false, false]);
  });

  test('a marker belongs to its room', () => {
    const markers = new Markers(identityKey);
    const id = effectId('cause', 0);
    const marker = markers.write(as<RoomId>('!a'), id);
    expect(markers.read(as<RoomId>('!a'), marker)).toBe(id);
    expect(markers.read(as<RoomId>('!b'), marker)).toBeUndefined();
    expect(markers.read(as<RoomId>('!a'), `${marker.slice(0, -1)}${marker.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined();
  });

  test.each([
    ['Ann', 'Ann (Telegram)'],
    ['Ann (Telegram)', 'Ann (Telegram)'],
    ['Ann (Whats\u200bApp)\u202e (Telegram)', 'Ann (Telegram)'],
    ['Ann\u2066 (Telegram)\u2069', 'Ann (Telegram)'],
    ['Ann (telegram) （TELEGRAM）', 'Ann (Telegram)'],
    // Fillers that show nothing push no suffix out of sight.
    [`Ann${'\u3164\u115f\uffa0\u2800'.repeat(20)}`, 'Ann (Telegram)'],
    ['\u3164', 'Telegram'],
    [`${'x'.repeat(79)}😀y`, `${'x'.repeat(79)} (Telegram)`],
    ['A\nB\tC', 'A B C (Telegram)'],
    ['❤\ufe0f', '❤\ufe0f (Telegram)'],
    [undefined, 'Telegram'],
  ])('ghost name of %s', (raw, name) => {
    expect(ghostName(raw, 'Telegram', ['Telegram', 'WhatsApp'])).toBe(name);
  });
});
