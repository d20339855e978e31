// What the bridge adds to a message's way at twenty messages a second, at the wire and by one clock; knows when, not what.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../sandbox/tape.ts';
import { Person } from '../tests/faults/person.ts';
import type { Chat } from './cast.ts';
import type { Far } from './far.ts';
import { Commits } from './commits.ts';
import { atMost, plain, type Finding } from './finding.ts';
import { hearTape } from './hear-tape.ts';
import { WORDS } from './loops.ts';
import type { House } from './house.ts';
import type { Stage } from './stage.ts';
import { percentile } from './statistics.ts';

const EVERY_MS = 50;
const WARM = 20;
const SAMPLES = 400;
const P50_MS = 25;
const P99_MS = 100;
const LAST_LIMIT_MS = 20_000;

/** When each text was seen at both ends of the bridge; word of either end may reach us first. */
export class Passages {
  readonly #came = new Map<string, number>();
  readonly #went = new Map<string, number>();
  readonly samples: number[] = [];

  came(text: string, at: number): void {
    if (!this.#came.has(text)) this.#came.set(text, at);
    this.#match(text);
  }

  went(text: string, at: number): void {
    if (!this.#went.has(text)) this.#went.set(text, at);
    this.#match(text);
  }

  /** Only the first time at each end counts. */
  #match(text: string): void {
    const [came, went] = [this.#came.get(text), this.#went.get(text)];
    if (came === undefined || went === undefined || Number.isNaN(came)) return;
    this.samples.push(went - came);
    this.#came.set(text, Number.NaN);
  }
}

/** One text after the other at an even pace, whatever becomes of them; then waits for the last. */
async function pace(
  name: string,
  passages: Passages,
  start: (index: number, text: string) => Promise<unknown>,
): Promise<readonly number[]> {
  const run = randomBytes(4).toString('hex');
  const began = monotonic();
  const starts: Promise<unknown>[] = [];
  for (let index = 0; index < WARM + SAMPLES; index += 1) {
    await sleep(Math.max(0, began + index * EVERY_MS - monotonic()));
    starts.push(start(index, `${name}-${run}-${index} ${WORDS}`));
  }
  await Promise.all(starts);
  const until = monotonic() + LAST_LIMIT_MS;
  while (passages.samples.length < WARM + SAMPLES) {
    if (monotonic() > until) {
      throw new Error(`${WARM + SAMPLES - passages.samples.length} messages ${name} were not seen on the other side`);
    }
    await sleep(20);
  }
  return passages.samples.slice(WARM);
}

function findings({ network }: Far, way: string, samples: readonly number[], commits: Commits): readonly Finding[] {
  const id = `${network}.${way}.added-latency`;
  return [
    atMost(`${id}.p50`, percentile(samples, 0.5), 'ms', P50_MS),
    atMost(`${id}.p99`, percentile(samples, 0.99), 'ms', P99_MS),
    plain(`${id}.commit.p50`, percentile(commits.samples, 0.5), 'ms'),
  ];
}

/** What is measured: who hears the two ends of the way, and how a message is begun in a chat. */
interface Way {
  readonly name: 'to-network' | 'to-matrix';
  readonly ears: Stage['relay']['ears'];
  readonly tape: Parameters<typeof hearTape>[1];
  readonly start: (chat: Chat, text: string) => Promise<unknown>;
}

async function added(
  stage: Stage,
  far: Far,
  house: House,
  chats: readonly Chat[],
  way: (passages: Passages) => Way,
): Promise<readonly Finding[]> {
  const passages = new Passages();
  const { name, ears, tape, start } = way(passages);
  stage.relay.ears = ears;
  const stop = await hearTape(far.control, tape);
  const commits = await Commits.open(house.database);
  try {
    commits.every(200);
    const samples = await pace(name, passages, async (index, text) => {
      const chat = chats[index % chats.length];
      if (chat !== undefined) await start(chat, text);
    });
    return findings(far, name, samples, commits);
  } finally {
    stage.relay.ears = {};
    stop();
    await commits.close();
  }
}

/** From the last byte of the homeserver's transaction to the network's frame as its tape tells of it. */
export async function addedToNetwork(
  stage: Stage,
  far: Far,
  house: House,
  chats: readonly Chat[],
): Promise<readonly Finding[]> {
  const persons = new Map(chats.map(({ person }) => [person.userId, new Person(stage.homeserver.url, person)]));
  return await added(stage, far, house, chats, (passages) => ({
    name: 'to-network',
    ears: { pushing: (text, at) => passages.came(text, at) },
    tape: ({ way, text, at }) => {
      if (way === 'in') passages.went(text, at);
    },
    start: async (chat, text) => await persons.get(chat.person.userId)?.say(chat.room, text),
  }));
}

/** From the last byte of the network's frame to the first byte of the send to the homeserver. */
export async function addedToMatrix(
  stage: Stage,
  far: Far,
  house: House,
  chats: readonly Chat[],
): Promise<readonly Finding[]> {
  return await added(stage, far, house, chats, (passages) => ({
    name: 'to-matrix',
    ears: { sending: (text, at) => passages.went(text, at) },
    tape: ({ way, text, at }) => {
      if (way === 'out') passages.came(text, at);
    },
    start: async (chat, text) => await far.write(chat.contact, chat.self, text),
  }));
}
