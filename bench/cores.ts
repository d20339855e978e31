// Who runs on which core: the homeserver on one of its own, as on a machine of its own, or all wherever there is room. Knows processes
// only.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cpus } from 'node:os';

export class Cores {
  readonly #homeserver: number | undefined;
  readonly #dir: string;
  readonly #count = cpus().length;

  /**
   * @param homeserver its process, where it has one
   * @param dir what belongs to this run and is no child of this process (Postgres) works in here
   */
  constructor(homeserver: number | undefined, dir: string) {
    this.#homeserver = homeserver;
    this.#dir = dir;
  }

  /** The homeserver has the last core, everything else of this run shares the others. Nothing happens where there is one core only. */
  apart(): void {
    if (this.#homeserver === undefined || this.#count < 2) return;
    const last = this.#count - 1;
    for (const pid of this.#ours()) assign(pid, pid === this.#homeserver ? String(last) : `0-${last - 1}`);
  }

  /** Everybody may run everywhere. */
  together(): void {
    if (this.#count < 2) return;
    for (const pid of this.#ours()) assign(pid, `0-${this.#count - 1}`);
  }

  #ours(): readonly number[] {
    const parents = new Map<number, number>();
    const ours = new Set([process.pid]);
    for (const pid of readdirSync('/proc').map(Number)) {
      const parent = parentOf(pid);
      if (parent === undefined) continue;
      parents.set(pid, parent);
      if (workingIn(pid)?.startsWith(this.#dir) === true) ours.add(pid);
    }
    for (const pid of parents.keys()) {
      const line = [pid];
      for (let at = parents.get(pid); at !== undefined && !ours.has(line.at(-1) ?? 0); at = parents.get(at))
        line.push(at);
      if (ours.has(line.at(-1) ?? 0)) for (const one of line) ours.add(one);
    }
    return [...ours];
  }
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    // No process, or none any more.
    return undefined;
  }
}

function workingIn(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Not ours to see.
    return undefined;
  }
}

/** @throws Error without taskset; a process that has ended since needs no core. */
function assign(pid: number, cores: string): void {
  const { error } = spawnSync('taskset', ['-a', '-p', '-c', cores, String(pid)], { stdio: 'ignore' });
  if (error !== undefined) throw new Error(`${error.message}: is taskset (util-linux) there?`, { cause: error });
}
