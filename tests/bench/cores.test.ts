// Which cores the bench gives to whom: a homeserver of its own, what works in the run's folder, and their children.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Cores } from '../../bench/cores.ts';

const LAST = cpus().length - 1;
const ALL = LAST === 0 ? '0' : `0-${LAST}`;
const ALONE = String(LAST);
/** What is left when the last one is another's. */
const OTHERS = LAST <= 1 ? '0' : `0-${LAST - 1}`;

let dir: string;
let started: ChildProcess[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'passerelle-cores-'));
  started = [];
});

afterEach(() => {
  new Cores(undefined, dir).together();
  for (const child of started) child.kill('SIGKILL');
  for (const pid of strangers) process.kill(pid, 'SIGKILL');
  strangers.length = 0;
  rmSync(dir, { recursive: true, force: true });
});

const strangers: number[] = [];

function child(): number {
  const one = spawn('sleep', ['60'], { stdio: 'ignore' });
  started.push(one);
  return one.pid ?? 0;
}

/** Somebody else's child, as Postgres is. */
function stranger(cwd: string): number {
  const { stdout } = spawnSync('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { cwd, encoding: 'utf8' });
  strangers.push(Number(stdout));
  return Number(stdout);
}

function coresOf(pid: number): string | undefined {
  return /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

test('the homeserver has the last core alone, whatever else is of this run has the others', () => {
  const [homeserver, client, database, foreign] = [child(), child(), stranger(dir), stranger(tmpdir())];
  const cores = new Cores(homeserver, dir);
  cores.apart();
  const apart = [homeserver, client, database, process.pid, foreign].map(coresOf);
  cores.together();
  const together = [homeserver, client, database, process.pid, foreign].map(coresOf);
  expect(apart).toEqual([ALONE, OTHERS, OTHERS, OTHERS, ALL]);
  expect(together).toEqual([ALL, ALL, ALL, ALL, ALL]);
});

test('without a homeserver of its own nothing is moved', () => {
  const client = child();
  new Cores(undefined, dir).apart();
  expect([client, process.pid].map(coresOf)).toEqual([ALL, ALL]);
});
