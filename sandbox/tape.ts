// When something came in and went out, told as it happens to whoever listens, by the machine's monotonic clock. Knows no protocol.
import type { ServerResponse } from 'node:http';

/** Milliseconds of the clock that every process of this machine shares and nobody sets. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What `GET /tape` of a simulator's control API gives, one a line. */
export interface TextLine {
  /** `in`: a client's message with this text was there (its first or its last bytes, as the simulator says); `out`: its last
   * bytes to a client were written. */
  readonly way: 'in' | 'out';
  readonly text: string;
  /** monotonic() */
  readonly at: number;
}

export class Tape<Line> {
  readonly #listeners = new Set<(line: Line) => void>();

  /** Nobody listens: nothing need be told. */
  get idle(): boolean {
    return this.#listeners.size === 0;
  }

  tell(line: Line): void {
    for (const hear of this.#listeners) hear(line);
  }

  /** Listens until the returned function is called. */
  listen(hear: (line: Line) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }
}

/** Writes the tape as JSON lines until the listener hangs up; what comes in one turn goes out together. */
export function playTape(tape: Pick<Tape<TextLine>, 'listen'>, response: ServerResponse): void {
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
