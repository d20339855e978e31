// How long the homeserver waits for its 200, beside what one commit takes on the same disk; knows the door, not the house behind it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chat } from './cast.ts';
import { Commits } from './commits.ts';
import { DoorPusher } from './door-pusher.ts';
import { atMost, plain, type Finding } from './finding.ts';
import { hearTape } from './hear-tape.ts';
import { WORDS } from './loops.ts';
import type { House } from './house.ts';
import type { Stage } from './stage.ts';
import { percentile } from './statistics.ts';

const SINGLES = 200;
const MANY = 100;
const HUNDREDS = 25;
/** What the bridge may add to a commit, in ms. */
const ADDED_MS = { single: 5, hundred: 30 };
const ARRIVAL_LIMIT_MS = 20_000;

export async function door(stage: Stage, house: House, chats: readonly Chat[]): Promise<readonly Finding[]> {
  const pusher = new DoorPusher(stage.doorPort, stage.tokens.hs);
  const commits = await Commits.open(house.database);
  const state = { arrived: 0, pushed: 0, wake: (): void => undefined };
  const stop = await hearTape(stage.telegram.control, ({ way }) => {
    if (way !== 'in') return;
    state.arrived += 1;
    state.wake();
  });
  const transaction = (count: number): readonly unknown[] =>
    Array.from({ length: count }, () => {
      state.pushed += 1;
      const chat = chats[state.pushed % chats.length];
      return pusher.event(chat?.room ?? '', chat?.person.userId ?? '', `door-${state.pushed} ${WORDS}`);
    });
  /** The next transaction meets a bridge that has nothing to do. */
  const settled = async (): Promise<void> => {
    const late = AbortSignal.timeout(ARRIVAL_LIMIT_MS);
    while (state.arrived < state.pushed) {
      if (late.aborted)
        throw new Error(`${state.pushed - state.arrived} messages of the door did not arrive within 20 s`);
      await new Promise<void>((resolve) => {
        state.wake = resolve;
        setTimeout(resolve, 100);
      });
    }
    await sleep(5);
  };
  const measured = async (times: number, count: number): Promise<number> => {
    const samples: number[] = [];
    for (let time = 0; time < times; time += 1) {
      await commits.one();
      samples.push(await pusher.transaction(transaction(count)));
      await settled();
    }
    return percentile(samples, 0.5);
  };
  try {
    const [single, hundred] = [await measured(SINGLES, 1), await measured(HUNDREDS, MANY)];
    const commit = percentile(commits.samples, 0.5);
    return [
      atMost('transaction-door.1-event.p50', single, 'ms', commit + ADDED_MS.single),
      atMost('transaction-door.100-events.p50', hundred, 'ms', commit + ADDED_MS.hundred),
      plain('transaction-door.commit.p50', commit, 'ms'),
    ];
  } finally {
    stop();
    pusher.close();
    await commits.close();
  }
}
