// WhatsApp's marks to rich text and back: golden pairs, and random texts and HTML of which no word is lost on the way.
import { describe, expect, test } from '@jest/globals';
import { readHtml } from '../../../src/matrix/html.ts';
import type { PersonId } from '../../../src/model/ids.ts';
import { plainText, type RichText, type Span } from '../../../src/model/message.ts';
import { readMarks } from '../../../src/networks/whatsapp/marks.ts';
import { readText, writeMarks } from '../../../src/networks/whatsapp/markup.ts';
import { rewrite } from '../../../src/networks/whatsapp/rewrite.ts';
import { randomHtml, randomText, Seeded } from './support/random.ts';

type Short = readonly [kind: string, start: number, length: number];
const short = (rich: RichText): Short[] => rich.spans.map((span) => [span.kind, span.start, span.length]);
const nobody = (): undefined => undefined;
const write = (text: string, spans: readonly Span[]): string => writeMarks({ text, spans }, nobody).text;

/** What is read here is written the same again. */
const PAIRS: readonly (readonly [wire: string, text: string, spans: readonly Short[]])[] = [
  ['hello', 'hello', []],
  ['*bold*', 'bold', [['bold', 0, 4]]],
  [
    '_it_ and ~gone~',
    'it and gone',
    [
      ['italic', 0, 2],
      ['strike', 7, 4],
    ],
  ],
  [
    '*_~all~_*',
    'all',
    [
      ['strike', 0, 3],
      ['italic', 0, 3],
      ['bold', 0, 3],
    ],
  ],
  [
    '*bold _both_*',
    'bold both',
    [
      ['bold', 0, 9],
      ['italic', 5, 4],
    ],
  ],
  [
    '(*bold*), “*so*”!',
    '(bold), “so”!',
    [
      ['bold', 1, 4],
      ['bold', 9, 2],
    ],
  ],
  ['`x * y * z`', 'x * y * z', [['code', 0, 9]]],
  ['say `ls -l` now', 'say ls -l now', [['code', 4, 5]]],
  ['```a\n  b```', 'a\n  b', [['pre', 0, 5]]],
  ['see\n```a *b* c```\nend', 'see\na *b* c\nend', [['pre', 4, 7]]],
  [
    '> one\n> *two*\nthree',
    'one\ntwo\nthree',
    [
      ['quote', 0, 7],
      ['bold', 4, 3],
    ],
  ],
  ['* a\n* _b_', '• a\n• b', [['italic', 6, 1]]],
  ['1. a\n2. b', '1. a\n2. b', []],
  [
    '*é*😀*😀*',
    'é😀😀',
    [
      ['bold', 0, 1],
      ['bold', 3, 2],
    ],
  ],
  [
    '*один* _два_',
    'один два',
    [
      ['bold', 0, 4],
      ['italic', 5, 3],
    ],
  ],
  ['2 * 3 = 6 * 1', '2 * 3 = 6 * 1', []],
  ['snake_case_name 3*4*5', 'snake_case_name 3*4*5', []],
];

describe('everybody', () => {
  const everyone = { kind: 'mention', of: { everyone: true } } as const;
  const whois = (): undefined => undefined;

  test.each<[wire: string, text: string, start: number, length: number]>([
    ['*@all*: come', '@room: come', 0, 5],
    ['come, @all!', 'come, @room!', 6, 5],
    ['to @allan and mail@all', 'to @allan and mail@all', 0, 22],
    ['come', 'come', 0, 4],
  ])('is called by “%s”', (wire, text, start, length) => {
    const rich = readText(wire, [], whois, new Map(), true);
    expect(rich.text).toBe(text);
    expect(rich.spans).toContainEqual({ start, length, ...everyone });
    expect(writeMarks(rich, nobody, true)).toMatchObject({ text: wire, everyone: true });
  });

  test('is called by nothing where nobody says so, and in no private chat', () => {
    expect(readText('@all of you', [], whois)).toEqual(plainText('@all of you'));
    const call = { text: 'hi @room', spans: [{ start: 3, length: 5, ...everyone }] };
    expect(writeMarks(call, nobody)).toEqual({ text: 'hi @room', mentioned: [] });
    expect(writeMarks(plainText('hi @room'), nobody, true)).toEqual({ text: 'hi @room', mentioned: [] });
  });
});

describe('golden pairs', () => {
  test.each(PAIRS)('%j', (wire, text, spans) => {
    const rich = readMarks(wire);
    expect(rich.text).toBe(text);
    expect(new Set(short(rich))).toEqual(new Set(spans));
    expect(writeMarks(rich, nobody)).toEqual({ text: wire, mentioned: [] });
  });

  test.each<[string, string, readonly Short[]]>([
    ['a dash begins an item too', '- a', []],
    ['two stars leave one', '**x**', [['bold', 1, 1]]],
    ['a block within a line is code', 'a ```b``` c', [['code', 2, 1]]],
  ])('%s', (_name, wire, spans) => {
    const expected = { '- a': '• a', '**x**': '*x*', 'a ```b``` c': 'a b c' }[wire];
    expect(readMarks(wire).text).toBe(expected);
    expect(short(readMarks(wire))).toEqual(spans);
  });

  test.each([
    '*not closed',
    'is * not bold*',
    '*not bold *',
    'a*b*c',
    '*a*b',
    '*one\ntwo*',
    '_ _',
    '``',
    '```',
    '``````',
    '**',
    '****',
    '*',
    '>no space',
    '> ',
    '- ',
    '` `',
    '\n\n',
  ])('is text: %j', (wire) => {
    expect(readMarks(wire)).toEqual(plainText(wire));
  });
});

describe('what WhatsApp does not take', () => {
  test.each<[string, string, readonly Span[], string]>([
    [
      'underline and spoiler',
      'ab',
      [
        { kind: 'underline', start: 0, length: 1 },
        { kind: 'spoiler', start: 1, length: 1 },
      ],
      'ab',
    ],
    ['marks within a word', 'unbelievable', [{ kind: 'bold', start: 2, length: 3 }], 'unbelievable'],
    ['marks around spaces', 'a b c', [{ kind: 'bold', start: 1, length: 3 }], 'a *b* c'],
    ['marks over lines', 'one\n\ntwo', [{ kind: 'bold', start: 0, length: 8 }], '*one*\n\n*two*'],
    ['marks around nothing', ' \n ', [{ kind: 'bold', start: 0, length: 3 }], ' \n '],
    ['code with a backtick', 'a`b', [{ kind: 'code', start: 0, length: 3 }], 'a`b'],
    ['a block with a fence', 'a```b', [{ kind: 'pre', start: 0, length: 5 }], 'a```b'],
    [
      'crossing marks',
      'ab cd ef',
      [
        { kind: 'bold', start: 0, length: 5 },
        { kind: 'italic', start: 3, length: 5 },
      ],
      '*ab _cd_* _ef_',
    ],
    ['marks out of bounds', 'ab', [{ kind: 'bold', start: 0, length: 9 }], '*ab*'],
  ])('%s', (_name, text, spans, wire) => {
    expect(write(text, spans)).toBe(wire);
  });

  test('an address behind words is said, one that says itself is not repeated', () => {
    const link = (text: string, href: string): string =>
      write(text, [{ kind: 'link', start: 0, length: text.length, href }]);
    expect(link('here', 'https://a.example/x')).toBe('here (https://a.example/x)');
    expect(link('https://a.example/', 'https://a.example')).toBe('https://a.example/');
    expect(link('a.example', 'https://a.example/')).toBe('a.example');
  });
});

describe('mentions', () => {
  const alice = 'l5' as PersonId;
  const spans: readonly Span[] = [
    { kind: 'bold', start: 0, length: 9 },
    { kind: 'mention', start: 3, length: 6, of: { person: alice } },
  ];

  test('go out as the number of an address', () => {
    const text = 'hi @Alice and more';
    expect(writeMarks({ text, spans }, () => '105@lid')).toEqual({
      text: '*hi @105* and more',
      mentioned: ['105@lid'],
    });
    expect(writeMarks({ text, spans }, nobody)).toEqual({ text: '*hi @Alice* and more', mentioned: [] });
  });

  test('come in with a name, where one is known', () => {
    const whois = (jid: string): { person: PersonId; name?: string } | undefined =>
      jid === '105@lid'
        ? { person: alice, name: 'Al_ice_' }
        : jid === '6@lid'
          ? { person: 'l6' as PersonId }
          : undefined;
    const read = readText('*hi @105* @6 @7 @1055', ['105@lid', '6@lid', '7@lid'], whois);
    expect(read.text).toBe('hi @Al_ice_ @6 @7 @1055');
    expect(read.spans).toEqual([
      { kind: 'bold', start: 0, length: 11 },
      { kind: 'mention', start: 3, length: 8, of: { person: 'l5' } },
      { kind: 'mention', start: 12, length: 2, of: { person: 'l6' } },
    ]);
    expect(readText('@105', [], whois).spans).toEqual([]);
  });

  test('of groups come in with their name', () => {
    expect(readText('see @12036', [], nobody, new Map([['12036', 'Choir']])).text).toBe('see @Choir');
  });
});

test('replacements move marks along', () => {
  const rich: RichText = {
    text: 'abcdef',
    spans: [
      { kind: 'bold', start: 0, length: 3 },
      { kind: 'italic', start: 3, length: 3 },
      { kind: 'code', start: 2, length: 1 },
    ],
  };
  expect(
    rewrite(rich, [
      { start: 2, length: 2, text: 'XYZ' },
      { start: 3, length: 1, text: 'no' },
    ]),
  ).toEqual({
    text: 'abXYZef',
    spans: [
      { kind: 'bold', start: 0, length: 5 },
      { kind: 'italic', start: 2, length: 5 },
      { kind: 'code', start: 2, length: 3 },
    ],
  });
});

describe('no word is lost', () => {
  /** Everything but what may be a mark. */
  const bones = (text: string): string => text.replaceAll(/[\s*_~`>•-]+/g, '');

  test('of random HTML, there and back', () => {
    const random = new Seeded(20_261_124);
    for (let round = 0; round < 3000; round += 1) {
      const rich = readHtml(randomHtml(random));
      const linkless = { ...rich, spans: rich.spans.filter((span) => span.kind !== 'link') };
      const wire = writeMarks(linkless, nobody).text;
      const back = readMarks(wire);
      expect([wire, bones(back.text)]).toEqual([wire, bones(rich.text)]);
      // Without marks in the words themselves, nothing changes at all.
      const unmarked = !/[*_~`]|^(?:> |[*-] )/m.test(rich.text);
      expect([wire, unmarked ? back.text : '']).toEqual([wire, unmarked ? rich.text : '']);
      const said = writeMarks(rich, nobody).text;
      expect(rich.spans.filter((span) => span.kind === 'link' && !said.includes(span.href))).toEqual([]);
    }
  });

  test('of random texts as WhatsApp has them', () => {
    const random = new Seeded(7);
    for (let round = 0; round < 5000; round += 1) {
      const wire = randomText(random);
      const rich = readMarks(wire);
      expect([wire, bones(rich.text)]).toEqual([wire, bones(wire)]);
      for (const span of rich.spans) {
        expect(span.length > 0 && span.start >= 0 && span.start + span.length <= rich.text.length).toBe(true);
      }
      expect([wire, bones(readMarks(writeMarks(rich, nobody).text).text)]).toEqual([wire, bones(wire)]);
    }
  });

  test.each([
    ['stars', '*a '.repeat(20_000)],
    ['pairs', '*a* '.repeat(15_000)],
    ['all marks', '*_~`'.repeat(15_000)],
    ['ticks', '` `'.repeat(20_000)],
    ['fences', '```a '.repeat(12_000)],
    ['quotes', '> a\n'.repeat(15_000)],
    ['mentions', '@1 '.repeat(20_000)],
  ])(
    'nor time, in a text full of %s',
    (_what, wire) => {
      const rich = readText(wire, ['1@lid'], () => ({ person: 'l1' as PersonId, name: 'x' }));
      expect(writeMarks(rich, nobody).text).not.toBe('');
    },
    10_000,
  );
});
