// The gate on outgoing frames: nothing leaves while what came is not kept, in order, and for good when it cannot be kept.
import { describe, expect, test } from '@jest/globals';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { allCures, type Cures } from '../../../src/networks/whatsapp/cures.ts';
import { FencedError } from '../../../src/model/errors.ts';
import { Gate } from '../../../src/networks/whatsapp/state/gate.ts';
import { guardSocket } from '../../../src/networks/whatsapp/state/guard.ts';
import { Journal } from '../../../src/networks/whatsapp/state/journal.ts';
import type { LedgerChange } from '../../../src/networks/whatsapp/state/ledger.ts';
import { isComplete } from '../../../src/networks/whatsapp/state/row.ts';
import { Writer } from '../../../src/networks/whatsapp/state/writer.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { quiet } from '../../support/quiet.ts';
import { chance } from './support/chance.ts';

const notification = (id: string): BinaryNode => ({
  tag: 'notification',
  attrs: { id, from: '1@g.us', type: 'w:gp2', t: '1' },
  content: [{ tag: 'subject', attrs: { subject: 'a name' } }],
});
const encrypted = (id: string): BinaryNode => ({
  tag: 'message',
  attrs: { id, from: '1@lid', t: '1' },
  content: [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: Buffer.from(id) }],
});

/** A database that answers when it is told to. */
class Database {
  readonly commits: (readonly LedgerChange[])[] = [];
  readonly #open: (() => void)[] = [];
  #refusing: Error | undefined;

  get asked(): number {
    return this.#open.length;
  }

  async write(changes: readonly LedgerChange[]): Promise<void> {
    if (this.#refusing !== undefined) throw this.#refusing;
    await new Promise<void>((resolve) => this.#open.push(resolve));
    if (this.#refusing !== undefined) throw this.#refusing;
    this.commits.push(changes);
  }

  async answer(): Promise<void> {
    this.#open.shift()?.();
    await turn();
  }

  async refuse(error: Error | undefined): Promise<void> {
    this.#refusing = error;
    await this.answer();
  }
}

class Line {
  readonly database = new Database();
  readonly clock = new MemoryClock();
  readonly left: string[] = [];
  readonly told: string[] = [];
  readonly refused: string[] = [];
  readonly broken: unknown[] = [];
  readonly ws = new EventEmitter();
  readonly journal: Journal;
  readonly gate: Gate;
  readonly writer: Writer;

  constructor(cures: Partial<Cures> = {}) {
    const socket = {
      send: (frame: Uint8Array | string, sent?: (error?: Error) => void) => {
        this.left.push(String(frame));
        sent?.();
      },
    };
    Object.assign(this.ws, { socket });
    this.writer = new Writer({
      ledger: this.database,
      clock: this.clock,
      log: quiet,
      broken: (why) => {
        this.broken.push(why);
        this.gate.shut();
      },
    });
    this.journal = new Journal({ writer: this.writer, clock: this.clock });
    this.gate = guardSocket(this.ws, this.journal, { ...allCures, ...cures });
  }

  receive(node: BinaryNode): void {
    this.ws.emit('frame', node);
  }

  send(frame: string): void {
    const { socket } = this.ws as unknown as { socket: { send: Gate['send'] } };
    socket.send(frame, (error) => {
      if (error === undefined) this.told.push(frame);
      else this.refused.push(frame);
    });
  }
}

test('a gate that is shut leaves no failure of what is kept later to the process', () => {
  const gate = new Gate({ send: () => undefined });
  gate.shut();
  let heard = 0;
  const kept = Promise.reject<void>(new Error('not kept'));
  const own = kept.catch.bind(kept);
  kept.catch = (why) => {
    heard += 1;
    return own(why);
  };
  gate.hold(kept);
  expect([heard, gate.waiting]).toEqual([1, 0]);
});

test('frames of one turn are one write, in their order, and a later one is another', async () => {
  const writes: string[][] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      writes.push([chunk]);
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  const socket = { _socket: stream, send: (frame: string) => void stream.write(frame) };
  const ws = Object.assign(new EventEmitter(), { socket });
  guardSocket(ws, { heard: () => undefined }, allCures);
  for (const frame of ['one', 'two', 'three']) socket.send(frame);
  await turn();
  socket.send('four');
  await turn();
  await turn();
  expect(writes).toEqual([['one', 'two', 'three'], ['four']]);
});

describe('defect 2: what is acknowledged before it is kept', () => {
  test('an acknowledgement waits for the commit, and what follows waits behind it', async () => {
    const line = new Line();
    line.send('before');
    line.receive(notification('n1'));
    line.send('ack n1');
    line.send('a question');
    await turn();
    expect([line.left, line.database.asked]).toEqual([['before'], 1]);
    await line.database.answer();
    expect(line.left).toEqual(['before', 'ack n1', 'a question']);
  });

  test('the library acknowledges at once by itself (cure gate: false)', async () => {
    const line = new Line({ gate: false });
    line.receive(notification('n1'));
    line.send('ack n1');
    await turn();
    expect([line.left, line.database.commits]).toEqual([['ack n1'], []]);
  });

  test('encrypted messages hold nothing: they are kept as they are decrypted, which may take a question to the server', async () => {
    const line = new Line();
    line.receive(encrypted('m1'));
    line.send('a question');
    await turn();
    expect([line.left, line.database.asked]).toEqual([['a question'], 0]);
  });

  test('messages that nobody decrypts, calls and receipts are kept too; answers to questions are not', async () => {
    const line = new Line();
    const plain: BinaryNode = {
      tag: 'message',
      attrs: { id: 'p', from: '1@newsletter', t: '1' },
      content: [{ tag: 'plaintext', attrs: {}, content: Buffer.from('x') }],
    };
    const unavailable: BinaryNode = {
      tag: 'message',
      attrs: { id: 'u', from: '1@lid' },
      content: [{ tag: 'unavailable', attrs: {} }],
    };
    const bot: BinaryNode = {
      tag: 'message',
      attrs: { id: 'b', from: '1@lid' },
      content: [{ tag: 'enc', attrs: { type: 'msmsg' }, content: Buffer.from('y') }],
    };
    const call: BinaryNode = { tag: 'call', attrs: { id: 'c', from: '1@lid' }, content: [{ tag: 'offer', attrs: {} }] };
    const receipt: BinaryNode = { tag: 'receipt', attrs: { id: 'r', from: '1@lid', type: 'read' } };
    for (const node of [plain, unavailable, bot, call, receipt, { tag: 'iq', attrs: { id: 'q', type: 'result' } }])
      line.receive(node);
    await turn();
    await line.database.answer();
    expect(line.journal.unread().map(({ node }) => node.attrs['id'])).toEqual(['p', 'u', 'b', 'c', 'r']);
    expect(line.database.commits).toHaveLength(1);
  });

  test('nobody waits for a frame that waits, until too many do', async () => {
    const line = new Line();
    line.receive(notification('n1'));
    const frames = Array.from({ length: 100 }, (_, index) => `f${index}`);
    for (const frame of frames) line.send(frame);
    await turn();
    const [told, left] = [line.told.length, line.left.length];
    await line.database.answer();
    expect([told, left, line.left, line.told]).toEqual([63, 0, frames, frames]);
  });

  test('a database that is away is waited for, and nothing leaves meanwhile', async () => {
    const line = new Line();
    line.receive(notification('n1'));
    line.send('ack n1');
    await turn();
    await line.database.refuse(new Error('away'));
    expect([line.left, line.broken]).toEqual([[], []]);
    await line.database.refuse(undefined);
    line.clock.pass(100);
    await turn();
    await line.database.answer();
    expect(line.left).toEqual(['ack n1']);
  });

  test('a lease that is lost shuts the gate before anybody learns of it', async () => {
    const line = new Line();
    line.receive(notification('n1'));
    line.send('ack n1');
    await turn();
    await line.database.refuse(new FencedError('login:1'));
    line.send('a nack');
    expect({ left: line.left, refused: line.refused, broken: line.broken.length }).toEqual({
      left: [],
      // Who was told that it is on its way hears from the line that it ended.
      refused: ['a nack'],
      broken: 1,
    });
  });

  test('a second delivery is not written again, nor told', async () => {
    const line = new Line();
    const told: string[] = [];
    line.journal.onRow((row) => told.push(row.key));
    line.receive(notification('n1'));
    line.receive(notification('n1'));
    line.send('ack');
    await turn();
    await line.database.answer();
    expect([line.left, line.database.commits.length, told.length]).toEqual([['ack'], 1, 1]);
    const { taken } = line.journal.take(line.journal.unread());
    taken();
    line.receive({ ...notification('n1'), attrs: { ...notification('n1').attrs, offline: '1' } });
    line.send('ack again');
    await turn();
    expect([line.left, line.journal.unread()]).toEqual([['ack', 'ack again'], []]);
  });

  test('a library that keeps its socket elsewhere is refused', () => {
    const line = new Line();
    expect(() => guardSocket(new EventEmitter(), line.journal, allCures)).toThrow('elsewhere');
  });

  test.each([1, 2, 3, 4, 5])(
    'in any order of events, seed %s: order is kept, and no frame overtakes a commit',
    async (seed) => {
      const line = new Line();
      const draw = chance(seed);
      const before = new Map<string, number>();
      let came = 0;
      let written = 0;
      for (let step = 0; step < 300; step += 1) {
        const dice = draw();
        if (dice < 0.35) {
          came += 1;
          line.receive(notification(`n${came}`));
        } else if (dice < 0.75) {
          written += 1;
          before.set(`f${written}`, came);
          line.send(`f${written}`);
        } else if (dice < 0.9) await line.database.answer();
        else await turn();
        const kept = line.database.commits.flat().length;
        for (const frame of line.left) expect(kept).toBeGreaterThanOrEqual(before.get(frame) ?? 0);
      }
      await turn();
      while (line.database.asked > 0) await line.database.answer();
      expect(line.left).toEqual(Array.from({ length: written }, (_, index) => `f${index + 1}`));
      expect(line.journal.unread().every(isComplete)).toBe(true);
      expect(line.gate.waiting).toBe(0);
    },
  );
});
