// `npm run faults`: reads the options, runs the harness or the mutants, says how it went; the exit code is the verdict.
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { HomeserverKind } from '../../sandbox/homeserver/homeserver.ts';
import { tokenOf } from './checker.ts';
import { TARGETS, type Target } from './kills.ts';
import { runMutants } from './mutants.ts';
import { runPoints } from './points/run.ts';
import { MANNERS, type Manner } from './points/stage.ts';
import { Chance } from './random.ts';
import { complaints, run, type Outcome } from './run.ts';
import { NETWORKS, type NetworkName } from './worlds.ts';

const USAGE = `usage: npm run faults -- [--kills N] [--seed S] [--json FILE] [--homeserver double|synapse]
                            [--only bridge|postgres|worker] [--network telegram|pigeon|whatsapp]… [--trouble] [--dir FOLDER]
       npm run faults -- --mutants [--mutant NAME]… [--seed S] [--json FILE]
       npm run faults -- --points [--manner ${MANNERS.join('|')}]… [--from N] [--to N] [--strokes N] [--seed S]`;
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const MOST_FINDINGS = 40;
/** Aborted when somebody asks us to stop: then everything is ended and removed. */
const stop = new AbortController();

interface Options {
  readonly kills: number;
  readonly seed: number;
  readonly homeserver: HomeserverKind;
  readonly mutants: boolean;
  /** Tries these mutants alone. */
  readonly names?: readonly string[];
  readonly json: string | undefined;
  readonly points: boolean;
  readonly manners: readonly Manner[];
  /** The first and the last point. */
  readonly from: number;
  readonly to: number;
  /** So many points, drawn by lot; 0: all. */
  readonly strokes: number;
  /** Kills nothing else. */
  readonly only?: Target;
  readonly networks: readonly NetworkName[];
  /** The networks have a bad moment before each kill. */
  readonly trouble: boolean;
  /** Keeps the logs of everything. */
  readonly dir: string | undefined;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '50' },
      seed: { type: 'string' },
      json: { type: 'string' },
      homeserver: { type: 'string', default: 'double' },
      mutants: { type: 'boolean', default: false },
      trouble: { type: 'boolean', default: false },
      mutant: { type: 'string', multiple: true },
      points: { type: 'boolean', default: false },
      manner: { type: 'string', multiple: true },
      from: { type: 'string', default: '1' },
      to: { type: 'string', default: '10000' },
      strokes: { type: 'string', default: '0' },
      only: { type: 'string' },
      network: { type: 'string', multiple: true },
      dir: { type: 'string' },
    },
  });
  const kills = Number(values.kills);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const { homeserver } = values;
  const only = TARGETS.find((target) => target === values.only);
  if (values.only !== undefined && only === undefined) throw new Error(`--only takes ${TARGETS.join(' or ')}`);
  const networks = NETWORKS.filter((one) => values.network === undefined || values.network.includes(one));
  if (networks.length === 0) throw new Error(`--network takes ${NETWORKS.join(' or ')}`);
  const manners = MANNERS.filter((one) => values.manner === undefined || values.manner.includes(one));
  if (manners.length === 0) throw new Error(`--manner takes ${MANNERS.join(' or ')}`);
  const [from, to, strokes] = [Number(values.from), Number(values.to), Number(values.strokes)];
  if (![from, to, strokes].every((one) => Number.isSafeInteger(one) && one >= 0))
    throw new Error('--from, --to and --strokes take whole numbers');
  if (!Number.isSafeInteger(kills) || kills < 1) throw new Error('--kills takes a whole number from 1 on');
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed takes a whole number from 0 on');
  if (homeserver !== 'double' && homeserver !== 'synapse') throw new Error('--homeserver takes double or synapse');
  return {
    kills,
    seed,
    homeserver,
    mutants: values.mutants,
    points: values.points,
    manners,
    from,
    to,
    strokes,
    json: values.json,
    dir: values.dir,
    networks,
    trouble: values.trouble,
    ...(values.mutant === undefined ? {} : { names: values.mutant }),
    ...(only === undefined ? {} : { only }),
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function faults(options: Options, dir: string): Promise<boolean> {
  const outcome = await run({ ...options, dir, tree: ROOT, say, signal: stop.signal });
  writeJson(options, outcome.figures);
  for (const finding of outcome.findings.slice(0, MOST_FINDINGS)) say(finding);
  if (outcome.findings.length > MOST_FINDINGS) say(`and ${outcome.findings.length - MOST_FINDINGS} more`);
  for (const notice of outcome.notices.filter((line) => tokenOf(line) !== undefined)) say(`told: ${notice}`);
  for (const line of summary(outcome)) say(line);
  return complaints(outcome).length === 0;
}

async function points(options: Options): Promise<boolean> {
  const { seed, strokes, signal } = { ...options, signal: stop.signal };
  const some = strokes === 0 ? {} : { some: { strokes, chance: new Chance(seed) } };
  const outcome = await runPoints({ ...options, ...some, say, signal });
  const wrong = outcome.undisturbed.findings.length + outcome.findings.length;
  const drawn = strokes === 0 ? '' : `, drawn with seed ${seed}`;
  say(
    `${outcome.strokes} points struck, of ${outcome.struck.size} kinds${drawn}: ${wrong === 0 ? 'nothing came of it' : `FAILED (${wrong} findings)`}`,
  );
  return wrong === 0;
}

async function mutants(options: Options, dir: string): Promise<boolean> {
  const counts = await runMutants({ ...options, dir, tree: ROOT, say, signal: stop.signal });
  writeJson(options, counts);
  const all = counts.caught === counts.mutants;
  say(
    `${counts.caught} of ${counts.mutants} mutants caught by their symptom, seed ${options.seed}${all ? '' : ': FAILED'}`,
  );
  return all;
}

function writeJson({ json }: Options, value: unknown): void {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(value)}\n`);
}

function summary(outcome: Outcome): readonly string[] {
  const { figures, acts, byTarget, drainMs, endedByThemselves } = outcome;
  const targets = Object.entries(byTarget).map(([target, count]) => `${count} of the ${target}`);
  const wrong = complaints(outcome);
  return [
    `${figures.kills} kills (${targets.join(', ')}), seed ${figures.seed}; the bridge ended by itself ${endedByThemselves} times`,
    `${figures.messages} messages and ${acts - figures.messages} changes of them, at least ${figures.messagesPerKill} messages between two kills, a median of ${figures.inFlightAtKillMedian} under way at a kill; all had arrived ${Math.round(drainMs / 1000)} s after the end`,
    `lost ${figures.lost}, doubled ${figures.doubled}, reordered ${figures.reordered}, misrouted ${figures.misrouted}, told failed ${figures.toldFailed}: ${wrong.length === 0 ? 'nothing is missing' : `FAILED (${wrong.join('; ')})`}`,
  ];
}

let options: Options;
try {
  options = optionsOf(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exit(2);
}
const dir = options.dir === undefined ? mkdtempSync(join(tmpdir(), 'passerelle-faults-')) : resolve(options.dir);
mkdirSync(dir, { recursive: true });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
try {
  process.exitCode = (await (options.points ? points : options.mutants ? mutants : faults)(options, dir)) ? 0 : 1;
} catch (error) {
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
// What a failed run left under way must not keep the process.
process.exit();
