// A simulator as a process of its own, seen from both ends: how it is started, says that it is ready, and ends with whoever
// started it. Knows nothing of what the process serves.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;

/**
 * Runs `main` (a path) and waits for the JSON of its first line. `title` is what errors call it; `log` is where its standard
 * error goes. Throws if it ends first or stays silent for 30 s.
 */
export async function startProcess<Ready>(
  title: string,
  main: string,
  args: readonly string[],
  log: 'inherit' | 'ignore' = 'inherit',
): Promise<{ readonly ready: Ready; readonly child: ChildProcess }> {
  // Its standard input is its lifeline: it ends when we do.
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', log] });
  const lines = createInterface({ input: child.stdout });
  const deadline = AbortSignal.timeout(START_LIMIT_MS);
  const ended = once(child, 'exit', { signal: deadline }).then(([code]) => {
    throw new Error(`${title} ended with code ${String(code)} before it was ready`);
  });
  try {
    const line: unknown = await Promise.race([once(lines, 'line', { signal: deadline }).then(([text]) => text), ended]);
    return { ready: JSON.parse(String(line)) as Ready, child };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    // The race is over: the exit of a running simulator is no longer this function's business.
    ended.catch(() => undefined);
  }
}

/** Closes the process's standard input and waits for its end; kills it after 5 s. Nothing happens if it has ended. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

/** In the process itself: its one line of readiness. */
export function sayReady(ready: object): void {
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

/** In the process itself: closes what it serves and ends, at a signal or when whoever started it is gone. */
export function endWithStarter(close: () => void | Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    void Promise.resolve(close()).then(() => process.exit(0));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // Whoever started this holds the other end of standard input: when it closes, nobody is left to serve.
  process.stdin.on('close', end).on('end', end).resume();
}
