// Between the bridge and Postgres: a door that tells what is asked, and can keep a question back, or the answer to it. Knows no table
// and nothing of what it carries.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Asks, Frames, isReady, type Ask } from './frames.ts';

/** What becomes of a question: it goes on, is never asked, or is asked and carried out without anybody hearing of it. */
export type Passage = 'through' | 'unsent' | 'unanswered';

export interface DoorWatch {
  /** Asked of every question. */
  readonly passage: (ask: Ask) => Passage;
  /** A question was kept back, or the answer to it was: by then the server has carried it out. @param cut ends this connection */
  readonly struck: (cut: () => void) => void;
}

export class PostgresDoor {
  /** Of the same database, through this door. */
  readonly url: string;
  readonly #server: Server;
  readonly #open: ReadonlySet<Passing>;

  private constructor(url: string, server: Server, open: ReadonlySet<Passing>) {
    this.url = url;
    this.#server = server;
    this.#open = open;
  }

  /** @param url of a database behind a Unix socket: `postgres://user@/name?host=folder` */
  static async open(url: string, watch: DoorWatch): Promise<PostgresDoor> {
    const { pathname, username, searchParams } = new URL(url.replace('@/', '@localhost/'));
    const path = `${searchParams.get('host') ?? ''}/.s.PGSQL.5432`;
    const open = new Set<Passing>();
    const server = createServer((client) => {
      const passing = new Passing(client, connect(path), watch);
      open.add(passing);
      client.once('close', () => open.delete(passing));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new PostgresDoor(`postgres://${username}@127.0.0.1:${port}${pathname}`, server, open);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const passing of this.#open) passing.cut();
    await closed;
  }
}

/** One connection. A client that waits for its answer asks nothing else. */
class Passing {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #watch: DoorWatch;
  readonly #asked = new Frames('client');
  readonly #answered = new Frames('server');
  readonly #asks = new Asks();
  #greeted = false;
  #withheld = false;

  constructor(client: Socket, server: Socket, watch: DoorWatch) {
    this.#client = client;
    this.#server = server;
    this.#watch = watch;
    for (const side of [client, server]) {
      // Whatever ends one side ends the other, and a killed client says no good-bye.
      side.on('error', () => this.cut());
      side.on('close', () => this.cut());
    }
    client.on('data', (chunk: Buffer) => {
      for (const frame of this.#asked.take(chunk)) this.#take(frame);
    });
    server.on('data', (chunk: Buffer) => {
      for (const frame of this.#answered.take(chunk)) this.#answer(frame);
    });
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #take(frame: Buffer): void {
    // The first says who it is, and has no type.
    if (!this.#greeted) {
      this.#greeted = true;
      this.#server.write(frame);
      return;
    }
    const ask = this.#asks.take(frame);
    if (ask === undefined) return;
    const passage = this.#watch.passage(ask);
    this.#withheld = passage === 'unanswered';
    if (passage === 'unsent') this.#watch.struck(() => this.cut());
    else this.#server.write(ask.bytes);
  }

  #answer(frame: Buffer): void {
    if (!this.#withheld) this.#client.write(frame);
    else if (isReady(frame)) this.#watch.struck(() => this.cut());
  }
}
