// Proves the checker: each mutant of the bridge breaks one promise, runs in a copy of the tree, and must be caught by its symptom.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { HomeserverKind } from '../../sandbox/homeserver/homeserver.ts';
import { runPoints } from './points/run.ts';
import { Chance } from './random.ts';
import { run, type Figures, type Outcome } from './run.ts';
import type { NetworkName } from './worlds.ts';

const COUNTS = [
  'lost',
  'doubled',
  'reordered',
  'misrouted',
  'toldFailed',
] as const satisfies readonly (keyof Figures)[];

export type Symptom = (typeof COUNTS)[number];

export interface Change {
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** Any of these counts gives it away; none when it is only looked for at points. */
  readonly symptoms: readonly Symptom[];
  /** It is looked for where single statements are struck, too (points/run.ts). */
  readonly points?: boolean;
  /** Where it shows; everywhere unless told. */
  readonly networks?: readonly NetworkName[];
  /** It takes the bad moments of WhatsApp too (whatsapp-trouble.ts). */
  readonly trouble?: boolean;
  readonly changes: readonly Change[];
}

export interface MutantsOptions {
  readonly tree: string;
  readonly dir: string;
  readonly seed: number;
  readonly homeserver: HomeserverKind;
  /** These alone; all unless told. */
  readonly names?: readonly string[];
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** As few as it takes, and never more. */
const KILLS = 18;
const GOES = 3;
/** Of the control, in words. */
const MOST_FINDINGS = 3;
/** A mutant that carries less than this part of the messages is broken, not caught. */
const LEAST_CARRIED = 0.5;

export function readMutants(tree: string): readonly Mutant[] {
  const dir = join(tree, 'tests', 'mutants');
  return readdirSync(dir)
    .filter((file) => file.endsWith('.yaml'))
    .toSorted()
    .map((file) => ({
      name: basename(file, '.yaml'),
      ...(parse(readFileSync(join(dir, file), 'utf8')) as Omit<Mutant, 'name'>),
    }));
}

/** @throws Error when the text to change is not there exactly once */
export function changed(text: string, { file, find, replace }: Change): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times what is to be changed: ${find}`);
  return parts.join(replace);
}

/** Where mutants run: each place has a control of its own. */
type Place = Pick<Mutant, 'networks' | 'trouble'>;

/** Strokes at points, all of them deaths before a commit. */
const STROKES = 12;

/** @returns how many were caught: none of those for which the bridge as it is shows symptoms by itself, for then nothing is proved */
export async function runMutants(options: MutantsOptions): Promise<{ mutants: number; caught: number }> {
  const { names } = options;
  const mutants = readMutants(options.tree).filter(({ name }) => names?.includes(name) ?? true);
  const isOver = (): boolean => options.signal?.aborted === true;
  let caught = 0;
  for (const [where, there] of byPlace(mutants)) {
    if (isOver()) break;
    const place: Place = there[0] ?? {};
    if (!(await unchangedIsClean(options, place, where))) continue;
    for (const mutant of there) {
      if (isOver()) break;
      const dir = join(options.dir, mutant.name);
      const tree = changedTree(options.tree, join(dir, 'tree'), mutant.changes);
      if (await caughtBy(mutant, { ...options, tree, dir })) caught += 1;
      rmSync(tree, { recursive: true, force: true });
    }
  }
  const there = mutants.filter(({ points }) => points === true);
  const kills = mutants.filter(({ symptoms }) => symptoms.length > 0).length;
  return { mutants: kills + there.length, caught: caught + (await caughtAtPoints(options, there)) };
}

/** With a control as everywhere. */
async function caughtAtPoints(options: MutantsOptions, mutants: readonly Mutant[]): Promise<number> {
  const { say, seed, signal } = options;
  const strike = async (name: string, changes: readonly Change[]): Promise<string | undefined> => {
    const tree = changedTree(options.tree, join(options.dir, `${name}-at-points`, 'tree'), changes);
    const some = { strokes: STROKES, chance: new Chance(seed) };
    const how = { tree, some, manners: ['killed-before'], goOn: false, say: () => undefined } as const;
    const { undisturbed, findings } = await runPoints({ ...how, ...(signal === undefined ? {} : { signal }) });
    rmSync(tree, { recursive: true, force: true });
    const [broken] = undisturbed.findings;
    if (broken !== undefined) throw new Error(`${name}, at points: it is only broken (${broken})`);
    return findings[0];
  };
  if (mutants.length === 0) return 0;
  const clean = await strike('unchanged', []);
  say(`unchanged (at points): ${clean === undefined ? 'clean' : `NOT CLEAN (${clean}): none was tried there`}`);
  let caught = 0;
  for (const { name, changes } of clean === undefined ? mutants : []) {
    const found = await strike(name, changes);
    if (found !== undefined) caught += 1;
    say(`${name}, at points: ${found === undefined ? 'NOT CAUGHT' : `caught (${found})`}`);
  }
  return caught;
}

/** The mutants by where they run, in words. */
export function byPlace(mutants: readonly Mutant[]): ReadonlyMap<string, readonly Mutant[]> {
  return Map.groupBy(
    mutants.filter(({ symptoms }) => symptoms.length > 0),
    ({ networks, trouble }) => `${networks?.join(', ') ?? 'everywhere'}${trouble === true ? ', in trouble' : ''}`,
  );
}

/** The control: the same copy, the same kills, nothing changed. */
async function unchangedIsClean(options: MutantsOptions, place: Place, where: string): Promise<boolean> {
  const dir = join(options.dir, `unchanged-${where.replaceAll(/\W+/g, '-')}`);
  const tree = join(dir, 'tree');
  copyTree(options.tree, tree);
  let why: string | undefined;
  try {
    const how = { ...options, ...placed(place), tree, dir };
    why = uncleanness(await run({ ...how, kills: KILLS, goes: GOES, say: () => undefined }));
  } catch (error) {
    why = `it does not run: ${error instanceof Error ? error.message : String(error)}`;
  }
  rmSync(tree, { recursive: true, force: true });
  options.say(
    why === undefined
      ? `unchanged (${where}): clean`
      : `unchanged (${where}): NOT CLEAN (${why}): what a mutant shows would prove nothing, none was tried there`,
  );
  return why === undefined;
}

function placed({ networks, trouble }: Place): { networks?: readonly NetworkName[]; trouble: boolean } {
  return { ...(networks === undefined ? {} : { networks }), trouble: trouble === true };
}

/** @returns what the bridge shows without any mutant, in words; nothing when a mutant's symptoms are its own */
export function uncleanness({
  figures,
  findings,
  endedByThemselves,
}: Pick<Outcome, 'figures' | 'findings' | 'endedByThemselves'>): string | undefined {
  const wrong = COUNTS.filter((count) => figures[count] > 0).map((count) => `${count} ${figures[count]}`);
  if (figures.messages === 0) wrong.push('no messages');
  if (endedByThemselves > 0) wrong.push(`ended by itself ${endedByThemselves} times`);
  wrong.push(...findings.slice(0, MOST_FINDINGS));
  return wrong.length === 0 ? undefined : wrong.join(', ');
}

function changedTree(from: string, to: string, changes: readonly Change[]): string {
  copyTree(from, to);
  for (const change of changes) {
    const path = join(to, change.file);
    writeFileSync(path, changed(readFileSync(path, 'utf8'), change));
  }
  return to;
}

/** What the bridge needs to run; its packages are the same. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of ['src', 'config', 'package.json']) cpSync(join(from, name), join(to, name), { recursive: true });
  symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'));
}

async function caughtBy(mutant: Mutant, options: MutantsOptions): Promise<boolean> {
  const { say } = options;
  const sick = (counts: Pick<Figures, Symptom>): boolean => mutant.symptoms.some((symptom) => counts[symptom] > 0);
  let outcome: Outcome;
  try {
    outcome = await run({
      ...options,
      ...placed(mutant),
      kills: KILLS,
      goes: GOES,
      enough: sick,
      say: () => undefined,
    });
  } catch (error) {
    say(`${mutant.name}: NOT CAUGHT, it does not run (${error instanceof Error ? error.message : String(error)})`);
    return false;
  }
  const { figures, endedByThemselves } = outcome;
  const counts = `lost ${figures.lost}, doubled ${figures.doubled}, reordered ${figures.reordered}, misrouted ${figures.misrouted}, told failed ${figures.toldFailed} of ${figures.messages} after ${figures.kills} kills`;
  if (endedByThemselves > 0 || figures.lost > figures.messages * (1 - LEAST_CARRIED)) {
    say(`${mutant.name}: NOT CAUGHT, it is only broken (ended by itself ${endedByThemselves} times; ${counts})`);
    return false;
  }
  const is = sick(figures);
  say(`${mutant.name}: ${is ? 'caught' : 'NOT CAUGHT'} (${counts})`);
  return is;
}
