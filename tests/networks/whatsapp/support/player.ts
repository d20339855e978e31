// Somebody in the middle of glare whose process dies now and then: opened again each time, sends again what has no answer, and has a
// house that takes what came. Counts in the house, not in memory.
import { DraftLedger } from '../../../../src/networks/whatsapp/state/ledger.ts';
import type { Row } from '../../../../src/networks/whatsapp/state/row.ts';
import type { Pauses } from './chance.ts';
import { Mortal } from './mortal.ts';
import { jidOf, Party } from './party.ts';
import type { Post } from './post.ts';
import { slow } from './slow.ts';

export class Player {
  /** Ids of messages that its house took. */
  readonly house = new Set<string>();
  readonly unreadable: string[] = [];
  deaths = 0;
  readonly #number: number;
  readonly #post: Post;
  readonly #pauses: Pauses;
  readonly #kept = new DraftLedger();
  #lifetimes: number[];
  #mortal: Mortal;
  #party: Party | undefined;
  #receiving = new Set<Promise<void>>();

  /** @param lifetimes after how many writes each life ends; the last one does not */
  constructor(number: number, post: Post, pauses: Pauses, lifetimes: number[]) {
    this.#number = number;
    this.#post = post;
    this.#pauses = pauses;
    this.#lifetimes = lifetimes;
    this.#mortal = new Mortal(this.#kept, 0, 'after');
  }

  get party(): Party {
    if (this.#party === undefined) throw new Error('not open');
    return this.#party;
  }

  async open(): Promise<void> {
    await this.#live(0);
    await this.party.uploadPreKeys(4);
    this.#mortal.dieAfter(this.#lifetimes.shift() ?? 0);
  }

  /** Sends until it is acknowledged, in as many lives as it takes. */
  async say(to: Player, id: string): Promise<void> {
    for (;;) {
      const { party } = this;
      const attempt = async (): Promise<'done'> => {
        const sent = await party.state.sent.remember(id, to.party.jid, { conversation: id });
        if (sent.acknowledgedAt === undefined) {
          await party.send(to.party, id, id);
          party.state.sent.acknowledged(id);
        }
        return 'done';
      };
      if ((await Promise.race([attempt(), this.#mortal.killed])) === 'done') return;
      await this.#rise();
    }
  }

  /** Everything that is on its way has arrived. */
  async rest(): Promise<void> {
    for (;;) {
      const end = await Promise.race([Promise.all(this.#receiving).then(() => 'done' as const), this.#mortal.killed]);
      // Who died while nothing came must hear what comes all the same.
      if (end === 'killed' || !this.#mortal.alive) await this.#rise();
      else if (this.#receiving.size === 0) return;
    }
  }

  async close(): Promise<void> {
    this.#collect();
    // The last write of all may be the one that ends it.
    await Promise.race([this.party.close(), this.#mortal.killed]);
  }

  async #rise(): Promise<void> {
    this.deaths += 1;
    this.#collect();
    this.party.repository.close?.();
    await this.#live(this.#lifetimes.shift() ?? 0);
  }

  async #live(writes: number): Promise<void> {
    const mortal = new Mortal(slow(this.#kept, this.#pauses), writes, this.#pauses.pick(2) === 0 ? 'before' : 'after');
    this.#mortal = mortal;
    const receiving = new Set<Promise<void>>();
    this.#receiving = receiving;
    // What a life had begun may still bring something when it is over: nobody waits for that in the next one.
    const during = (work: Promise<void>): void => {
      const done = work.finally(() => receiving.delete(done));
      receiving.add(done);
    };
    const party = await Party.open({
      number: this.#number,
      ledger: mortal,
      post: this.#post,
      alive: () => mortal.alive,
      ask: async () => await this.#pauses.pause(1 + this.#pauses.pick(3)),
    });
    this.#party = party;
    party.state.journal.onRow((row) => during(this.#take(party, mortal, row)));
    this.#post.attend(jidOf(this.#number), (node) => {
      // The dead hear nothing: what comes meanwhile waits at the post.
      if (mortal.alive) during(party.receive(node));
    });
    for (const row of party.state.journal.unread()) during(this.#take(party, mortal, row));
    for (const node of this.#post.waiting(party.jid)) during(party.receive(node));
  }

  async #take(party: Party, mortal: Mortal, row: Row): Promise<void> {
    const { changes, taken } = party.state.journal.take([row]);
    await mortal.write(changes, () => {
      if (row.parts.every((part) => part.plain !== undefined)) this.house.add(row.node.attrs['id'] ?? '');
    });
    taken();
  }

  #collect(): void {
    this.unreadable.push(...this.party.unread.splice(0).map(({ id }) => id));
  }
}
