// Starts the toy network, in this process or as one of its own; the same hands either way. Knows nothing of the bridge.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectControl, type PigeonControl } from './control.ts';
import { PigeonHands } from './hands.ts';
import { PigeonServer } from './server.ts';

export type { PigeonControl } from './control.ts';
export type * from './types.ts';

export interface Pigeon {
  /** Of the network itself, on 127.0.0.1. */
  readonly port: number;
  readonly hands: PigeonControl;
  stop(): Promise<void>;
}

/** What main.ts prints when it is ready. */
export interface ReadyLine {
  readonly port: number;
  readonly control: number;
}

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const START_LIMIT_MS = 30_000;

/** In this process. */
export async function startPigeon(port = 0): Promise<Pigeon> {
  const server = new PigeonServer();
  await server.listen(port);
  const hands = new PigeonHands(server);
  return { port: server.port, hands: promised(hands), stop: async () => await server.close() };
}

/** A process of its own; it ends with `stop()` or with this process. @throws Error when it is not ready within 30 s */
export async function spawnPigeon(
  options: { readonly port?: number; readonly control?: number } = {},
): Promise<Pigeon> {
  const args = ['--port', String(options.port ?? 0), '--control-port', String(options.control ?? 0)];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await exited;
  };
  try {
    const ended = exited.then(() => {
      throw new Error('the toy network ended before it was ready');
    });
    const ready = once(createInterface({ input: child.stdout }), 'line', {
      signal: AbortSignal.timeout(START_LIMIT_MS),
    });
    const [line] = (await Promise.race([ready, ended])) as [string];
    // From here on its end is no surprise.
    ended.catch(() => undefined);
    const { port, control } = JSON.parse(line) as ReadyLine;
    const client = await connectControl(control);
    return {
      port,
      hands: client.hands,
      stop: async () => {
        await client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same hands for both ways of starting: every call is a promise, and every value a copy. */
function promised(hands: PigeonHands): PigeonControl {
  return new Proxy(hands, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return undefined;
      return async (...args: unknown[]): Promise<unknown> => {
        await Promise.resolve();
        return structuredClone(method.apply(target, args) as unknown);
      };
    },
  }) as unknown as PigeonControl;
}
