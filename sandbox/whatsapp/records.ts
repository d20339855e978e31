// What has come and gone: the last stanzas either way, counts by kind, stanzas that nobody here knows, nacks, devices that a
// sender forgot. Knows nodes only to describe them.

import type { NodeRecord, UnknownRecord } from './control-types.ts';
import { child, children, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';

const MAX_NODES = 10_000;

/** `iq set w:g2 create`, `receipt read`, `message`, `notification w:gp2`: what a stanza is, for counting. */
export function kindOf(node: BinaryNode): string {
  const { attrs } = node;
  const first = child(node)?.tag;
  switch (node.tag) {
    case 'iq':
      return ['iq', attrs['type'], attrs['xmlns'], attrs['type'] === 'result' ? undefined : first]
        .filter((part) => part !== undefined)
        .join(' ');
    case 'ack':
      return `ack ${attrs['class'] ?? ''}${attrs['error'] === undefined ? '' : ` ${attrs['error']}`}`;
    case 'receipt':
    case 'notification':
    case 'presence':
      return attrs['type'] === undefined ? node.tag : `${node.tag} ${attrs['type']}`;
    case 'message':
      return attrs['category'] === undefined ? 'message' : `message ${attrs['category']}`;
    case 'chatstate':
    case 'ib':
    case 'call':
      return `${node.tag} ${first ?? ''}`;
    default:
      return node.tag;
  }
}

/** A node as people read it: bytes as their length. */
export function describe(node: BinaryNode): string {
  const attrs = Object.entries(node.attrs).map(([name, value]) => ` ${name}="${value}"`);
  const { content } = node;
  if (content === undefined) return `<${node.tag}${attrs.join('')}/>`;
  const inner =
    typeof content === 'string'
      ? content
      : content instanceof Uint8Array
        ? `${content.length} bytes`
        : children(node).map(describe).join('');
  return `<${node.tag}${attrs.join('')}>${inner}</${node.tag}>`;
}

interface Passed extends Pick<NodeRecord, 'way' | 'device' | 'kind' | 'at'> {
  /** Described only when somebody looks. */
  readonly node: BinaryNode;
}

export class Records {
  #nodes: Passed[] = [];
  unknown: UnknownRecord[] = [];
  /** Of what real clients sent: LID digits (or `?` before a login) → kind → how many. */
  readonly #counts = new Map<string, Map<string, number>>();
  /** Devices that a message should have reached and had no ciphertext for. */
  missed: { readonly id: string; readonly device: string }[] = [];

  note(way: 'in' | 'out', device: Device | null, node: BinaryNode, at: number): void {
    const kind = kindOf(node);
    this.#nodes.push({ way, device: device?.name ?? null, kind, node, at });
    if (this.#nodes.length > MAX_NODES * 1.1) this.#nodes = this.#nodes.slice(-MAX_NODES);
    if (way === 'out') return;
    const name = device?.person.lid ?? '?';
    let counts = this.#counts.get(name);
    if (counts === undefined) this.#counts.set(name, (counts = new Map<string, number>()));
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }

  /** The last stanzas that `wanted` takes, oldest first. */
  nodes(wanted: (passed: Pick<NodeRecord, 'way' | 'device' | 'kind'>) => boolean): NodeRecord[] {
    return this.#nodes
      .filter(wanted)
      .map(({ node, ...rest }) => ({ ...rest, attrs: node.attrs, text: describe(node) }));
  }

  /** A stanza that this simulator does not know. */
  noteUnknown(device: Device | null, node: BinaryNode, why: string): void {
    this.unknown.push({ device: device?.name ?? null, kind: kindOf(node), text: describe(node), why });
  }

  counts(person: string | null): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const [name, counts] of this.#counts) {
      if (person !== null && name !== person) continue;
      for (const [kind, count] of counts) sum[kind] = (sum[kind] ?? 0) + count;
    }
    return sum;
  }

  clear(): void {
    this.#nodes = [];
    this.#counts.clear();
    this.missed = [];
  }
}
