// One login's writer: whatever waits goes together and in order, somebody else's commit may take it along, nobody is forgotten.
import { describe, expect, test } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { FencedError, RefusedError } from '../../../src/model/errors.ts';
import { DraftLedger, type LedgerChange } from '../../../src/networks/whatsapp/state/ledger.ts';
import { KeyStore } from '../../../src/networks/whatsapp/state/keys.ts';
import type { Names } from '../../../src/networks/whatsapp/state/values.ts';
import { Writer, type WriterDoors } from '../../../src/networks/whatsapp/state/writer.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { quiet } from '../../support/quiet.ts';

class Watched extends DraftLedger {
  readonly commits: string[] = [];
  /** What a commit takes. */
  time = Promise.resolve();

  override async write(changes: readonly LedgerChange[]): Promise<void> {
    if (changes.some(({ key }) => key.startsWith('odd'))) throw new RefusedError('a key');
    this.commits.push(textOf(changes));
    await this.time;
    await super.write(changes);
  }
}

const textOf = (changes: readonly LedgerChange[]): string =>
  changes.map(({ key, value }) => `${key}=${value === null ? '' : Buffer.from(value).toString()}`).join(' ');
const change = (key: string, value: string): LedgerChange => ({ key, value: Buffer.from(value) });

function scene(more: Partial<WriterDoors> = {}): {
  readonly ledger: Watched;
  readonly writer: Writer;
  broken: unknown[];
} {
  const ledger = new Watched();
  const broken: unknown[] = [];
  const doors = { ledger, clock: new MemoryClock(), log: quiet, broken: (why: unknown) => broken.push(why), ...more };
  return { ledger, writer: new Writer(doors), broken };
}

test('whoever writes in any turn after the last commit is heard', async () => {
  const { ledger, writer } = scene();
  for (let turns = 0; turns < 12; turns += 1) {
    const before = writer.write([change('a', String(turns))]);
    // As many microtasks later as it takes somebody to come back with the next thing.
    const after = before.then(async () => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await writer.write([change('b', String(turns))]);
    });
    await after;
  }
  expect(ledger.commits).toHaveLength(24);
});

describe('what may wait for the next commit', () => {
  test('goes with it, also behind one that is under way', async () => {
    const { ledger, writer } = scene();
    const soon = writer.writeSoon([change('a', '1')]);
    await turn();
    await Promise.all([soon, writer.write([change('b', '1')])]);
    const { promise, resolve } = Promise.withResolvers<void>();
    ledger.time = promise;
    const under = writer.write([change('c', '1')]);
    while (ledger.commits.length < 2) await turn();
    const next = writer.writeSoon([change('d', '1')]);
    resolve();
    await under;
    await turn();
    await Promise.all([next, writer.write([change('e', '1')])]);
    expect(ledger.commits).toEqual(['a=1 b=1', 'c=1', 'd=1 e=1']);
  });

  test('goes by itself when none comes, and waits for no timer when all is asked for or the line closes', async () => {
    const { ledger, writer } = scene();
    await writer.writeSoon([change('a', '1')]);
    const asked = writer.writeSoon([change('b', '1')]);
    await writer.settled();
    expect(ledger.commits).toEqual(['a=1', 'b=1']);
    const last = writer.writeSoon([change('c', '1')]);
    await Promise.all([asked, writer.close(), last]);
    expect(ledger.commits).toEqual(['a=1', 'b=1', 'c=1']);
    await expect(writer.writeSoon([change('d', '1')])).rejects.toThrow('closed');
  });
});

describe('the commit of somebody else', () => {
  test('takes along what waits before it, and nothing of what comes after', async () => {
    const { ledger, writer } = scene();
    const taken: string[] = [];
    const order: string[] = [];
    writer.whenever([change('w', '0')]);
    await Promise.all([
      writer.write([change('a', '1'), change('b', '1')]).then(() => order.push('first')),
      writer.write([change('b', '2')]).then(() => order.push('second')),
      writer
        .along(async (changes) => {
          taken.push(textOf(changes));
          await Promise.resolve();
        })
        .then(() => order.push('along')),
      writer.write([change('b', '3')]).then(() => order.push('after')),
    ]);
    expect(taken).toEqual(['w=0 a=1 b=2']);
    expect(ledger.commits).toEqual(['b=3']);
    expect(order).toEqual(['first', 'second', 'along', 'after']);
  });

  test('that fails fails alone: the rest is written without it', async () => {
    const { ledger, writer, broken } = scene();
    const write = writer.write([change('a', '1')]);
    await expect(writer.along(async () => await Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    await write;
    expect(ledger.commits).toEqual(['a=1']);
    await writer.along(kept);
    expect(broken).toEqual([]);
  });

  test('that finds the lease lost ends all of it', async () => {
    const { ledger, writer, broken } = scene();
    const before = writer.write([change('a', '1')]);
    const along = writer.along(async () => await Promise.reject(new FencedError('accept')));
    const after = writer.write([change('b', '1')]);
    const ends = await Promise.allSettled([before, along, after]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(broken).toHaveLength(1);
    expect(ledger.commits).toEqual([]);
    await expect(writer.along(kept)).rejects.toThrow(FencedError);
  });
});

describe('what the database never takes', () => {
  test('fails alone: what waits with it and comes behind it is written, and the line ends once', async () => {
    const { ledger, writer, broken } = scene();
    const order: string[] = [];
    writer.whenever([change('w', '1'), change('odd w', '1')]);
    const [first, odd, last] = await Promise.allSettled([
      writer.write([change('a', '1')]),
      writer.write([change('b', '1'), change('odd', '1')]).catch((error: unknown) => {
        order.push(`failed, ${broken.length} told`);
        throw error;
      }),
      writer.write([change('a', '2')]),
    ]);
    expect([first, last]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(odd).toMatchObject({ status: 'rejected', reason: expect.any(RefusedError) });
    expect(ledger.commits).toEqual(['w=1', 'a=1', 'a=2']);
    expect(broken).toEqual([expect.any(RefusedError)]);
    expect(order).toEqual(['failed, 1 told']);
    await writer.write([change('c', '1')]);
    expect(ledger.commits.at(-1)).toBe('c=1');
  });

  test('and may be lost ends no line', async () => {
    const { ledger, writer, broken } = scene();
    writer.whenever([change('odd', '1')]);
    await writer.write([change('a', '1')]);
    await writer.write([change('b', '1')]);
    expect([ledger.commits, broken]).toEqual([['a=1', 'b=1'], []]);
  });

  test('is not taken for kept by the store of keys', async () => {
    const { writer } = scene();
    const names = { of: (type: string, id: string) => `${type}/${id}` } as Names;
    const ledger = new DraftLedger();
    const keys = new KeyStore({ ledger, writer, names, alongside: () => [change('odd', '1')] });
    const mapping = { 'lid-mapping': { '1': 'one' } };
    await expect(keys.set(mapping)).rejects.toThrow(RefusedError);
    expect(await keys.get('lid-mapping', ['1'])).toEqual({});
  });
});

async function kept(): Promise<void> {
  await Promise.resolve();
}
