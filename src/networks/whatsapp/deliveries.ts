// When a message has arrived on everybody's telephone, from the receipts that come one by one; kept nowhere, knows no wire.
import type { ChatId, MessageId, PersonId } from '../../model/ids.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Logger } from '../../ports/stores.ts';
import { chatKind } from './ids.ts';
import type { Arrival } from './passing.ts';

export interface DeliveryDoors {
  readonly self: PersonId;
  readonly sink: Pick<NetworkSink, 'glimpse'>;
  /** Everybody in a group. @throws when they cannot be learnt now */
  readonly members: (chat: ChatId) => Promise<readonly PersonId[]>;
  readonly log: Logger;
}

/** Messages of groups that are not with everybody yet; older ones are forgotten. */
const MOST_UNDER_WAY = 500;

/**
 * WhatsApp's second tick: of a direct chat with the first receipt, of a group when each of its present members has confirmed. What
 * was confirmed before a restart is not known after it: such a message gets no tick of its own, and the next one covers it.
 */
export class Deliveries {
  readonly #doors: DeliveryDoors;
  readonly #with = new Map<MessageId, Set<PersonId>>();

  constructor(doors: DeliveryDoors) {
    this.#doors = doors;
  }

  async heard({ portal, person, messages }: Arrival): Promise<void> {
    const { sink, log } = this.#doors;
    if (chatKind(portal.chat) !== 'group') {
      for (const upTo of messages.slice(-1)) sink.glimpse({ kind: 'delivered', portal, upTo });
      return;
    }
    for (const message of messages) this.#note(message, person);
    let others: readonly PersonId[];
    try {
      others = await this.#others(portal.chat);
    } catch (error) {
      // The line has just ended: lost in peace, as all that passes.
      log.debug({ error }, 'a receipt of a group was lost');
      return;
    }
    for (const upTo of messages) {
      const there = this.#with.get(upTo);
      if (there === undefined || others.some((one) => !there.has(one))) continue;
      this.#with.delete(upTo);
      sink.glimpse({ kind: 'delivered', portal, upTo });
    }
  }

  async #others(chat: ChatId): Promise<readonly PersonId[]> {
    return (await this.#doors.members(chat)).filter((one) => one !== this.#doors.self);
  }

  #note(message: MessageId, person: PersonId): void {
    const there = this.#with.get(message) ?? new Set();
    this.#with.set(message, there.add(person));
    for (const oldest of this.#with.keys()) {
      if (this.#with.size <= MOST_UNDER_WAY) break;
      this.#with.delete(oldest);
    }
  }
}
