// When texts came in and went out, told as it happens to whoever listens, by the machine's monotonic clock. Knows no protocol.
import type { ServerResponse } from 'node:http';

/** Milliseconds of the clock that every process of this machine shares and nobody sets. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export interface TapeLine {
  /** `in`: the first bytes of a client's packet with this text were there; `out`: its last bytes to a client were written. */
  readonly way: 'in' | 'out';
  readonly text: string;
  /** monotonic() */
  readonly at: number;
}

export class Tape {
  readonly #listeners = new Set<(line: TapeLine) => void>();

  /** Nobody listens: nothing need be told. */
  get idle(): boolean {
    return this.#listeners.size === 0;
  }

  tell(line: TapeLine): void {
    for (const hear of this.#listeners) hear(line);
  }

  listen(hear: (line: TapeLine) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }
}

/** Writes the tape as JSON lines until the listener hangs up; what comes in one turn goes out together. */
export function playTape(tape: Tape, response: ServerResponse): void {
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
