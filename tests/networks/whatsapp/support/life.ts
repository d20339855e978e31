// A conversation that goes on through a death: Anna's process ends at one of her writes, another opens what was committed, the
// server delivers again what has no receipt, and the house does again what was not done. Counts what came of it.
import type { Cures } from '../../../../src/networks/whatsapp/cures.ts';
import { DraftLedger } from '../../../../src/networks/whatsapp/state/ledger.ts';
import { rereadMessage } from '../../../../src/networks/whatsapp/state/reread.ts';
import { Mortal, type Moment } from './mortal.ts';
import { Party, textOf } from './party.ts';
import { Post } from './post.ts';
import { silent } from './silent.ts';

export interface Outcome {
  readonly writes: number;
  /** Messages that did not reach Anna's house, or Boris. */
  readonly lost: readonly string[];
  /** Messages that somebody could not read, and would have asked for again. */
  readonly unreadable: readonly string[];
  /** Messages that the house got with another text. */
  readonly wrong: readonly string[];
  /** Numbers of prekeys that stood for two keys. */
  readonly doubled: readonly string[];
  readonly withoutReceipt: number;
}

const GROUP = '77@g.us';
const ANNA = 1;

export class Life {
  readonly #post = new Post();
  readonly #kept = new DraftLedger();
  readonly #cures: Partial<Cures>;
  readonly #house = new Map<string, string>();
  readonly #said = new Map<string, string>();
  readonly #unreadable: string[] = [];
  readonly #wrong: string[] = [];
  readonly #done = new Set<string>();
  readonly #gated: boolean;
  #mortal: Mortal;

  /** @param gated Anna's frames wait for the disk, and she does not */
  constructor(killAt: number, moment: Moment, cures: Partial<Cures> = {}, gated = false) {
    this.#cures = cures;
    this.#gated = gated;
    this.#mortal = new Mortal(this.#kept, killAt, moment);
  }

  async run(): Promise<Outcome> {
    const boris = await this.#immortal(2);
    const cora = await this.#immortal(3);
    const first = await Promise.race([this.#anna(), this.#mortal.killed]);
    let anna = first === 'killed' ? await this.#again() : first;
    const steps: readonly ((anna: Party) => Promise<void>)[] = [
      async (anna) => await this.#supply(anna),
      async (anna) => await this.#reads(anna, 'b1', async (id) => await boris.send(anna, id, this.#say(id))),
      async (anna) => await this.#writes(anna, boris, 'a1'),
      async (anna) => await this.#reads(anna, 'b2', async (id) => await boris.send(anna, id, this.#say(id))),
      async (anna) => await anna.askAgain(),
      async (anna) => await this.#reads(anna, 'c1', async (id) => await cora.send(anna, id, this.#say(id))),
      async (anna) =>
        await this.#reads(anna, 'g1', async (id) => await boris.sendToGroup(GROUP, anna, id, this.#say(id))),
      async (anna) => await this.#writes(anna, boris, 'h1', true),
      async (anna) => await this.#writes(anna, boris, 'a2'),
      async (anna) => await this.#reads(anna, 'b3', async (id) => await boris.send(anna, id, this.#say(id))),
      async (anna) => await this.#writes(anna, cora, 'a3'),
      async (anna) =>
        await this.#reads(anna, 'b4', async (id) => {
          await boris.send(anna, id, this.#say(id));
          await cora.send(anna, 'c3', this.#say('c3'));
          await boris.send(anna, 'b5', this.#say('b5'));
        }),
      async (anna) => await this.#supply(anna),
      async (anna) => await this.#reads(anna, 'c2', async (id) => await cora.send(anna, id, this.#say(id))),
    ];
    for (const step of steps) {
      const end = await Promise.race([step(anna).then(() => 'done' as const), this.#mortal.killed]);
      this.#collect(anna);
      if (end === 'done' && this.#mortal.alive) continue;
      anna.repository.close?.();
      anna = await this.#again();
      await anna.catchUp();
      await this.#take(anna);
      await anna.left();
      await step(anna);
      this.#collect(anna);
    }
    await anna.close();
    for (const other of [boris, cora]) this.#collect(other);
    const heard = new Set([
      ...this.#house.keys(),
      ...boris.heard.map(({ id }) => id),
      ...cora.heard.map(({ id }) => id),
    ]);
    await Promise.all([boris.close(), cora.close()]);
    return {
      writes: this.#mortal.writes,
      lost: [...this.#said.keys()].filter((id) => !heard.has(id)),
      unreadable: this.#unreadable,
      wrong: this.#wrong,
      doubled: this.#post.doubled,
      withoutReceipt: this.#post.waiting(anna.jid).length,
    };
  }

  /** The next life. */
  async #again(): Promise<Party> {
    this.#mortal = new Mortal(this.#kept, 0, 'after');
    return await this.#anna();
  }

  async #anna(): Promise<Party> {
    const mortal = this.#mortal;
    return await Party.open({
      number: ANNA,
      ledger: mortal,
      post: this.#post,
      cures: this.#cures,
      gated: this.#gated,
      alive: () => mortal.alive,
    });
  }

  async #immortal(number: number): Promise<Party> {
    const party = await Party.open({ number, ledger: new DraftLedger(), post: this.#post });
    await party.uploadPreKeys(4);
    return party;
  }

  #say(id: string): string {
    const text = `text of ${id}`;
    this.#said.set(id, text);
    return text;
  }

  /** As the library does after each login: more prekeys when there are few. */
  async #supply(anna: Party): Promise<void> {
    if (this.#post.count(anna.jid) < 3) await anna.uploadPreKeys(3);
  }

  /** The other one says it once, whatever happens to Anna. */
  async #reads(anna: Party, id: string, say: (id: string) => Promise<void>): Promise<void> {
    if (!this.#done.has(id)) {
      this.#done.add(id);
      await say(id);
    }
    await anna.catchUp();
    await this.#take(anna);
    await anna.left();
  }

  /** As the queue performs it, again with the same id when it is not known to be done. */
  async #writes(anna: Party, to: Party, id: string, group = false): Promise<void> {
    const sent = await anna.state.sent.remember(id, to.jid, { conversation: this.#say(id) });
    if (sent.acknowledgedAt !== undefined) return;
    const text = textOf(sent.body);
    if (group) await anna.sendToGroup(GROUP, to, id, text);
    else await anna.send(to, id, text);
    await anna.left();
    anna.state.sent.acknowledged(id);
    await to.catchUp();
  }

  /** The house takes what came, in one commit with the marks of its rows, and with whatever of them is not kept yet. */
  async #take(anna: Party): Promise<void> {
    const mortal = this.#mortal;
    const rows = anna.state.journal.unread();
    if (rows.length === 0) return;
    const messages = await Promise.all(rows.map(async (row) => await rereadMessage(row, anna.state.creds, silent)));
    await anna.state.along(async (waiting) => {
      const { changes, taken } = anna.state.journal.take(rows);
      await mortal.write([...waiting, ...changes], () => {
        for (const message of messages) {
          const id = message?.key.id ?? '';
          const text = textOf(message?.message);
          if (text !== this.#said.get(id)) this.#wrong.push(id);
          this.#house.set(id, text);
        }
      });
      taken();
    });
  }

  #collect(party: Party): void {
    this.#unreadable.push(...party.unread.splice(0).map(({ id }) => id));
  }
}
