// Long texts in several messages: nothing lost, nothing cut in the middle of a character or a mark.
import { describe, expect, test } from '@jest/globals';
import { splitParts, splitSpoken, splitText } from '../../src/flow/split.ts';
import { fitted, writeMessage } from '../../src/matrix/write.ts';
import { plainText, type MessageBody, type RichText } from '../../src/model/message.ts';

/** A small deterministic generator, so that a failure names its seed. */
function* numbers(seed: number): Generator<number> {
  let state = seed;
  while (true) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state;
  }
}

function randomText(seed: number): RichText {
  const next = numbers(seed);
  const letters = ['a', 'é', ' ', '\n', '😀', 'z', '\t', '𝔘'];
  const length = (next.next().value ?? 0) % 300;
  const text = Array.from({ length }, () => letters[(next.next().value ?? 0) % letters.length]).join('');
  const start = text.length === 0 ? 0 : (next.next().value ?? 0) % text.length;
  const span = { kind: 'bold', start, length: text.length - start } as const;
  return { text, spans: text.length === 0 ? [] : [span] };
}

describe('splitting long text', () => {
  test('loses no character, keeps every piece within the limit and every pair whole', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const text = randomText(seed);
      for (const max of [2, 7, 64]) {
        const pieces = splitText(text, max);
        expect(pieces.map((piece) => piece.text).join('')).toBe(text.text);
        for (const piece of pieces) {
          expect(piece.text.length).toBeLessThanOrEqual(max);
          expect(piece.text.isWellFormed()).toBe(true);
          for (const span of piece.spans) expect(span.start + span.length).toBeLessThanOrEqual(piece.text.length);
        }
        const marked = pieces.flatMap((piece) =>
          piece.spans.map((span) => piece.text.slice(span.start, span.start + span.length)),
        );
        expect(marked.join('')).toBe(text.spans.map((span) => text.text.slice(span.start)).join(''));
      }
    }
  });

  test('leaves a text that fits alone', () => {
    const text = { text: 'x'.repeat(4096), spans: [] };
    expect(splitText(text, 4096)).toEqual([text]);
  });

  test('breaks at a line end when there is one in the second half', () => {
    const [first, second] = splitText({ text: `${'a'.repeat(70)}\n${'b'.repeat(60)}`, spans: [] }, 100);
    expect(first?.text).toBe(`${'a'.repeat(70)}\n`);
    expect(second?.text).toBe('b'.repeat(60));
  });

  test('breaks a text of 4097 units without spaces into 4096 and 1', () => {
    const pieces = splitText({ text: 'y'.repeat(4097), spans: [] }, 4096);
    expect(pieces.map((piece) => piece.text.length)).toEqual([4096, 1]);
  });
});

test('what is behind an address goes with the piece that it stands in', () => {
  const text = plainText(`${'a '.repeat(30)}https://a.example ${'b '.repeat(30)}`);
  const preview = { url: 'https://a.example', title: 'A' };
  const pieces = splitSpoken({ kind: 'text', as: 'text', text, preview }, 64);
  expect(pieces.length).toBeGreaterThan(2);
  for (const piece of pieces) {
    expect(piece.preview).toEqual(piece.text.text.includes(preview.url) ? preview : undefined);
  }
});

describe('what goes with something else', () => {
  const long = 'é\u0001'.repeat(20_000);
  const media = {
    kind: 'image',
    source: { from: 'network', handle: 1 },
    name: 'a',
    mime: 'image/png',
  } as const;

  test.each<readonly [string, MessageBody, (body: MessageBody | undefined) => RichText | undefined, string]>([
    [
      'a kind that is not bridged',
      { kind: 'unsupported', what: 'kind.photo', fallback: plainText(long) },
      (body) => (body?.kind === 'unsupported' ? body.fallback : undefined),
      'notice',
    ],
    [
      'a picture',
      { kind: 'media', media, caption: plainText(long) },
      (body) => (body?.kind === 'media' ? body.caption : undefined),
      'text',
    ],
  ])('%s is of any length: what does not fit follows it', (_name, body, textOf, as) => {
    const [first, ...rest] = splitParts([body]);
    expect(first).toMatchObject({ kind: body.kind });
    const texts = rest.map((one) => (one.kind === 'text' && one.as === as ? one.text.text : ''));
    expect([textOf(first)?.text, ...texts].join('')).toBe(long);
    const shown = [{ kind: 'text', as: 'text', text: textOf(first) ?? plainText('') } as const, ...rest];
    for (const one of shown) {
      expect(fitted(writeMessage(one, { mention: () => undefined }), 60_000)).toBeDefined();
    }
  });

  test('stays as it is where it is short, or not there', () => {
    const bodies: readonly MessageBody[] = [
      { kind: 'unsupported', what: 'kind.photo', fallback: plainText('short') },
      { kind: 'unsupported', what: 'kind.photo' },
      { kind: 'media', media },
    ];
    expect(splitParts(bodies)).toEqual(bodies);
  });
});
