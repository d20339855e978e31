// Connections that go through the operator's proxy, HTTP (by CONNECT) or SOCKS5: nothing goes around it, and nothing is looked up here. Knows no WhatsApp.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls';
import { SocksClient } from 'socks';

/** Ms that the proxy may take. */
const TUNNEL_MS = 10_000;
const USUAL: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'socks5:': 1080 };

export class ProxyRefused extends Error {
  /** As Node's own errors of connections, which the library takes for what they are: WhatsApp is not reached. */
  readonly code = 'EPROXY';

  /** @param status of the proxy's answer, or nothing when there was none */
  constructor(status: number | undefined, options?: ErrorOptions) {
    super(status === undefined ? 'the proxy does not answer' : `the proxy answered ${status}`, options);
    this.name = 'ProxyRefused';
  }
}

/** @param proxy `http://`, `https://` or `socks5://`, with user and password where it wants them @throws ProxyRefused */
export async function tunnel(proxy: URL, host: string, port: number): Promise<Socket> {
  const at = {
    host: bare(proxy.hostname),
    port: proxy.port === '' ? (USUAL[proxy.protocol] ?? 0) : Number(proxy.port),
  };
  const [user, password] = [decodeURIComponent(proxy.username), decodeURIComponent(proxy.password)];
  if (proxy.protocol !== 'socks5:') return await connectBy(proxy, at, { host, port, user, password });
  try {
    const { socket } = await SocksClient.createConnection({
      proxy: { ...at, type: 5, ...(user === '' ? {} : { userId: user, password }) },
      command: 'connect',
      destination: { host: bare(host), port },
      timeout: TUNNEL_MS,
    });
    return socket;
  } catch (error) {
    throw new ProxyRefused(undefined, { cause: error });
  }
}

async function connectBy(
  proxy: URL,
  at: { readonly host: string; readonly port: number },
  to: { readonly host: string; readonly port: number; readonly user: string; readonly password: string },
): Promise<Socket> {
  const name = `${to.host.includes(':') && !to.host.startsWith('[') ? `[${to.host}]` : to.host}:${to.port}`;
  const login = Buffer.from(`${to.user}:${to.password}`).toString('base64');
  const headers = { host: name, ...(to.user === '' ? {} : { 'proxy-authorization': `Basic ${login}` }) };
  const ask: (options: object) => ClientRequest = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise((resolve, reject) => {
    const request = ask({ ...at, method: 'CONNECT', path: name, headers, agent: false, timeout: TUNNEL_MS });
    request.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      if (statusCode !== 200) {
        socket.destroy();
        reject(new ProxyRefused(statusCode));
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once('timeout', () => request.destroy(new ProxyRefused(undefined)));
    request.once('error', (error) =>
      reject(error instanceof ProxyRefused ? error : new ProxyRefused(undefined, { cause: error })),
    );
    request.end();
  });
}

type Created = (error: Error | null, socket?: Socket) => void;
/** A WebSocket's port comes as text. */
type Wanted = Omit<ConnectionOptions, 'port'> & { readonly port?: string | number | undefined };

/** For Node's own clients. @param secure what goes through it is TLS */
export function agentThrough(proxy: URL, secure: boolean): HttpAgent {
  const agent = secure ? new HttpsAgent() : new HttpAgent();
  const create = (options: Wanted, created: Created): undefined => {
    tunnel(proxy, options.host ?? '', Number(options.port ?? (secure ? 443 : 80))).then(
      (socket) => created(null, secure ? tlsConnect({ ...options, port: undefined, socket }) : socket),
      (error: unknown) => created(error as Error),
    );
  };
  return Object.assign(agent, { createConnection: create });
}

/** The brackets of an IPv6 address are of its spelling in a URL. */
function bare(host: string): string {
  return host.replaceAll(/^\[|\]$/g, '');
}
