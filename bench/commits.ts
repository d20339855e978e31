// How long one synchronous commit takes on this disk now: what the bridge's own share is measured against. Knows no tables of the bridge.
import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../sandbox/tape.ts';

export class Commits {
  readonly #client: Client;
  readonly samples: number[] = [];
  #going = false;
  #loop: Promise<void> = Promise.resolve();

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open(database: string): Promise<Commits> {
    const client = new Client({ connectionString: database });
    await client.connect();
    await client.query('set synchronous_commit = on');
    await client.query('create table if not exists bench_commit (id bigserial primary key, at timestamptz not null)');
    return new Commits(client);
  }

  /** One insert that is on disk when it is answered, in ms. */
  async one(): Promise<void> {
    const began = monotonic();
    await this.#client.query({ name: 'commit', text: 'insert into bench_commit (at) values (now())' });
    this.samples.push(monotonic() - began);
  }

  /** One now and then, beside what else is measured. */
  every(ms: number): void {
    this.#going = true;
    this.#loop = this.#run(ms);
  }

  async close(): Promise<void> {
    this.#going = false;
    try {
      await this.#loop;
    } finally {
      await this.#client.end();
    }
  }

  async #run(ms: number): Promise<void> {
    while (this.#going) {
      await this.one();
      await sleep(ms);
    }
  }
}
