// Tells the rest of the double that something happened (long polls, pushers); it must not know what listeners do.
import type { StoredEvent } from './world.ts';

/** Ephemeral things an appservice may want: typing and receipts, in the form of /sync plus room_id. */
export interface Ephemeral {
  readonly roomId: string;
  readonly content: Record<string, unknown>;
  readonly type: 'm.typing' | 'm.receipt';
}

type Listener = { event?: (event: StoredEvent) => void; ephemeral?: (news: Ephemeral) => void; wake?: () => void };

export class Bus {
  readonly #listeners = new Set<Listener>();

  /** Returns the function that ends the subscription. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  event(event: StoredEvent): void {
    for (const listener of this.#listeners) listener.event?.(event);
    this.wake();
  }

  ephemeral(news: Ephemeral): void {
    for (const listener of this.#listeners) listener.ephemeral?.(news);
    this.wake();
  }

  /** Something changed that only /sync shows. */
  wake(): void {
    for (const listener of this.#listeners) listener.wake?.();
  }
}
