// TCP sockets for the library: bounded connects, no Nagle delay, one hook for their end, and the redirect to a test server.
import './fast-numbers.ts';
import { PromisedNetSockets } from 'telegram/extensions/index.js';
import { Socket } from 'node:net';

export interface SocketHooks {
  /** Data centre addresses by the address the library believes in; absent = the real network. Unknown ones are refused. */
  readonly redirect?: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  readonly connectMs: number;
  /** Called before the library learns that its connection is there; throws when no new connection may be made. */
  readonly opening: () => void;
  /** Aborted when nobody wants a connection any more: the library closes none that is still being made (Connection.js:49). */
  readonly ended: AbortSignal;
  /** Called once per socket when it is gone, on purpose or not. */
  readonly closed: (socket: unknown) => void;
}

/**
 * The library makes its sockets itself, so it gets a class with our hooks closed over.
 * It hard-codes port 80 or 443 and sets neither a connect timeout nor TCP_NODELAY.
 */
export function socketClass(hooks: SocketHooks): typeof PromisedNetSockets {
  return class BoundedSocket extends PromisedNetSockets {
    #timer: NodeJS.Timeout | undefined;

    override async connect(port: number, ip: string): Promise<unknown> {
      hooks.opening();
      const target = hooks.redirect === undefined ? { host: ip, port } : hooks.redirect.get(ip);
      if (target === undefined) throw new Error('no test server stands for this data centre');
      const connecting = super.connect(target.port, target.host);
      const socket = this.#socket();
      socket?.setNoDelay(true);
      // Also after it is connected: the library does not yet count it as its own for some turns.
      const stop = (): void => void socket?.destroy(new Error('no longer wanted'));
      hooks.ended.addEventListener('abort', stop);
      socket?.once('close', () => {
        hooks.ended.removeEventListener('abort', stop);
        clearTimeout(this.#timer);
        hooks.closed(this);
      });
      this.#timer = setTimeout(() => socket?.destroy(new Error('connect timed out')), hooks.connectMs);
      try {
        return await connecting;
      } finally {
        clearTimeout(this.#timer);
      }
    }

    #socket(): Socket | undefined {
      const { client } = this as unknown as { readonly client?: unknown };
      return client instanceof Socket ? client : undefined;
    }
  };
}
