// Decides which appservice hears of which event, in batches as Synapse (handlers/appservice.py); it must not know HTTP.
import type { Ephemeral } from './bus.ts';
import type { Pusher } from './pusher.ts';
import { ownsUser } from './registration.ts';
import type { StoredEvent, World } from './world.ts';

const BATCH = 100;

export class Distributor {
  readonly #world: World;
  readonly #pushers: readonly Pusher[];
  #running = false;
  #started = false;
  #dead = false;

  constructor(world: World, pushers: readonly Pusher[]) {
    this.#world = world;
    this.#pushers = pushers;
  }

  /** New events may be there. */
  notify(): void {
    if (!this.#running && !this.#dead && this.#pushers.length > 0) void this.#run();
  }

  notifyEphemeral(news: Ephemeral): void {
    if (!this.#dead) for (const pusher of this.#pushers) pusher.enqueueEphemeral(news);
  }

  die(): void {
    this.#dead = true;
    for (const pusher of this.#pushers) pusher.die();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (!this.#dead) {
        const from = this.#world.logIndexAfter(this.#world.appservicePos);
        const batch = this.#world.log.slice(from, from + BATCH);
        const last = batch.at(-1);
        if (last === undefined) return;
        const byRoom = Map.groupBy(batch, ({ roomId }) => roomId);
        await Promise.all([...byRoom.values()].map(async (events) => await this.#room(events)));
        this.#world.appservicePos = last.stream;
      }
    } finally {
      this.#running = false;
    }
  }

  // Order holds inside a room only: an unknown user is asked for while other rooms go on.
  async #room(events: readonly StoredEvent[]): Promise<void> {
    for (const event of events) {
      const pushers = this.#pushers.filter((pusher) => pusher.interestedIn(event));
      if (pushers.length === 0) continue;
      if (event.type === 'm.room.member' && event.stateKey !== undefined) await this.askFor(event.stateKey);
      if (this.#dead) return;
      if (!this.#started) {
        this.#started = true;
        for (const pusher of this.#pushers) pusher.startRecovery();
      }
      for (const pusher of pushers) pusher.enqueue(event);
    }
  }

  /** Ask the appservices for a local user nobody has registered. */
  async askFor(userId: string): Promise<boolean> {
    if (this.#world.users.has(userId) || !userId.endsWith(`:${this.#world.serverName}`)) return false;
    for (const pusher of this.#pushers) {
      if (ownsUser(pusher.service, userId) && (await pusher.asks('users', userId))) return true;
    }
    return false;
  }
}
