// Media in and out of the homeserver's store, streamed and repeatable; knows no rooms.
import { BridgeError } from '../model/errors.ts';
import { as, type EffectId, type MxcUri } from '../model/ids.ts';
import type { MediaSource } from '../model/message.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Vault } from '../ports/stores.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { textAt } from './json.ts';

const SCOPE = 'matrix:media';
/** Unused ids expire after 24 h (MSC2246); older promises are made anew. */
const PROMISE_MS = 20 * 3_600_000;

export class MatrixMedia {
  readonly #client: MatrixClient;
  readonly #who: As;
  readonly #vault: Vault;
  readonly #now: () => number;

  constructor(client: MatrixClient, who: As, vault: Vault, now: () => number) {
    this.#client = client;
    this.#who = who;
    this.#vault = vault;
    this.#now = now;
  }

  /** spec 1.11: downloads need a token. */
  async open(source: MediaSource): Promise<MediaStream> {
    if (source.from !== 'matrix') throw new BridgeError('media-elsewhere', 'never', 'fault.internal');
    const match = /^mxc:\/\/([^/]+)\/([^/]+)$/.exec(source.uri);
    const [, server, id] = match ?? [];
    if (server === undefined || id === undefined) throw new BridgeError('media-uri', 'never', 'fault.homeserver');
    const path = `/_matrix/client/v1/media/download/${encode(server)}/${encode(id)}`;
    const answer = await this.#client.raw(this.#who, 'GET', path, { timeoutMs: 120_000 });
    const mime = answer.headers['content-type'];
    const size = Number(answer.headers['content-length']);
    return {
      mime: typeof mime === 'string' ? mime : 'application/octet-stream',
      ...(Number.isSafeInteger(size) && size > 0 ? { size } : {}),
      chunks: answer.body as AsyncIterable<Uint8Array>,
    };
  }

  /** Create, write the id down, then put (MSC2246): a retry fills the same id, and a filled one is a success. */
  async upload(id: EffectId, stream: MediaStream, name: string): Promise<MxcUri> {
    const kept = await this.#vault.read(SCOPE, id);
    const [madeAt = '0', old] = kept === undefined ? [] : Buffer.from(kept).toString().split(' ');
    let uri = old !== undefined && this.#now() - Number(madeAt) < PROMISE_MS ? old : undefined;
    if (uri === undefined) {
      uri = textAt(await this.#client.ask(this.#who, 'POST', '/_matrix/media/v1/create'), 'content_uri');
      if (uri === undefined) throw new BridgeError('media-create', 'later', 'fault.homeserver');
      await this.#vault.write([{ scope: SCOPE, key: id, value: Buffer.from(`${this.#now()} ${uri}`) }]);
    }
    const [server = '', media = ''] = uri.slice('mxc://'.length).split('/');
    try {
      const path = `/_matrix/media/v3/upload/${encode(server)}/${encode(media)}`;
      const answer = await this.#client.raw(this.#who, 'PUT', path, {
        query: { filename: name },
        body: stream.chunks,
        mime: stream.mime,
        size: stream.size,
        timeoutMs: 600_000,
      });
      await answer.body.dump();
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_CANNOT_OVERWRITE_MEDIA') throw error;
    }
    return as<MxcUri>(uri);
  }
}
