// Typing (in memory) and receipts (kept), as /sync and appservices see them; it must not know HTTP.
import type { Bus } from './bus.ts';
import { forbidden, MatrixError, type Json } from './json.ts';
import type { Receipt, Room, World } from './world.ts';

interface Typing {
  readonly until: Map<string, NodeJS.Timeout>;
  stream: number;
}

export class EphemeralEvents {
  readonly #world: World;
  readonly #bus: Bus;
  readonly #typing = new Map<string, Typing>();

  constructor(world: World, bus: Bus) {
    this.#world = world;
    this.#bus = bus;
  }

  setTyping(room: Room, userId: string, typing: boolean, timeoutMs: number): void {
    if (this.#world.membership(room, userId) !== 'join') throw forbidden(`User ${userId} not in room ${room.roomId}`);
    const entry = this.#typing.get(room.roomId) ?? { until: new Map<string, NodeJS.Timeout>(), stream: 0 };
    this.#typing.set(room.roomId, entry);
    const timer = entry.until.get(userId);
    clearTimeout(timer);
    if (typing) {
      const stop = setTimeout(() => {
        entry.until.delete(userId);
        this.#typingChanged(room, entry);
      }, timeoutMs);
      stop.unref();
      entry.until.set(userId, stop);
      if (timer !== undefined) return; // Only the deadline moved.
    } else if (!entry.until.delete(userId)) return;
    this.#typingChanged(room, entry);
  }

  #typingChanged(room: Room, entry: Typing): void {
    entry.stream = this.#world.next();
    room.changed = entry.stream;
    this.#bus.ephemeral({ roomId: room.roomId, type: 'm.typing', content: { user_ids: [...entry.until.keys()] } });
  }

  setReceipt(room: Room, userId: string, type: string, eventId: string, threadId: string | undefined): void {
    if (this.#world.membership(room, userId) !== 'join') throw forbidden(`User ${userId} not in room ${room.roomId}`);
    if (type !== 'm.read' && type !== 'm.read.private') {
      throw new MatrixError(400, 'M_INVALID_PARAM', `Receipt type must be m.read or m.read.private, not ${type}`);
    }
    const event = this.#world.events.get(eventId);
    if (event === undefined) return; // Synapse keeps a receipt for an event it does not know; nobody sees it.
    const key = [userId, type, threadId ?? ''].join('\0');
    const before = room.receipts.get(key);
    const old = before === undefined ? undefined : this.#world.events.get(before.eventId);
    if (old !== undefined && old.stream >= event.stream) return;
    const receipt: Receipt = { userId, type, eventId, threadId, ts: Date.now(), stream: this.#world.next() };
    room.receipts.set(key, receipt);
    room.changed = receipt.stream;
    this.#bus.ephemeral({ roomId: room.roomId, type: 'm.receipt', content: receiptContent([receipt]) });
  }

  /** The ephemeral events of one room after a stream position, as this person may see them. */
  since(room: Room, userId: string, since: number): Json[] {
    const events: Json[] = [];
    const typing = this.#typing.get(room.roomId);
    if (typing !== undefined && typing.stream > since) {
      events.push({ type: 'm.typing', content: { user_ids: [...typing.until.keys()] } });
    }
    const receipts = [...room.receipts.values()].filter(
      (receipt) => receipt.stream > since && (receipt.type !== 'm.read.private' || receipt.userId === userId),
    );
    if (receipts.length > 0) events.push({ type: 'm.receipt', content: receiptContent(receipts) });
    return events;
  }

  /** A crash forgets who is typing. */
  forget(): void {
    for (const { until } of this.#typing.values()) for (const timer of until.values()) clearTimeout(timer);
    this.#typing.clear();
  }
}

function receiptContent(receipts: readonly Receipt[]): Json {
  const content: Record<string, Record<string, Record<string, Json>>> = {};
  for (const { eventId, type, userId, ts, threadId } of receipts) {
    const byType = (content[eventId] ??= {});
    (byType[type] ??= {})[userId] = { ts, ...(threadId === undefined ? {} : { thread_id: threadId }) };
  }
  return content;
}
