// Starts the toy network, in this process or as one of its own; the same hands either way. Knows nothing of the bridge.
import { fileURLToPath } from 'node:url';
import { endProcess, startProcess } from '../process.ts';
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
  const { ready, child } = await startProcess<ReadyLine>('the toy network', MAIN, args);
  try {
    const client = await connectControl(ready.control);
    return {
      port: ready.port,
      hands: client.hands,
      stop: async () => {
        await client.close();
        await endProcess(child);
      },
    };
  } catch (error) {
    await endProcess(child);
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
