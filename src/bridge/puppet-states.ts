// How each login is, kept and told once when it changes, whoever says so at the same time; knows no lines and no words.
import { KeyedTurns } from '../model/keyed-turns.ts';
import type { Puppet, PuppetState, Wait } from '../model/records.ts';
import { isSame, type Say } from '../model/say.ts';
import type { Clock, Logger, PuppetStore } from '../ports/stores.ts';
import { byTheClock, waitsAfter, type Standing, type Waiting } from './waits.ts';

export interface PuppetStateDoors {
  readonly puppets: Pick<PuppetStore, 'find' | 'setState'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  /** Told once when a login's state changes for the person to know. */
  readonly changed: (puppet: Puppet, state: PuppetState, why: Say | undefined) => Promise<void>;
  /** What its person was told to wait for is over. Told again after a crash: whoever hears it tells the same wait once. */
  readonly over: (puppet: Puppet, wait: Wait) => Promise<void>;
}

export class PuppetStates {
  readonly #doors: PuppetStateDoors;
  /** Two that say the same at once would both find it new. */
  readonly #turns = new KeyedTurns();

  constructor(doors: PuppetStateDoors) {
    this.#doors = doors;
  }

  /** Kept and told if it is news; of several for one login in the order of the calls. @param until as in Standing */
  async change({ id }: Puppet, state: PuppetState, why: Say | undefined, until?: number): Promise<void> {
    await this.#settle(id, (before, now) => {
      const standing = { state, why, until };
      return { ...standing, ...waitsAfter(before.waits ?? [], standing, now) };
    });
  }

  /** Heeds what is over by the clock while the login has no open line. */
  async heedTime({ id }: Puppet): Promise<void> {
    await this.#settle(id, byTheClock);
  }

  /** Its person ended it, and knows: nothing said before comes after it. */
  async end({ id }: Puppet): Promise<void> {
    await this.#turns.run(id, async () => {
      await this.#doors.puppets.setState(id, 'signed-out');
    });
  }

  async #settle(id: Puppet['id'], next: (before: Puppet, now: number) => Standing & Waiting): Promise<void> {
    const { puppets, clock, log, changed, over } = this.#doors;
    await this.#turns.run(id, async () => {
      const before = await puppets.find(id);
      if (before === undefined) return;
      const { state, why, left, over: ended } = next(before, clock.now());
      const news = before.state !== state || !isSame(before.why, why);
      if (!news && JSON.stringify(left) === JSON.stringify(before.waits ?? [])) return;
      for (const wait of ended) await over(before, wait);
      await puppets.setState(id, state, why, left);
      if (!news) return;
      log.info({ puppet: id, network: before.network, state }, 'login changed state');
      await changed(before, state, why);
    });
  }
}
