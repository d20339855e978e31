// Every point at which the state of a login is read or written is struck once in each manner, in a conversation that has to come out as
// if nothing had been: the choice of the points and the verdict. Prints nothing itself.
import type { Chance } from '../random.ts';
import { MANNERS, Stage, type Held, type Manner, type Stroke } from './stage.ts';

export interface PointsOptions {
  /** The checkout whose bridge runs; this one unless told. */
  readonly tree?: string;
  /** All unless told. */
  readonly manners?: readonly Manner[];
  /** The first and the last point, when not all are meant. */
  readonly from?: number;
  readonly to?: number;
  /** So many strokes, drawn by lot over the kinds of points; all points unless told. */
  readonly some?: { readonly strokes: number; readonly chance: Chance };
  readonly say: (line: string) => void;
  /** Goes on after something was found. Default true. */
  readonly goOn?: boolean;
  readonly signal?: AbortSignal;
}

export interface PointsOutcome {
  readonly strokes: number;
  /** Of a conversation that nobody disturbs: kinds of its points, in their order, and what is wrong with it all the same. */
  readonly undisturbed: Pick<Held, 'kinds' | 'findings'>;
  /** Kinds of those that were struck. */
  readonly struck: ReadonlySet<string>;
  /** What came out otherwise, with the stroke that did it. */
  readonly findings: readonly string[];
}

/** Conversations in one town: its rooms pile up. */
const MOST_IN_TOWN = 25;

/** @throws Error when the bridge does not run */
export async function runPoints(options: PointsOptions): Promise<PointsOutcome> {
  const { say } = options;
  const stages = new Stages(options.tree);
  const struck = new Set<string>();
  const findings: string[] = [];
  let count = 0;
  try {
    const undisturbed = await stages.hold();
    const { kinds } = undisturbed;
    say(`${kinds.length} points of ${new Set(kinds).size} kinds in a conversation`);
    for (const line of undisturbed.findings) say(`undisturbed: ${line}`);
    const strokes = options.some === undefined ? all(options) : drawn(options, options.some, kinds);
    let next = undisturbed.findings.length > 0 ? OVER : strokes.next();
    while (next.done !== true) {
      options.signal?.throwIfAborted();
      const held = await stages.hold(next.value);
      if (held.struck !== undefined) {
        count += 1;
        struck.add(held.struck);
      }
      const where = `${next.value.manner} ${next.value.nth} (${held.struck ?? 'not reached'})`;
      say(`${where}: ${held.findings.length === 0 ? 'as if nothing had been' : 'FAILED'}`);
      for (const line of held.findings) say(`  ${line}`);
      findings.push(...held.findings.map((line) => `${where}: ${line}`));
      next = held.findings.length > 0 && options.goOn === false ? OVER : strokes.next(held);
    }
    return { strokes: count, undisturbed, struck, findings };
  } finally {
    await stages.close();
  }
}

type Strokes = Generator<Stroke, void, Held | undefined>;

const OVER = { done: true, value: undefined } as const;

/** One point after the other, until a conversation is over before the next. */
function* all({ manners = MANNERS, from = 1, to = Number.POSITIVE_INFINITY }: PointsOptions): Strokes {
  for (const manner of manners) {
    for (let nth = from; nth <= to; nth += 1) {
      const held: Held | undefined = yield { manner, nth };
      if (held?.struck === undefined && held?.findings.length === 0) break;
    }
  }
}

/** Each kind once before any comes again, and each manner in turn. */
function* drawn(
  { manners: chosen = MANNERS }: PointsOptions,
  { strokes, chance }: NonNullable<PointsOptions['some']>,
  kinds: readonly string[],
): Strokes {
  const manners = chance.shuffled(chosen);
  const order: string[] = [];
  while (order.length < strokes) order.push(...chance.shuffled([...new Set(kinds)]));
  for (const [index, kind] of order.slice(0, strokes).entries()) {
    const nth = chance.whole(1, kinds.filter((one) => one === kind).length);
    const manner = manners[index % manners.length] ?? 'killed-before';
    let held: Held | undefined = yield { manner, kind, nth };
    // What is written together differs from time to time, and so does how many points there are. There was no such one: whatever comes at
    // about its place will do, or earlier where the conversation is over before that.
    for (let at = 1 + kinds.indexOf(kind); held?.struck === undefined && at >= 1; at = Math.floor(at / 2))
      held = yield { manner, nth: at };
  }
}

/** A town for some conversations, then another one; and another one after each that went wrong. */
class Stages {
  readonly #tree: string | undefined;
  #stage: Stage | undefined;
  #held = 0;

  constructor(tree: string | undefined) {
    this.#tree = tree;
  }

  async hold(stroke?: Stroke): Promise<Held> {
    this.#stage ??= await Stage.open(this.#tree);
    this.#held += 1;
    const held = await this.#stage.hold(stroke);
    if (held.findings.length > 0 || this.#held === MOST_IN_TOWN) await this.close();
    return held;
  }

  async close(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    this.#held = 0;
    await stage?.close();
  }
}
