// A whole client of @mtcute/core on plain Node: its sockets, ciphers and platform, so that an implementation nobody here
// wrote can judge the simulator. Knows nothing of the simulator but where its ports are.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  pbkdf2Sync,
  randomFillSync,
  type Cipheriv,
  type Decipheriv,
} from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ConnectionClosedError } from '@fuman/net';
import {
  IntermediatePacketCodec,
  MemoryStorage,
  ObfuscatedPacketCodec,
  type ICorePlatform,
  type ITelegramConnection,
  type TelegramTransport,
} from '@mtcute/core';
import { BaseTelegramClient, TelegramClient } from '@mtcute/core/client.js';
import { addPublicKey, BaseCryptoProvider, type ICryptoProvider } from '@mtcute/core/utils.js';
import { __tlReaderMap as olderReaders } from '@mtcute/tl/binary/reader.js';
import { __tlWriterMap as olderWriters } from '@mtcute/tl/binary/writer.js';
import { TelegramSandbox } from '../../../../sandbox/telegram/control-client.ts';

/** IGE as the textbook has it, one block after the other. */
function ige(data: Uint8Array, cipher: Cipheriv | Decipheriv, iv: Uint8Array, encrypt: boolean): Uint8Array {
  const out = new Uint8Array(data.length);
  let before = iv.subarray(encrypt ? 0 : 16, encrypt ? 16 : 32);
  let crossed = iv.subarray(encrypt ? 16 : 0, encrypt ? 32 : 16);
  for (let at = 0; at < data.length; at += 16) {
    const block = data.subarray(at, at + 16);
    const mixed = cipher.update(block.map((byte, i) => byte ^ (before[i] ?? 0)));
    const result = Uint8Array.from(mixed, (byte, i) => byte ^ (crossed[i] ?? 0));
    out.set(result, at);
    before = result;
    crossed = block;
  }
  return out;
}

class NodeCrypto extends BaseCryptoProvider implements ICryptoProvider {
  sha1(data: Uint8Array): Uint8Array {
    return createHash('sha1').update(data).digest();
  }
  sha256(data: Uint8Array): Uint8Array {
    return createHash('sha256').update(data).digest();
  }
  pbkdf2(password: Uint8Array, salt: Uint8Array, iterations: number, length = 64, digest = 'sha512'): Uint8Array {
    return pbkdf2Sync(password, salt, iterations, length, digest);
  }
  hmacSha256(data: Uint8Array, key: Uint8Array): Uint8Array {
    return createHmac('sha256', key).update(data).digest();
  }
  createAesCtr(key: Uint8Array, iv: Uint8Array): { process(data: Uint8Array): Uint8Array } {
    const cipher = createCipheriv('aes-256-ctr', key, iv);
    return { process: (data) => cipher.update(data) };
  }
  createAesIge(
    key: Uint8Array,
    iv: Uint8Array,
  ): {
    encrypt(data: Uint8Array): Uint8Array;
    decrypt(data: Uint8Array): Uint8Array;
  } {
    return {
      encrypt: (data) => ige(data, createCipheriv('aes-256-ecb', key, null).setAutoPadding(false), iv, true),
      decrypt: (data) => ige(data, createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false), iv, false),
    };
  }
  gzip(data: Uint8Array, maxSize: number): Uint8Array | null {
    const zipped = gzipSync(data);
    return zipped.length > maxSize ? null : zipped;
  }
  gunzip(data: Uint8Array): Uint8Array {
    return gunzipSync(data);
  }
  randomFill(buffer: Uint8Array): void {
    randomFillSync(buffer);
  }
}

const platform: ICorePlatform = {
  beforeExit: () => () => undefined,
  log: (_color, level, tag, format) => {
    if (level <= 1) process.stderr.write(`mtcute ${tag}: ${format}\n`);
  },
  getDefaultLogLevel: () => 1,
  getDeviceModel: () => 'test',
};

/** A socket as mtcute reads one: bytes wait until they are asked for. */
class NodeConnection implements ITelegramConnection {
  readonly localAddress = null;
  readonly remoteAddress = null;
  readonly #socket: Socket;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.pause();
    socket.on('readable', () => this.#wake());
    // Its 'close' follows; the reader learns of it as the end of the stream.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  async read(into: Uint8Array): Promise<number> {
    for (;;) {
      const waiting = Math.min(into.length, this.#socket.readableLength);
      const chunk = waiting === 0 ? null : (this.#socket.read(waiting) as Buffer | null);
      if (chunk !== null) {
        into.set(chunk);
        return chunk.length;
      }
      // A count of zero would be read again at once, for ever: mtcute learns of an end by this error only.
      if (this.#ended) throw new ConnectionClosedError();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        // Asks for more when there is none.
        this.#socket.read(0);
      });
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(Buffer.from(bytes), (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Dials the simulator whatever address the client was told: the data centre decides. */
function transport(sandbox: TelegramSandbox, obfuscated: boolean): TelegramTransport {
  return {
    connect: (dc) =>
      new Promise((resolve, reject) => {
        const port = sandbox.dcs[dc.id];
        if (port === undefined) return reject(new Error(`no data centre ${dc.id}`));
        const socket = connect({ host: '127.0.0.1', port, noDelay: true });
        socket.once('connect', () => resolve(new NodeConnection(socket)));
        socket.once('error', reject);
      }),
    packetCodec: () =>
      obfuscated ? new ObfuscatedPacketCodec(new IntermediatePacketCodec()) : new IntermediatePacketCodec(),
  };
}

/**
 * A simulated Telegram whose key mtcute can find: it looks keys up by their fingerprint in hexadecimal, written with
 * leading zeros in one place and without them in the other (@mtcute/core 0.30.3, utils/crypto/keys.js).
 */
export async function sandboxForMtcute(...options: Parameters<typeof TelegramSandbox.start>): Promise<TelegramSandbox> {
  for (;;) {
    const sandbox = await TelegramSandbox.start(...options);
    const fingerprint = BigInt.asUintN(64, BigInt(sandbox.rsa.fingerprint));
    if (fingerprint.toString(16).length === 16) return sandbox;
    await sandbox.stop();
  }
}

/**
 * A client with an empty memory, about to dial data centre `dc`. It speaks layer 227, which @mtcute/core carries within, or
 * layer 223 with the readers and writers of @mtcute/tl.
 */
export function mtcuteClient(
  sandbox: TelegramSandbox,
  dc: number,
  options: { readonly obfuscated?: boolean; readonly layer?: 223 | undefined } = {},
): { client: TelegramClient; listening: () => Promise<void> } {
  const crypto = new NodeCrypto();
  addPublicKey(crypto, sandbox.rsa.pem);
  const home = { id: dc, ipAddress: `10.255.0.${dc}`, port: 443 };
  const base = new BaseTelegramClient({
    apiId: 1,
    apiHash: '0123456789abcdef0123456789abcdef',
    storage: new MemoryStorage(),
    crypto,
    platform,
    transport: transport(sandbox, options.obfuscated ?? false),
    ...(options.layer === undefined
      ? {}
      : { overrideLayer: options.layer, readerMap: olderReaders, writerMap: olderWriters }),
    defaultDcs: { main: home, media: home },
    logLevel: Number(process.env['MTCUTE_LOG'] ?? 1),
  });
  return {
    client: new TelegramClient({ client: base }),
    // The login starts the loop of updates beside it; starting it a second time meanwhile would run two.
    async listening() {
      while (base.updates?.updatesLoopActive !== true) await setImmediate();
    },
  };
}
