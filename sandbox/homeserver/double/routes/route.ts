// What a path of the client API is: its pattern, and what is done for it. Knows no single path, and no sockets.
import { isObject, type Json } from '../json.ts';
import type { Double } from '../double.ts';
import type { Requester } from '../requester.ts';

export interface Call {
  readonly hs: Double;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Whether the request said how long it is. */
  readonly measured: boolean;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** The parsed JSON object; throws 400 M_NOT_JSON or M_BAD_JSON. */
  json(): Json;
  /** Who asks; throws 401 and 403. */
  who(): Requester;
}

export interface Answer {
  readonly status: number;
  readonly body: Json | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** Answers of good requests are kept by transaction id (layer 1). */
  readonly transaction?: boolean;
  run(call: Call): Promise<Answer> | Answer;
}

/** The versions of the client API that are the same here. */
export const CLIENT = '/_matrix/client/(?:r0|v1|v3|unstable)';

/** A table of routes: `on` adds one. In its path `:name` is one part, and `/:rest` all that is left, slashes included. */
export class Routes {
  readonly all: Route[] = [];

  /** What `run` gives is the body of a 200, unless it is a whole answer. */
  on(method: string, path: string, run: (call: Call, ...parts: string[]) => unknown, transaction = false): void {
    const pattern = path.replace('/:rest', '/(.*)').replaceAll(/\/:\w+/g, '/([^/]+)');
    this.all.push({
      method,
      path: new RegExp(`^${pattern}$`),
      transaction,
      run: async (call) => {
        const body: unknown = await run(call, ...call.parts);
        if (isAnswer(body)) return body;
        return { status: 200, body: isObject(body) ? body : {} };
      },
    });
  }
}

function isAnswer(value: unknown): value is Answer {
  return isObject(value) && typeof value['status'] === 'number' && 'body' in value && Object.keys(value).length <= 3;
}
