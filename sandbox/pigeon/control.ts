// The control API over a socket: one JSON line per call, the hands' methods by name; the client has the hands' own types.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { PigeonHands } from './hands.ts';
import { onLines, parseLine } from './lines.ts';

/** The hands as seen from another process. */
export type PigeonControl = {
  readonly [K in keyof PigeonHands]: (...args: Parameters<PigeonHands[K]>) => Promise<ReturnType<PigeonHands[K]>>;
};

export interface ControlServer {
  readonly port: number;
  close(): Promise<void>;
}

const METHODS = new Set(Object.getOwnPropertyNames(PigeonHands.prototype).filter((name) => name !== 'constructor'));

export async function serveControl(hands: PigeonHands, port = 0): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const net: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    // A caller that goes away is no fault of ours.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onLines(socket, (line) => socket.write(`${JSON.stringify(answer(hands, parseLine(line) ?? {}))}\n`));
  });
  net.listen(port, '127.0.0.1');
  await once(net, 'listening');
  return {
    port: (net.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      net.close();
      await once(net, 'close');
    },
  };
}

function answer(hands: PigeonHands, call: Record<string, unknown>): object {
  const { id, name, args } = call;
  try {
    if (typeof name !== 'string' || !METHODS.has(name) || !Array.isArray(args)) throw new Error('no such control');
    const method = hands[name as keyof PigeonHands] as (...given: unknown[]) => unknown;
    // JSON has no undefined: null stands for an argument left out at the end.
    return { id, value: method.apply(hands, args as unknown[]) ?? null };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

export interface ControlClient {
  readonly hands: PigeonControl;
  close(): Promise<void>;
}

/** @throws Error when nobody listens; a call rejects with what the hands threw, or when the connection ends. */
export async function connectControl(port: number): Promise<ControlClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  // The close that follows an error rejects what waits.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      for (const one of waiting.values()) one.reject(new Error('the control connection of the pigeon ended'));
      waiting.clear();
      resolve();
    });
  });
  onLines(socket, (line) => {
    const { id, value, error } = parseLine(line) ?? {};
    const one = waiting.get(Number(id));
    waiting.delete(Number(id));
    if (typeof error === 'string') one?.reject(new Error(`pigeon: ${error}`));
    else one?.resolve(value);
  });
  await once(socket, 'connect');
  const call = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    if (socket.destroyed) throw new Error('the control connection of the pigeon ended');
    calls += 1;
    const one = Promise.withResolvers<unknown>();
    waiting.set(calls, one);
    socket.write(`${JSON.stringify({ id: calls, name, args })}\n`);
    return await one.promise;
  };
  const hands = Object.fromEntries(
    [...METHODS].map((name) => [name, async (...args: unknown[]) => await call(name, args)]),
  ) as unknown as PigeonControl;
  return {
    hands,
    close: async () => {
      socket.destroy();
      await closed;
    },
  };
}
