// The service's web hosts on one port of loopback: whoever trusts the certificate and connects here under their names is served.
// Knows names, certificates and faults; what stands at a path is told by others.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { webCertificate, type WebCertificate } from './certificate.ts';

/** As a certificate names them: one label each in place of the star. */
const NAMES = ['*.whatsapp.net', '*.cdn.whatsapp.net'];

export interface WebAnswer {
  readonly status: number;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

/** What one of the hosts says to a GET. */
export type WebPages = (url: URL) => WebAnswer;

export interface WebRequest {
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** 0: never answered. */
  readonly status: number;
}

export interface WebFault {
  /** 0: the client waits in vain. */
  readonly status: number;
  left: number;
}

export function said(status: number, words: string): WebAnswer {
  return { status, mime: 'text/plain', bytes: Buffer.from(words, 'utf8') };
}

export class WebHost {
  /** By name. */
  readonly #pages: ReadonlyMap<string, WebPages>;
  readonly #certificate: WebCertificate;
  readonly #server: Server;
  readonly requests: WebRequest[] = [];
  #faults: WebFault[] = [];

  private constructor(pages: ReadonlyMap<string, WebPages>) {
    this.#pages = pages;
    this.#certificate = webCertificate(NAMES);
    const { certificate: cert, key } = this.#certificate;
    this.#server = createServer({ cert, key }, (request, response) => this.#answer(request, response));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(pages: ReadonlyMap<string, WebPages>): Promise<WebHost> {
    const host = new WebHost(pages);
    host.#server.listen(0, '127.0.0.1');
    await once(host.#server, 'listening');
    return host;
  }

  /** Where all of the hosts are: `https://127.0.0.1:PORT`. */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** PEM */
  get certificate(): string {
    return this.#certificate.certificate;
  }

  /** The next requests are answered so, or not at all. */
  fail(status: number, times: number): void {
    this.#faults.push({ status, left: times });
  }

  clear(): void {
    this.#faults = [];
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    const url = new URL(request.url ?? '/', `https://${host === '' ? 'nowhere' : host}`);
    const pages = this.#pages.get(host);
    const fault = this.#faults.find(({ left }) => left > 0);
    let answer = request.method === 'GET' ? (pages?.(url) ?? said(404, 'no such host')) : said(405, 'only GET');
    if (fault !== undefined) {
      fault.left -= 1;
      answer = said(fault.status, 'ordered to fail');
    }
    this.requests.push({ host, path: url.pathname, status: answer.status });
    if (answer.status === 0) return;
    response.writeHead(answer.status, { 'content-type': answer.mime, 'content-length': answer.bytes.length });
    response.end(answer.bytes);
  }
}
