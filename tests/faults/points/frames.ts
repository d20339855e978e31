// Postgres's protocol (version 3) as far as it takes to know what a client asks and when the server has done it; knows no socket.

/** What a client sends up to the point where it waits for the server. */
export interface Ask {
  /** The statement's text. */
  readonly text: string;
  /** As text; undefined for null. */
  readonly values: readonly (string | undefined)[];
  readonly bytes: Buffer;
}

const LENGTH_BYTES = 4;

/** Cuts a stream into messages: one byte of type (not in a client's first), four of length, the body. */
export class Frames {
  #rest = Buffer.alloc(0);
  #head: 0 | 1;

  constructor(of: 'client' | 'server') {
    this.#head = of === 'client' ? 0 : 1;
  }

  take(chunk: Buffer): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const whole: Buffer[] = [];
    for (;;) {
      const head = this.#head + LENGTH_BYTES;
      if (this.#rest.length < head) return whole;
      const end = this.#head + this.#rest.readUInt32BE(this.#head);
      if (this.#rest.length < end) return whole;
      whole.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
      this.#head = 1;
    }
  }
}

/** The server waits for the next question. */
export function isReady(frame: Buffer): boolean {
  return frame[0] === 0x5a;
}

/** Gathers a connection's messages to questions. */
export class Asks {
  /** Of prepared statements, by name. */
  readonly #texts = new Map<string, string>();
  #parts: Buffer[] = [];
  #text = '';
  #values: readonly (string | undefined)[] = [];

  /** @returns the question that ends with this message */
  take(frame: Buffer): Ask | undefined {
    this.#parts.push(frame);
    const type = String.fromCharCode(frame[0] ?? 0);
    const body = new Body(frame.subarray(1 + LENGTH_BYTES));
    if (type === 'P') this.#texts.set(body.word(), body.word());
    if (type === 'B') {
      body.word();
      this.#text = this.#texts.get(body.word()) ?? '';
      this.#values = body.values();
    }
    if (type === 'Q') this.#text = body.word();
    if (type !== 'Q' && type !== 'S') return undefined;
    const ask = { text: this.#text, values: this.#values, bytes: Buffer.concat(this.#parts) };
    this.#parts = [];
    [this.#text, this.#values] = ['', []];
    return ask;
  }
}

class Body {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  word(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const word = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return word;
  }

  /** What a Bind brings after its two names. */
  values(): readonly (string | undefined)[] {
    const formats = this.#short();
    this.#at += 2 * formats;
    return Array.from({ length: this.#short() }, () => {
      const length = this.#bytes.readInt32BE(this.#at);
      this.#at += LENGTH_BYTES;
      if (length < 0) return undefined;
      this.#at += length;
      return this.#bytes.toString('utf8', this.#at - length, this.#at);
    });
  }

  #short(): number {
    const found = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return found;
  }
}
