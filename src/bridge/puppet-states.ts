// How each login is, kept and told once when it changes, whoever says so at the same time; knows no lines and no words.
import { KeyedTurns } from '../model/keyed-turns.ts';
import type { Puppet, PuppetState } from '../model/records.ts';
import { isSame, type Say } from '../model/say.ts';
import type { Logger, PuppetStore } from '../ports/stores.ts';

export interface PuppetStateDoors {
  readonly puppets: Pick<PuppetStore, 'find' | 'setState'>;
  readonly log: Logger;
  /** Told once when a login's state changes for the person to know. */
  readonly changed: (puppet: Puppet, state: PuppetState, why: Say | undefined) => Promise<void>;
}

export class PuppetStates {
  readonly #doors: PuppetStateDoors;
  /** Two that say the same at once would both find it new. */
  readonly #turns = new KeyedTurns();

  constructor(doors: PuppetStateDoors) {
    this.#doors = doors;
  }

  /** Kept and told if it is news; of several for one login in the order of the calls. */
  async change({ id, network }: Puppet, state: PuppetState, why: Say | undefined): Promise<void> {
    const { puppets, log, changed } = this.#doors;
    await this.#turns.run(id, async () => {
      const before = await puppets.find(id);
      if (before === undefined || (before.state === state && isSame(before.why, why))) return;
      await puppets.setState(id, state, why);
      log.info({ puppet: id, network, state }, 'login changed state');
      await changed(before, state, why);
    });
  }

  /** Its person ended it, and knows: nothing said before comes after it. */
  async end({ id }: Puppet): Promise<void> {
    await this.#turns.run(id, async () => {
      await this.#doors.puppets.setState(id, 'signed-out');
    });
  }
}
