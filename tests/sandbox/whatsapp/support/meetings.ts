// A listener of the simulator's lowest layer, and the clients that come to it, one after the other. Answers nothing by itself.

import { ServerIdentity } from '../../../../sandbox/whatsapp/wire/certificate.ts';
import type { WireConnection } from '../../../../sandbox/whatsapp/wire/connection.ts';
import { WireListener, type ListenerOptions } from '../../../../sandbox/whatsapp/wire/listener.ts';
import type { BinaryNode } from '../../../../sandbox/whatsapp/wire/node.ts';

export interface Meeting {
  readonly connection: WireConnection;
  /** Everything that was heard, in order. */
  readonly nodes: readonly BinaryNode[];
  /** The first node that is like this, also one that has come already. */
  readonly heard: (like: (node: BinaryNode) => boolean) => Promise<BinaryNode>;
  /** Resolves when the connection is over. */
  readonly gone: Promise<void>;
}

export interface Meetings {
  readonly listener: WireListener;
  readonly log: readonly string[];
  /** The next client that finished its handshake. */
  readonly next: () => Promise<Meeting>;
}

function meet(connection: WireConnection) {
  const nodes: BinaryNode[] = [];
  const listeners = new Set<(node: BinaryNode) => void>();
  const over = Promise.withResolvers<void>();
  const meeting: Meeting = {
    connection,
    nodes,
    heard: async (like) =>
      nodes.find(like) ??
      (await new Promise<BinaryNode>((resolve) => {
        const hear = (one: BinaryNode): void => {
          if (!like(one)) return;
          listeners.delete(hear);
          resolve(one);
        };
        listeners.add(hear);
      })),
    gone: over.promise,
  };
  const heard = (one: BinaryNode): void => {
    nodes.push(one);
    for (const hear of listeners) hear(one);
  };
  return { meeting, ears: { heard, gone: () => over.resolve() } };
}

/** Opens a listener; close it with `listener.close()`. */
export async function meetings(options: Partial<ListenerOptions> = {}): Promise<Meetings> {
  const waiting: ((meeting: Meeting) => void)[] = [];
  const come: Meeting[] = [];
  const log: string[] = [];
  const listener = await WireListener.open({
    identity: new ServerIdentity(),
    log: (text) => void log.push(text),
    connected: (connection) => {
      const { meeting, ears } = meet(connection);
      const next = waiting.shift();
      if (next === undefined) come.push(meeting);
      else next(meeting);
      return ears;
    },
    ...options,
  });
  return {
    listener,
    log,
    next: async () => come.shift() ?? (await new Promise<Meeting>((resolve) => waiting.push(resolve))),
  };
}
