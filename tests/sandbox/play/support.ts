// Runs `npm run sandbox` as a newcomer does and reads what it prints; finds whatever it leaves running. Knows nothing of its insides.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BOOT = fileURLToPath(new URL('../../../scripts/boot.mjs', import.meta.url));

export class SandboxRun {
  /** Holds the data of this run; what still runs names it. */
  readonly dir = mkdtempSync(join(tmpdir(), 'play-'));
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;
  #output = '';
  #heard: () => void = () => undefined;
  #over = false;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [BOOT, 'sandbox', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment, TMPDIR: this.dir },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#heard();
      });
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    void this.ended.then(() => {
      this.#over = true;
      this.#heard();
    });
  }

  get output(): string {
    return this.#output;
  }

  /** @throws Error with everything printed, when it ends without having printed this */
  async prints(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = what.exec(this.#output);
      if (found !== null) return found;
      if (this.#over) throw new Error(`it never printed ${what.source}:\n${this.#output}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Command lines of processes that carry this run's folder in their arguments or environment (Linux). */
  left(): readonly string[] {
    // Elsewhere nobody can be asked for other processes' arguments without a tool.
    if (!existsSync('/proc/self/cmdline')) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => [read(pid, 'cmdline'), read(pid, 'environ')].some((text) => text.includes(this.dir)))
      .map((pid) => read(pid, 'cmdline').replaceAll('\0', ' '));
  }

  /** Resolves when nothing of this run is running any more. @throws Error after a minute, naming what is */
  async gone(): Promise<void> {
    const until = Date.now() + 60_000;
    while (this.left().length > 0) {
      if (Date.now() > until) throw new Error(`still running: ${this.left().join('\n')}`);
      await pause(100);
    }
  }

  /** Ends what a failed test has left. */
  async clean(): Promise<void> {
    this.child.stdin?.end();
    if (!this.#over) this.child.kill('SIGTERM');
    await this.ended;
    await this.gone();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function read(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // Gone in the meantime, or somebody else's.
  }
}

/** What both homeservers must show: every line on both sides, and no trace of itself left. */
export function linesOf(output: string): { readonly written: readonly string[]; readonly arrived: readonly string[] } {
  const lines = output.split('\n').map((line) => line.trim());
  return {
    written: lines.filter((line) => /^(?:Matrix|Telegram|WhatsApp) /.test(line)),
    arrived: lines.filter((line) => line.startsWith('→ ')),
  };
}
