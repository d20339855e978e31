// Media in and out of the homeserver's store, streamed and repeatable; knows no rooms.
import { Readable } from 'node:stream';
import { BridgeError } from '../model/errors.ts';
import { as, type EffectId, type MxcUri } from '../model/ids.ts';
import type { Media, MediaSource } from '../model/message.ts';
import { qrCode } from '../model/qr-code.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Logger, Vault } from '../ports/stores.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { textAt } from './json.ts';
import { drawSquares } from './png.ts';

const SCOPE = 'matrix:media';
/** Unused ids expire after 24 h (MSC2246); older promises are made anew. */
const PROMISE_MS = 20 * 3_600_000;
/** Pixels of a code's square, and the light squares around it that readers need. */
const [SCALE, MARGIN] = [6, 4];
/** Bytes of a stream without a length that are held in memory. */
const MOST_UNMEASURED = 20_000_000;

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

  /** A person's picture: no message is put aside because of one, it is tried again with the next profile. */
  async picture(id: EffectId, open: () => Promise<MediaStream | undefined>, log: Logger): Promise<MxcUri | undefined> {
    try {
      const stream = await open();
      return stream && (await this.upload(id, stream, ''));
    } catch (error) {
      // While the homeserver is away nothing goes anyway.
      if (!(error instanceof BridgeError) || error.code === 'matrix-unavailable') throw error;
      log.warn({ error, code: error.code }, 'a picture could not be brought over');
      return undefined;
    }
  }

  /** Create, write the id down, then put (MSC2246): a retry fills the same id, and a filled one is a success. */
  async upload(id: EffectId, stream: MediaStream, name: string): Promise<MxcUri> {
    const kept = await this.#vault.read(SCOPE, id);
    let uri = kept === undefined ? undefined : this.#promised(kept);
    if (uri === undefined) {
      uri = textAt(await this.#client.ask(this.#who, 'POST', '/_matrix/media/v1/create'), 'content_uri');
      if (uri === undefined) throw new BridgeError('media-create', 'later', 'fault.homeserver');
      // Of several who bring it at once the first one's address is all of theirs.
      const made = Buffer.from(`${this.#now()} ${uri}`);
      const now = await this.#vault.update(SCOPE, id, (before) =>
        before === undefined || this.#promised(before) === undefined ? made : before,
      );
      uri = (now && this.#promised(now)) ?? uri;
    }
    const [server = '', media = ''] = uri.slice('mxc://'.length).split('/');
    // Synapse takes no upload without a Content-Length.
    const { size, chunks } = stream.size === undefined ? await measured(stream.chunks) : stream;
    try {
      const path = `/_matrix/media/v3/upload/${encode(server)}/${encode(media)}`;
      const answer = await this.#client.raw(this.#who, 'PUT', path, {
        query: { filename: name },
        body: chunks,
        mime: stream.mime,
        size,
        timeoutMs: 600_000,
      });
      await answer.body.dump();
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_CANNOT_OVERWRITE_MEDIA') throw error;
      await this.#confirm(server, media);
    }
    return as<MxcUri>(uri);
  }

  /** Forgets the addresses that are too old to be filled again. @returns how many */
  async prune(): Promise<number> {
    const old = [...(await this.#vault.readAll(SCOPE))].filter(([, kept]) => this.#promised(kept) === undefined);
    await this.#vault.write(old.map(([key]) => ({ scope: SCOPE, key, value: null })));
    return old.length;
  }

  #promised(kept: Uint8Array): string | undefined {
    const [madeAt = '0', uri] = Buffer.from(kept).toString().split(' ');
    return this.#now() - Number(madeAt) < PROMISE_MS ? uri : undefined;
  }

  /** A QR code as a picture. */
  async draw(id: EffectId, code: string): Promise<Media> {
    const { bytes } = drawSquares(qrCode(code), SCALE, MARGIN);
    const [name, mime, size] = ['qr-code.png', 'image/png', bytes.length];
    const uri = await this.upload(id, { mime, size, chunks: Readable.from([bytes]) }, name);
    return { kind: 'image', source: { from: 'matrix', uri }, name, mime, size };
  }

  /** The same refusal is given while an earlier try still fills it: only what can be read is there. @throws MatrixRefusal */
  async #confirm(server: string, media: string): Promise<void> {
    const path = `/_matrix/client/v1/media/download/${encode(server)}/${encode(media)}`;
    const answer = await this.#client.raw(this.#who, 'GET', path, { query: { timeout_ms: 0 }, timeoutMs: 60_000 });
    // Nobody reads it: its end before its time is what we want.
    answer.body.on('error', () => undefined).destroy();
  }
}

/** What does not say how long it is must be held whole to be counted; networks leave that out for small pictures only. */
async function measured(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ size: number; chunks: AsyncIterable<Uint8Array> }> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MOST_UNMEASURED) throw new BridgeError('media-unmeasured', 'never', 'fault.internal');
    kept.push(chunk);
  }
  return { size, chunks: Readable.from(kept) };
}
