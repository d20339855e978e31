// Pushes events through the bridge's transaction door as a homeserver does: one transaction after the other, with all that came meanwhile.
import { Agent, request } from 'node:http';
import { randomBytes } from 'node:crypto';
import { monotonic } from '../sandbox/tape.ts';

/** Synapse puts at most so many into one (synapse/handlers/appservice.py and scheduler: MAX_PERSISTENT_EVENTS_PER_TRANSACTION). */
const MOST_EVENTS = 100;

export class DoorPusher {
  readonly #port: number;
  readonly #token: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #run = randomBytes(6).toString('hex');
  #waiting: unknown[] = [];
  #pushing = false;
  #serial = 0;
  /** What went wrong, if anything did. */
  failure: unknown;

  constructor(port: number, token: string) {
    this.#port = port;
    this.#token = token;
  }

  /** A text message as the homeserver tells of it. */
  event(room: string, sender: string, body: string): unknown {
    this.#serial += 1;
    return {
      type: 'm.room.message',
      event_id: `$bench_${this.#run}_${this.#serial}`,
      room_id: room,
      sender,
      origin_server_ts: Date.now(),
      content: { msgtype: 'm.text', body },
      unsigned: { age: 3 },
    };
  }

  push(event: unknown): void {
    this.#waiting.push(event);
    if (!this.#pushing) void this.#work();
  }

  async #work(): Promise<void> {
    this.#pushing = true;
    try {
      while (this.#waiting.length > 0) await this.transaction(this.#waiting.splice(0, MOST_EVENTS));
    } catch (error) {
      this.failure ??= error;
    }
    this.#pushing = false;
  }

  /** @returns ms from just before the last byte went out to the whole answer. @throws Error unless it is 200 */
  async transaction(events: readonly unknown[]): Promise<number> {
    this.#serial += 1;
    const body = JSON.stringify({ events });
    return await new Promise<number>((resolve, reject) => {
      let began = 0;
      const asking = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          agent: this.#agent,
          method: 'PUT',
          path: `/_matrix/app/v1/transactions/${this.#run}-${this.#serial}`,
          headers: {
            authorization: `Bearer ${this.#token}`,
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          },
        },
        (answer) => {
          answer.resume();
          answer.once('end', () => {
            if (answer.statusCode === 200) resolve(monotonic() - began);
            else reject(new Error(`the bridge answered a transaction with ${answer.statusCode}`));
          });
        },
      );
      asking.once('error', reject);
      began = monotonic();
      asking.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
