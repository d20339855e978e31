// A post office between parties: hands out prekeys, keeps stanzas until their receipt, and remembers every key it was ever given.
import type { BinaryNode } from '@whiskeysockets/baileys';

export interface PreKey {
  readonly keyId: number;
  readonly publicKey: Uint8Array;
}

export class Post {
  /** Stanzas without a receipt, by whose they are. */
  readonly #boxes = new Map<string, Map<string, BinaryNode>>();
  readonly #prekeys = new Map<string, PreKey[]>();
  readonly #everGiven = new Map<string, Map<number, string>>();
  /** Numbers that came twice with different keys. */
  readonly doubled: string[] = [];
  readonly #listeners = new Map<string, (node: BinaryNode) => void>();

  /** Whoever is there gets stanzas at once. @returns how to leave */
  attend(jid: string, listener: (node: BinaryNode) => void): () => void {
    this.#listeners.set(jid, listener);
    return () => {
      if (this.#listeners.get(jid) === listener) this.#listeners.delete(jid);
    };
  }

  deliver(to: string, node: BinaryNode): void {
    const box = this.#boxes.get(to) ?? new Map<string, BinaryNode>();
    this.#boxes.set(to, box);
    box.set(`${node.attrs['from']}/${node.attrs['id']}/${box.size}`, node);
    this.#listeners.get(to)?.(node);
  }

  /** What has no receipt, as a new connection gets it: the bytes are not the same ones. */
  waiting(jid: string): readonly BinaryNode[] {
    return [...(this.#boxes.get(jid)?.values() ?? [])].map(copyOf);
  }

  receipt(jid: string, id: string): void {
    const box = this.#boxes.get(jid);
    for (const [key, node] of box ?? []) if (node.attrs['id'] === id) box?.delete(key);
  }

  upload(jid: string, keys: readonly PreKey[]): void {
    const ever = this.#everGiven.get(jid) ?? new Map<number, string>();
    this.#everGiven.set(jid, ever);
    for (const { keyId, publicKey } of keys) {
      const text = Buffer.from(publicKey).toString('base64');
      const before = ever.get(keyId);
      if (before !== undefined && before !== text) this.doubled.push(`${jid}/${keyId}`);
      ever.set(keyId, text);
    }
    this.#prekeys.set(jid, [...(this.#prekeys.get(jid) ?? []), ...keys]);
  }

  /** Each is handed out once. */
  takePreKey(jid: string): PreKey | undefined {
    return this.#prekeys.get(jid)?.shift();
  }

  count(jid: string): number {
    return this.#prekeys.get(jid)?.length ?? 0;
  }
}

export function copyOf(node: BinaryNode): BinaryNode {
  const { tag, attrs, content } = node;
  if (content instanceof Uint8Array) return { tag, attrs: { ...attrs }, content: Buffer.from(content) };
  if (Array.isArray(content)) return { tag, attrs: { ...attrs }, content: content.map(copyOf) };
  return content === undefined ? { tag, attrs: { ...attrs } } : { tag, attrs: { ...attrs }, content };
}
