// The checker sees what went wrong, and nothing where nothing did: planted losses, doubles, reorderings and strays.
import { describe, expect, test } from '@jest/globals';
import { judge, tokenOf, type ChatSide, type Said, type Showing, type SideName } from './checker.ts';

const clean = { lost: 0, doubled: 0, reordered: 0, misrouted: 0, toldFailed: 0 };

function said(token: string, speaker: string, more: Partial<Said> = {}): Said {
  return { token, chat: 'net/one', from: 'network', speaker, texts: [`${token} hello`], removed: false, ...more };
}

function shown(text: string, by: string, more: Partial<Showing> = {}): Showing {
  return { by, texts: [text], removed: false, ...more };
}

function side(name: SideName, showings: readonly Showing[], chat = 'net/one'): ChatSide {
  return { chat, side: name, showings };
}

/** What the other side shows; our own side shows everything once. */
function verdict(
  spoken: readonly Said[],
  there: readonly Showing[],
  more: readonly ChatSide[] = [],
  told: string[] = [],
) {
  const here = spoken.filter((one) => one.from === 'network' && one.chat === 'net/one');
  const own = here.map((one) => shown(one.texts.at(-1) ?? '', one.speaker, { removed: one.removed }));
  const { findings, ...counts } = judge(spoken, [side('network', own), side('matrix', there), ...more], new Set(told));
  expect(findings).toHaveLength(counts.lost + counts.doubled + counts.reordered + counts.misrouted);
  return counts;
}

const two = [said('k1', 'ann'), said('k2', 'ann'), said('k3', 'bob')];
const asSaid = [shown('k1 hello', '@a'), shown('k2 hello', '@a'), shown('k3 hello', '@b')];

test('nothing is found where all arrived, whoever was faster', () => {
  expect(verdict(two, asSaid)).toEqual(clean);
  expect(verdict(two, [shown('k3 hello', '@b'), shown('k1 hello', '@a'), shown('k2 hello', '@a')])).toEqual(clean);
});

test('what nobody said is nobody’s business', () => {
  expect(verdict(two, [shown('welcome', '@bot'), ...asSaid, shown('k99 old', '@z')])).toEqual(clean);
});

test('a token is known at the beginning of a text only, with or without its version', () => {
  expect(['k12 x', 'k12v3 x', 'k12', 'ok12 x', 'see k12', 'k x'].map(tokenOf)).toEqual([
    'k12',
    'k12',
    'k12',
    undefined,
    undefined,
    undefined,
  ]);
});

describe('lost', () => {
  test('a message that is nowhere', () => {
    expect(verdict(two, asSaid.slice(1))).toEqual({ ...clean, lost: 1 });
  });

  test('a message whose author was told is counted apart', () => {
    expect(verdict(two, asSaid.slice(1), [], ['k1'])).toEqual({ ...clean, toldFailed: 1 });
  });

  test('a message whose author was told although it arrived is still counted', () => {
    expect(verdict(two, asSaid, [], ['k1'])).toEqual({ ...clean, toldFailed: 1 });
  });

  test('a message that arrived in other words', () => {
    expect(verdict(two, [shown('k1 hell', '@a'), ...asSaid.slice(1)])).toEqual({ ...clean, lost: 1 });
  });

  test('the last edit', () => {
    const edited = [said('k1', 'ann', { texts: ['k1 a', 'k1v1 b', 'k1v2 c'] })];
    expect(verdict(edited, [shown('', '@a', { texts: ['k1 a', 'k1v1 b'] })])).toEqual({ ...clean, lost: 1 });
  });

  test('an edit in between may be skipped, and the same one may be said twice', () => {
    const edited = [said('k1', 'ann', { texts: ['k1 a', 'k1v1 b', 'k1v2 c'] })];
    expect(verdict(edited, [shown('', '@a', { texts: ['k1 a', 'k1v2 c'] })])).toEqual(clean);
    expect(verdict(edited, [shown('', '@a', { texts: ['k1v2 c', 'k1v2 c'] })])).toEqual(clean);
  });

  test('the taking back', () => {
    expect(verdict([said('k1', 'ann', { removed: true })], [shown('k1 hello', '@a')])).toEqual({ ...clean, lost: 1 });
  });

  test('a message that was taken away though nobody took it back', () => {
    expect(verdict(two, [shown('k1 hello', '@a', { removed: true }), ...asSaid.slice(1)])).toEqual({
      ...clean,
      lost: 1,
    });
  });

  test('not what was taken back, whether it ever arrived or not', () => {
    const gone = [said('k1', 'ann', { removed: true })];
    expect(verdict(gone, [])).toEqual(clean);
    expect(verdict(gone, [shown('', '@a', { texts: [], removed: true })])).toEqual(clean);
    expect(verdict(gone, [shown('k1 hello', '@a', { removed: true })])).toEqual(clean);
  });
});

describe('doubled', () => {
  test('a message shown twice, and three times', () => {
    expect(verdict(two, [...asSaid, shown('k2 hello', '@a')])).toEqual({ ...clean, doubled: 1 });
    expect(verdict(two, [...asSaid, shown('k2 hello', '@a'), shown('k2 hello', '@a')])).toEqual({
      ...clean,
      doubled: 2,
    });
  });

  test('a message that came back to where it was said', () => {
    const echo = side('network', [shown('k1 hello', 'ann')]);
    expect(verdict(two, asSaid, [echo])).toEqual({ ...clean, doubled: 1 });
  });

  test('an edit that was said as a message of its own', () => {
    const edited = [said('k1', 'ann', { texts: ['k1 a', 'k1v1 b'] })];
    const there = [shown('', '@a', { texts: ['k1 a', 'k1v1 b'] }), shown('k1v1 b', '@a')];
    expect(verdict(edited, there)).toEqual({ ...clean, doubled: 1 });
  });
});

describe('reordered', () => {
  test('two messages of one person in one chat', () => {
    expect(verdict(two, [shown('k2 hello', '@a'), shown('k1 hello', '@a'), shown('k3 hello', '@b')])).toEqual({
      ...clean,
      reordered: 1,
    });
  });

  test('a message that came late is one, not as many as it missed', () => {
    const many = ['k1', 'k2', 'k3', 'k4'].map((token) => said(token, 'ann'));
    const there = ['k2', 'k3', 'k4', 'k1'].map((token) => shown(`${token} hello`, '@a'));
    expect(verdict(many, there)).toEqual({ ...clean, reordered: 1 });
  });

  test('the edits of a message', () => {
    const edited = [said('k1', 'ann', { texts: ['k1 a', 'k1v1 b', 'k1v2 c'] })];
    expect(verdict(edited, [shown('', '@a', { texts: ['k1 a', 'k1v2 c', 'k1v1 b', 'k1v2 c'] })])).toEqual({
      ...clean,
      reordered: 1,
    });
  });

  test('not a double', () => {
    expect(verdict(two, [...asSaid, shown('k1 hello', '@a')])).toEqual({ ...clean, doubled: 1 });
  });

  test('not two chats, and not two directions', () => {
    const both = [
      said('k1', 'ann'),
      said('k2', 'ann', { chat: 'net/two' }),
      said('k3', 'ann'),
      said('k4', 'carl', { from: 'matrix' }),
    ];
    const there = [side('matrix', [shown('k2 hello', '@a')], 'net/two'), side('network', [shown('k4 hello', 'c')])];
    expect(
      verdict(both, [shown('k1 hello', '@a'), shown('k4 hello', '@carl'), shown('k3 hello', '@a')], there),
    ).toEqual(clean);
  });
});

describe('misrouted', () => {
  test('a message in another chat, which is lost in its own', () => {
    const elsewhere = side('matrix', [shown('k1 hello', '@a')], 'net/two');
    expect(verdict(two, asSaid.slice(1), [elsewhere])).toEqual({ ...clean, lost: 1, misrouted: 1 });
  });

  test('a message under another name', () => {
    const three = [...two, said('k4', 'ann')];
    expect(verdict(three, [...asSaid, shown('k4 hello', '@b')])).toEqual({ ...clean, misrouted: 1 });
  });

  test('two people under one name', () => {
    const there = [shown('k1 hello', '@a'), shown('k2 hello', '@a'), shown('k3 hello', '@a')];
    expect(verdict(two, there)).toEqual({ ...clean, misrouted: 1 });
  });

  test('one name on both sides is no confusion', () => {
    const own = [said('k1', 'ann-phone'), said('k2', 'ann', { from: 'matrix' })];
    const there = [shown('k1 hello', '@ann'), shown('k2 hello', '@ann')];
    expect(verdict(own, there, [side('network', [shown('k2 hello', 'ann-phone')])])).toEqual(clean);
  });
});
