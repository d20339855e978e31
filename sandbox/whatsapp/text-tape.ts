// When texts came in and went out, told as it happens to whoever listens. The wire knows only ids and ciphertext: the text of
// an id is told here by the simulated device that wrote or read it.

import { Tape, type TextLine } from '../tape.ts';
import type { NodeLine } from './wire/node-line.ts';
import type { BinaryNode } from './wire/node.ts';

/** Ids that are remembered while somebody listens. */
const MOST = 50_000;

export class TextTape {
  readonly #told = new Tape<TextLine>();
  readonly #texts = new Map<string, string>();
  readonly #arrived = new Map<string, number>();

  #wire: Tape<NodeLine> | null = null;
  #deaf: (() => void) | null = null;

  /** Hears the wire while somebody listens here. */
  attach(wire: Tape<NodeLine>): void {
    this.#wire = wire;
  }

  get idle(): boolean {
    return this.#told.idle;
  }

  /** A simulated device writes this text under this id. */
  written(id: string, text: string): void {
    if (!this.idle && text !== '') remember(this.#texts, id, text);
  }

  /** A simulated device has read this text under this id. */
  read(id: string, text: string): void {
    const at = this.#arrived.get(id);
    if (at === undefined) return;
    this.#arrived.delete(id);
    this.#told.tell({ way: 'in', text, at });
  }

  /** A stanza of a real client has passed the wire. */
  #passed(way: 'in' | 'out', stanza: BinaryNode, at: number): void {
    if (stanza.tag !== 'message') return;
    const { id = '' } = stanza.attrs;
    if (way === 'in') remember(this.#arrived, id, at);
    const text = way === 'out' ? this.#texts.get(id) : undefined;
    if (text !== undefined) this.#told.tell({ way, text, at });
  }

  listen(hear: (line: TextLine) => void): () => void {
    const stop = this.#told.listen(hear);
    this.#deaf ??= this.#wire?.listen(({ way, node, at }) => this.#passed(way, node, at)) ?? null;
    return () => {
      stop();
      if (!this.idle) return;
      this.#deaf?.();
      this.#deaf = null;
      this.#texts.clear();
      this.#arrived.clear();
    };
  }
}

function remember<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > MOST && oldest !== undefined) map.delete(oldest);
}
