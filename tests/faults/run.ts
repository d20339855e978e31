// One run of the harness: a town under load, kills, a drain, the verdict; prints nothing itself.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HomeserverKind } from '../../sandbox/homeserver/homeserver.ts';
import { Book } from './book.ts';
import { judge, type Verdict } from './checker.ts';
import { MESSAGES_BETWEEN, plan, strike, type Kill, type Target } from './kills.ts';
import { Load } from './load.ts';
import { Chance } from './random.ts';
import { Town } from './town.ts';
import { NETWORKS, type NetworkName } from './worlds.ts';

export interface RunOptions {
  readonly kills: number;
  readonly seed: number;
  readonly homeserver: HomeserverKind;
  readonly only?: Target;
  /** All unless told. */
  readonly networks?: readonly NetworkName[];
  /** The checkout whose bridge runs. */
  readonly tree: string;
  /** The networks have a bad moment before each kill. */
  readonly trouble?: boolean;
  /** A folder for everything that is written. */
  readonly dir: string;
  readonly say: (line: string) => void;
  /** The kills come in so many goes, each with a drain and a verdict of its own; 1 unless told. */
  readonly goes?: number;
  /** Asked after each go: is there no need for another one? */
  readonly enough?: (verdict: Verdict) => boolean;
  /** Ends the run early, as a failure. */
  readonly signal?: AbortSignal;
}

/** The figures, as the JSON has them. */
export interface Figures {
  readonly kills: number;
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly misrouted: number;
  readonly toldFailed: number;
  /** The fewest texts said from one kill to the next. */
  readonly messagesPerKill: number;
  readonly inFlightAtKillMedian: number;
  readonly seed: number;
}

export interface Outcome {
  readonly figures: Figures;
  readonly findings: readonly string[];
  readonly notices: readonly string[];
  readonly acts: number;
  readonly byTarget: Readonly<Record<string, number>>;
  readonly endedByThemselves: number;
  /** From the end of the load to the last arrival, in ms. */
  readonly drainMs: number;
}

export const DRAIN_LIMIT_MS = 60_000;
/** A run ends by itself, whatever happens: so long for the start, and for each kill. */
const START_LIMIT_MS = 180_000;
const KILL_LIMIT_MS = 30_000;
/**
 * What comes twice may come late: the gap audit looks at what it found after twenty seconds (src/matrix/gap-audit.ts), and while there are
 * kills it hardly ever gets so far.
 */
const QUIET_MS = 30_000;
const LOAD = { width: 14, everyMs: 250, mostOutstanding: 60 };

export const LEAST_IN_FLIGHT = 5;

/** @throws Error when the run cannot be carried through; leaves nothing behind either way */
export async function run(options: RunOptions): Promise<Outcome> {
  const book = new Book();
  const { tree, dir, homeserver, networks = NETWORKS, say } = options;
  const town = new Town({ tree, dir, homeserver, networks, book, say });
  const limit = AbortSignal.timeout(
    START_LIMIT_MS + options.kills * KILL_LIMIT_MS + (options.goes ?? 1) * 2 * DRAIN_LIMIT_MS,
  );
  const end = AbortSignal.any([limit, ...(options.signal === undefined ? [] : [options.signal])]);
  const ended = new Promise<never>((_, reject) => {
    const why = (): void => reject(new Error(limit.aborted ? 'it takes too long' : 'ended early'));
    end.addEventListener('abort', why, { once: true });
  });
  end.throwIfAborted();
  const work = carryOut(options, town, book);
  try {
    return await Promise.race([work, ended]);
  } finally {
    // What is still going on fails for want of a town; the first failure is the one to tell.
    work.catch(() => undefined);
    await town.close();
  }
}

async function carryOut(options: RunOptions, town: Town, book: Book): Promise<Outcome> {
  const { seed, say } = options;
  const chance = new Chance(seed);
  await town.open();
  const speakers = town.speakers();
  const kills: Kill[] = [];
  const targets = plan(options.kills, chance, options.only);
  const goes = options.goes ?? 1;
  for (let go = 1; ; go += 1) {
    const load = new Load(book, new Chance(seed + go), speakers, LOAD, async () => await town.look());
    load.start();
    try {
      const until = Math.ceil((targets.length * go) / goes);
      await attack(
        { town, load, book, chance, trouble: options.trouble ?? false },
        targets.slice(kills.length, until),
        kills,
        say,
      );
    } finally {
      await load.stop();
    }
    const { verdict, drainMs } = await drain(town, book);
    if (go === goes || options.enough?.(verdict) === true) {
      return outcome(options, town, book, kills, verdict, drainMs);
    }
  }
}

async function attack(
  doors: Parameters<typeof strike>[0],
  targets: readonly Target[],
  kills: Kill[],
  say: RunOptions['say'],
): Promise<void> {
  let since = doors.book.messages;
  for (const target of targets) {
    const kill = await strike(doors, target, since);
    since += kill.messages;
    kills.push(kill);
    say(`kill ${kills.length}: ${target}, ${kill.messages} messages after the last one, ${kill.inFlight} under way`);
  }
}

/** Waits for everything to arrive, and then for what should not. */
async function drain(town: Town, book: Book): Promise<{ verdict: Verdict; drainMs: number }> {
  const began = Date.now();
  const left = (): number => began + DRAIN_LIMIT_MS - Date.now();
  while (book.outstanding().length > 0 && left() > 0) {
    await town.look();
    await sleep(200);
  }
  for (;;) {
    const drainMs = Date.now() - began;
    const verdict = await judged(town, book);
    const clean = verdict.findings.length === 0;
    if (!clean && left() > 0) await sleep(1000);
    else {
      await sleep(QUIET_MS);
      return { verdict: await judged(town, book), drainMs };
    }
  }
}

async function judged(town: Town, book: Book): Promise<Verdict> {
  await town.look();
  return judge(book.all(), await town.sides(), town.told());
}

function outcome(
  { seed }: RunOptions,
  town: Town,
  book: Book,
  kills: readonly Kill[],
  verdict: Verdict,
  drainMs: number,
): Outcome {
  const { findings, ...counts } = verdict;
  const targets = kills.map(({ target }) => target);
  return {
    figures: {
      kills: kills.length,
      messages: book.messages,
      ...counts,
      messagesPerKill: Math.min(...kills.map(({ messages }) => messages)),
      inFlightAtKillMedian: median(kills.map(({ inFlight }) => inFlight)),
      seed,
    },
    findings,
    notices: town.notices(),
    acts: book.acts,
    byTarget: Object.fromEntries(
      [...new Set(targets)].map((target) => [target, targets.filter((one) => one === target).length]),
    ),
    endedByThemselves: town.bridge.endedByThemselves,
    drainMs,
  };
}

/** The lower one of the middle, so that nothing is rounded up. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** Everything that keeps a run from being a proof, in words; none when it is one. */
export function complaints({ figures }: Pick<Outcome, 'figures'>): readonly string[] {
  const wrong = (['lost', 'doubled', 'reordered', 'misrouted', 'toldFailed'] as const).filter(
    (count) => figures[count] > 0,
  );
  return [
    ...wrong.map((count) => `${count} ${figures[count]}`),
    ...(figures.messagesPerKill < MESSAGES_BETWEEN
      ? [`only ${figures.messagesPerKill} messages between two kills`]
      : []),
    ...(figures.inFlightAtKillMedian < LEAST_IN_FLIGHT
      ? [`a median of only ${figures.inFlightAtKillMedian} messages under way at a kill`]
      : []),
  ];
}
