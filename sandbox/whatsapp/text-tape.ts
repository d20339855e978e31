// When texts came in and went out, told as it happens to whoever listens. The wire knows only ids and ciphertext: the text of
// an id is told here by the simulated device that wrote or read it.

import type { ServerResponse } from 'node:http';
import type { BinaryNode } from './wire/node.ts';
import type { Tape } from './wire/tape.ts';

export interface TextLine {
  /** `in`: a client's last byte of a message with this text was there; `out`: the last byte to a client was written. */
  readonly way: 'in' | 'out';
  readonly text: string;
  /** Milliseconds of the machine's monotonic clock. */
  readonly at: number;
}

/** Ids that are remembered while somebody listens. */
const MOST = 50_000;

export class TextTape {
  readonly #listeners = new Set<(line: TextLine) => void>();
  readonly #texts = new Map<string, string>();
  readonly #arrived = new Map<string, number>();

  #wire: Tape | null = null;
  #deaf: (() => void) | null = null;

  /** Hears the wire while somebody listens here. */
  attach(wire: Tape): void {
    this.#wire = wire;
  }

  get idle(): boolean {
    return this.#listeners.size === 0;
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
    this.#tell({ way: 'in', text, at });
  }

  /** A stanza of a real client has passed the wire. */
  #passed(way: 'in' | 'out', stanza: BinaryNode, at: number): void {
    if (stanza.tag !== 'message') return;
    const { id = '' } = stanza.attrs;
    if (way === 'in') remember(this.#arrived, id, at);
    const text = way === 'out' ? this.#texts.get(id) : undefined;
    if (text !== undefined) this.#tell({ way, text, at });
  }

  #tell(line: TextLine): void {
    for (const hear of this.#listeners) hear(line);
  }

  listen(hear: (line: TextLine) => void): () => void {
    this.#listeners.add(hear);
    this.#deaf ??= this.#wire?.listen(({ way, node, at }) => this.#passed(way, node, at)) ?? null;
    return () => {
      this.#listeners.delete(hear);
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

/** Writes the tape as JSON lines until the listener hangs up; what comes in one turn goes out together. */
export function playTape(tape: TextTape, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
  let waiting = '';
  const stop = tape.listen((line) => {
    if (waiting === '') {
      setImmediate(() => {
        response.write(waiting);
        waiting = '';
      });
    }
    waiting += `${JSON.stringify(line)}\n`;
  });
  response.once('close', stop);
}
