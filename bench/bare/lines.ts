// How a bare client talks with the bench: JSON lines in and out, and one stretch of loops counted as the bench counts its own.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../../sandbox/tape.ts';
import type { Stretch } from '../statistics.ts';

/** Answers each line with one line until standard input closes. */
export async function serve<Question>(answer: (question: Question) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Question))}\n`);
  }
}

/** Does `step` again and again in each chat, one at a time, and counts a stretch after the warm-up. */
export async function loops<Chat>(
  chats: readonly Chat[],
  warmMs: number,
  ms: number,
  step: (chat: Chat) => Promise<unknown>,
): Promise<Stretch> {
  const state = { going: true, count: 0 };
  const all = chats.map(async (chat) => {
    while (state.going) {
      await step(chat);
      state.count += 1;
    }
  });
  await sleep(warmMs);
  const [count, cpu, at] = [state.count, process.cpuUsage(), monotonic()];
  await sleep(ms);
  const used = process.cpuUsage(cpu);
  const stretch = { count: state.count - count, cpuMs: (used.user + used.system) / 1000, ms: monotonic() - at };
  state.going = false;
  await Promise.all(all);
  return stretch;
}
