// Strings the rooms together, both ways: admit, plan, perform each delivery, settle. Read this file first; it knows no wire.
import { BridgeError, FencedError } from '../model/errors.ts';
import { loginOwner, type OwnerId } from '../model/ids.ts';
import type { Delivery } from '../model/delivery.ts';
import type { LaneClaim, Outcome, QueueEntry } from '../model/entry.ts';
import type { Say } from '../model/say.ts';
import type { FlowDoors, Plan } from './doors.ts';
import { nextLook } from './looks.ts';
import type { About, LaneWork, Ran } from './lane-work.ts';
import { runAct } from './acts.ts';
import { deliverToMatrix } from './to-matrix/deliver.ts';
import { planToMatrix } from './to-matrix/plan.ts';
import { deliverToNetwork } from './to-network/deliver.ts';
import { planToNetwork } from './to-network/plan.ts';
import { tellAuthor } from './to-network/report.ts';
import { isTakenBack, staleAt, tooOld, wasHeldUp } from './to-network/second-thoughts.ts';

/** Between two looks whether a lane's login has its line open, in ms: the lane is woken when it opens. */
const NOT_OPEN_YET_MS = [500, 10_000] as const;

export class Pipelines implements LaneWork {
  readonly #doors: FlowDoors;

  constructor(doors: FlowDoors) {
    this.#doors = doors;
  }

  async run(claim: LaneClaim, entry: QueueEntry, behind: readonly QueueEntry[]): Promise<Ran> {
    const elsewhere = this.#belongsTo(claim, entry);
    if (elsewhere !== undefined) return { do: 'reroute', owner: elsewhere };
    if (entry.parts.length > 0) return await this.#perform(claim, entry);
    if (wasHeldUp(claim, entry) && isTakenBack(this.#doors, entry, behind)) {
      return await this.#nothing(claim, entry, 'cancelled');
    }
    const plan = await this.#plan(entry);
    switch (plan.do) {
      case 'reroute':
        // The lane is where it should be, but the login's line is not open yet.
        if (plan.owner === claim.owner) {
          return { do: 'wait', ms: nextLook(this.#doors, entry.receivedAt, NOT_OPEN_YET_MS), code: 'login-offline' };
        }
        return plan;
      case 'wait':
      case 'park':
        return plan;
      case 'nothing':
        return await this.#nothing(claim, entry, plan.code);
      case 'deliver':
        return await this.#deliver(claim, entry, plan.deliveries);
    }
  }

  /**
   * Only what people write here, and only new messages that answer nothing: everything else looks for what came before it. What
   * comes from a network may be an own message, which waits for the older ones of its lane that are not settled.
   */
  isFree({ payload }: QueueEntry): boolean {
    if (payload.from !== 'matrix') return false;
    const event = this.#doors.read(payload.event);
    return event.kind === 'message' && event.replyTo === undefined;
  }

  async tell(entry: QueueEntry, about: About, why: Say): Promise<void> {
    await tellAuthor(this.#doors, entry, about, why);
  }

  staleAt(entry: QueueEntry): number | undefined {
    return staleAt(this.#doors, entry);
  }

  /** A chat's first event and the opening of a room need the login's own line: the lane goes to the worker that has it. */
  #belongsTo(claim: LaneClaim, entry: QueueEntry): OwnerId | undefined {
    const { payload } = entry;
    if (payload.from === 'matrix') return undefined;
    const puppet =
      payload.from === 'network' ? payload.puppet : 'puppet' in payload.act ? payload.act.puppet : undefined;
    if (puppet === undefined || claim.owner === loginOwner(puppet)) return undefined;
    return this.#doors.session(puppet) === undefined ? loginOwner(puppet) : undefined;
  }

  async #nothing(claim: LaneClaim, entry: QueueEntry, code: string): Promise<Ran> {
    this.#doors.log.debug({ key: entry.key, code }, 'nothing to deliver');
    await this.#doors.queue.settle(claim, entry, {});
    return { do: 'settled' };
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
    if (only === undefined) return await this.#nothing(claim, entry, 'no-parts');
    const elsewhere = this.#lineElsewhere(claim, deliveries);
    if (elsewhere !== undefined) return { do: 'reroute', owner: elsewhere };
    if (more.length > 0) return await this.#perform(claim, await this.#doors.queue.freeze(claim, entry, deliveries));
    let outcome: Outcome;
    try {
      outcome = await this.#one(entry, only);
    } catch (error) {
      // Whatever was tried is written down before the next try: a plan made anew could differ from what already happened.
      if (!(error instanceof FencedError) && !(error instanceof BridgeError && error.retry === 'never')) {
        await this.#doors.queue.freeze(claim, entry, deliveries);
      }
      throw error;
    }
    return { do: 'settled', end: this.#doors.queue.settle(claim, entry, outcome) };
  }

  /** Performs the unfinished parts of a frozen plan, each committed as it succeeds. */
  async #perform(claim: LaneClaim, entry: QueueEntry): Promise<Ran> {
    const owed = entry.parts.filter((part) => part.state === 'owed');
    const deliveries = owed.map((part) => part.delivery);
    const old = staleAt(this.#doors, entry);
    if (old !== undefined && this.#doors.clock.now() >= old && deliveries.some((one) => one.to === 'network')) {
      return tooOld(entry);
    }
    const elsewhere = this.#lineElsewhere(claim, deliveries);
    if (elsewhere !== undefined) return { do: 'reroute', owner: elsewhere };
    for (const [index, part] of owed.entries()) {
      const outcome = await this.#one(entry, part.delivery);
      if (index === owed.length - 1) {
        await this.#doors.queue.settle(claim, entry, outcome);
        return { do: 'settled' };
      }
      await this.#doors.queue.finishPart(claim, entry, part.part, 'done', outcome);
    }
    return await this.#nothing(claim, entry, 'no-parts');
  }

  /** The login that a plan is performed through, when this lane is not its own and its line is not open here. */
  #lineElsewhere(claim: LaneClaim, deliveries: readonly Delivery[]): OwnerId | undefined {
    for (const delivery of deliveries) {
      if (delivery.to !== 'network' || claim.owner === loginOwner(delivery.puppet)) continue;
      if (this.#doors.session(delivery.puppet) === undefined) return loginOwner(delivery.puppet);
    }
    return undefined;
  }

  async #one(entry: QueueEntry, delivery: Delivery): Promise<Outcome> {
    return delivery.to === 'network'
      ? await deliverToNetwork(this.#doors, entry, delivery)
      : await deliverToMatrix(this.#doors, entry, delivery);
  }
}
