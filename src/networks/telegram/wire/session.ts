// The library's session: what reaches the network as itself, and the one place through which all news passes in order.
import './fast-numbers.ts';
import { AuthKey } from 'telegram/crypto/AuthKey.js';
import { MemorySession } from 'telegram/sessions/index.js';

/** A login's whole credential. Sealed at rest, never logged. */
export interface WireKey {
  readonly dc: number;
  readonly address: string;
  readonly key: Uint8Array;
}

export class TapSession extends MemorySession {
  readonly #tap: (value: unknown) => void;
  readonly #bounded: boolean;

  /** @param bounded false keeps every entity for ever, as the library does by itself */
  constructor(tap: (value: unknown) => void, bounded = true) {
    super();
    this.#tap = tap;
    this.#bounded = bounded;
  }

  /** Called by the library, synchronously, with every update envelope and every result. */
  override processEntities(value: unknown): void {
    if (!this.#bounded) super.processEntities(value);
    this.#tap(value);
  }

  async restore(key: WireKey): Promise<void> {
    const authKey = new AuthKey();
    await authKey.setKey(Buffer.from(key.key));
    this.setDC(key.dc, key.address, 443);
    this.setAuthKey(authKey);
  }

  take(): WireKey | undefined {
    const key = this.getAuthKey()?.getKey();
    if (key === undefined) return undefined;
    return { dc: this.dcId, address: this.serverAddress, key: Uint8Array.from(key) };
  }
}

export function packKey(key: WireKey): Uint8Array {
  const json = { v: 1, dc: key.dc, address: key.address, key: Buffer.from(key.key).toString('base64') };
  return Buffer.from(JSON.stringify(json));
}

/** @throws Error when the bytes are not a packed key */
export function unpackKey(bytes: Uint8Array): WireKey {
  const { v, dc, address, key } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  if (v !== 1 || typeof dc !== 'number' || typeof address !== 'string' || typeof key !== 'string') {
    throw new Error('not a telegram session');
  }
  return { dc, address, key: Uint8Array.from(Buffer.from(key, 'base64')) };
}
