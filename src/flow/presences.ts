// Who is online over there, shown by their ghosts for as long as it is known; kept nowhere, and left alone for a while where the
// homeserver takes none of it. Knows no network.
import type { UserId } from '../model/ids.ts';
import type { Speaker } from '../ports/matrix.ts';
import type { Clock, Logger } from '../ports/stores.ts';

export interface PresenceDoors {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

interface Shown {
  readonly ghost: Speaker;
  /** Epoch ms: nothing was heard of them since, and perhaps no line is open that would tell. */
  readonly until: number;
}

/** A homeserver calls offline of whom it has heard nothing for half a minute (Synapse): how often it must be told again, in ms. */
export const TEND_MS = 20_000;
/** How long somebody is taken for online of whom nothing more is heard, in ms. */
const LONGEST_MS = 15 * 60_000;
/** Of more people than this at once the homeserver is told nothing. */
const MOST = 200;
/** After a refusal, in ms. */
const REST_MS = 10 * 60_000;

export class Presences {
  readonly #doors: PresenceDoors;
  readonly #online = new Map<UserId, Shown>();
  #restUntil = 0;

  constructor(doors: PresenceDoors) {
    this.#doors = doors;
  }

  async show(ghost: Speaker, online: boolean): Promise<void> {
    const known = this.#online.has(ghost.user);
    if (!online) {
      this.#online.delete(ghost.user);
      if (known) await this.#say(ghost, false);
      return;
    }
    if (!known && this.#online.size >= MOST) return;
    this.#online.set(ghost.user, { ghost, until: this.#doors.clock.now() + LONGEST_MS });
    if (!known) await this.#say(ghost, true);
  }

  /** To be called every TEND_MS. */
  async tend(): Promise<void> {
    for (const [user, { ghost, until }] of this.#online) {
      const online = until > this.#doors.clock.now();
      if (!online) this.#online.delete(user);
      await this.#say(ghost, online);
    }
  }

  async #say(ghost: Speaker, online: boolean): Promise<void> {
    const { clock, log } = this.#doors;
    if (clock.now() < this.#restUntil) return;
    try {
      await ghost.presence(online);
    } catch (error) {
      // Whoever is shown as online is called offline by the homeserver itself; one line for all that is left out now.
      this.#restUntil = clock.now() + REST_MS;
      log.info({ code: 'presence', error }, 'the homeserver takes no presence, and is not told of any for ten minutes');
    }
  }
}
