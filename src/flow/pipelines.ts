// Strings the rooms together, both ways: admit, plan, perform each delivery, settle. Read this file first; it knows no wire.
import { BridgeError } from '../model/errors.ts';
import type { Delivery } from '../model/delivery.ts';
import type { LaneClaim, Outcome, QueueEntry } from '../model/entry.ts';
import type { Say } from '../model/say.ts';
import type { FlowDoors, Plan } from './doors.ts';
import type { LaneWork, Ran } from './lanes.ts';
import { runAct } from './acts.ts';
import { deliverToMatrix } from './to-matrix/deliver.ts';
import { planToMatrix } from './to-matrix/plan.ts';
import { deliverToNetwork } from './to-network/deliver.ts';
import { planToNetwork } from './to-network/plan.ts';
import { tellAuthor } from './to-network/report.ts';

export class Pipelines implements LaneWork {
  readonly #doors: FlowDoors;

  constructor(doors: FlowDoors) {
    this.#doors = doors;
  }

  async run(claim: LaneClaim, entry: QueueEntry): Promise<Ran> {
    if (entry.parts.length > 0) return await this.#perform(claim, entry);
    const plan = await this.#plan(entry);
    switch (plan.do) {
      case 'wait':
      case 'park':
      case 'reroute':
        return plan;
      case 'nothing':
        this.#doors.log.debug({ key: entry.key, code: plan.code }, 'nothing to deliver');
        await this.#doors.queue.settle(claim, entry, {});
        return { do: 'settled' };
      case 'deliver':
        return await this.#deliver(claim, entry, plan.deliveries);
    }
  }

  async tell(entry: QueueEntry, about: 'failed' | 'slow' | 'waiting', why: Say): Promise<void> {
    await tellAuthor(this.#doors, entry, about, why);
  }

  /** Only what people wrote to the network grows stale; what came from there is always delivered, marked late. */
  tooOld(entry: QueueEntry): boolean {
    return (
      entry.payload.from === 'matrix' &&
      !entry.late &&
      this.#doors.clock.now() - entry.receivedAt > this.#doors.settings.tooOldMs
    );
  }

  async #plan(entry: QueueEntry): Promise<Plan> {
    switch (entry.payload.from) {
      case 'matrix':
        return await planToNetwork(this.#doors, entry, entry.payload.event);
      case 'network':
        return await planToMatrix(this.#doors, entry, entry.payload.puppet, entry.payload.event);
      case 'bridge':
        return await runAct(this.#doors, entry, entry.payload.act);
    }
  }

  async #deliver(claim: LaneClaim, entry: QueueEntry, deliveries: readonly Delivery[]): Promise<Ran> {
    const [only, ...more] = deliveries;
    if (only === undefined) {
      await this.#doors.queue.settle(claim, entry, {});
      return { do: 'settled' };
    }
    if (more.length > 0) return await this.#perform(claim, await this.#doors.queue.freeze(claim, entry, deliveries));
    let outcome: Outcome;
    try {
      outcome = await this.#one(entry, only);
    } catch (error) {
      // Whatever was tried is written down before the next try: a plan made anew could differ from what already happened.
      if (!(error instanceof BridgeError) || error.retry !== 'never')
        await this.#doors.queue.freeze(claim, entry, deliveries);
      throw error;
    }
    await this.#doors.queue.settle(claim, entry, outcome);
    return { do: 'settled' };
  }

  /** Performs the unfinished parts of a frozen plan, each committed as it succeeds. */
  async #perform(claim: LaneClaim, entry: QueueEntry): Promise<Ran> {
    const owed = entry.parts.filter((part) => part.state === 'owed');
    for (const [index, part] of owed.entries()) {
      const outcome = await this.#one(entry, part.delivery);
      if (index === owed.length - 1) {
        await this.#doors.queue.settle(claim, entry, outcome);
        return { do: 'settled' };
      }
      await this.#doors.queue.finishPart(claim, entry, part.part, 'done', outcome);
    }
    await this.#doors.queue.settle(claim, entry, {});
    return { do: 'settled' };
  }

  async #one(entry: QueueEntry, delivery: Delivery): Promise<Outcome> {
    return delivery.to === 'network'
      ? await deliverToNetwork(this.#doors, entry, delivery)
      : await deliverToMatrix(this.#doors, entry, delivery);
  }
}
