// One HTTP request on a connection of its own, so that no socket of a server that died is ever reused; it must not know Matrix.
import { request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface RequestOptions {
  readonly method: string;
  readonly url: string;
  readonly token?: string | undefined;
  readonly body?: string | Buffer | undefined;
  readonly contentType?: string;
  /** Rejects after this long, 60 s by default. */
  readonly timeoutMs?: number;
}

/** Rejects when the connection fails or ends before the answer is whole. */
export async function plainRequest(options: RequestOptions): Promise<Reply> {
  return await new Promise<Reply>((resolve, reject) => {
    const headers: Record<string, string> = { 'content-type': options.contentType ?? 'application/json' };
    if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
    if (options.body !== undefined) headers['content-length'] = String(Buffer.byteLength(options.body));
    const outgoing = request(
      options.url,
      { method: options.method, headers, agent: false, signal: AbortSignal.timeout(options.timeoutMs ?? 60_000) },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({ status: answer.statusCode ?? 0, text: bytes.toString('utf8'), bytes, headers: answer.headers });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(options.body);
  });
}
