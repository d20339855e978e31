// Requests of one moment go out together and each for itself; the library's own send queue, no wire.
import { expect, test } from '@jest/globals';
import { packTogether } from '../../../src/networks/telegram/wire/packing.ts';

/** As the library's queue behaves: the first append wakes whoever waits. */
class Queue {
  readonly states: { after?: unknown }[] = [];
  #wake: () => void = () => undefined;

  append(state: { after?: unknown } | undefined): void {
    if (state === undefined) return;
    const before = this.states.at(-1);
    if (before !== undefined) state.after = before;
    this.states.push(state);
    this.#wake();
  }

  async wait(): Promise<void> {
    if (this.states.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

async function tookAtOnce(queue: Queue): Promise<number> {
  const took = queue.wait().then(() => queue.states.length);
  queue.append({});
  for (let hop = 0; hop < 5; hop += 1) await Promise.resolve();
  queue.append({});
  return await took;
}

test('what is asked a few steps later still travels with the first', async () => {
  expect(await tookAtOnce(new Queue())).toBe(1);
  const queue = new Queue();
  packTogether({ _sendQueue: queue }, true);
  expect(await tookAtOnce(queue)).toBe(2);
});

test('no send waits for the one before it, unless the chain is wanted', () => {
  for (const alone of [true, false]) {
    const queue = new Queue();
    packTogether({ _sendQueue: queue }, alone);
    // A connection opened again finds the same queue.
    packTogether({ _sendQueue: queue }, alone);
    queue.append({});
    queue.append({});
    expect(queue.states[1]?.after === undefined).toBe(alone);
  }
});
