// Who waits for the server's word on what they sent, until when, and what it said; knows no socket.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { BridgeError } from '../../model/errors.ts';
import type { Clock } from '../../ports/stores.ts';
import { nackOf, unanswered } from './errors.ts';

interface Waiting {
  readonly acked: (at: number) => void;
  readonly failed: (why: BridgeError) => void;
  /** Epoch ms; not before it may leave. */
  due?: number;
}

export class Acks {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #ended: AbortSignal;
  readonly #waiting = new Map<string, Waiting>();
  #watching = false;

  /** @param most ms that the server may take @param ended with the line */
  constructor(clock: Clock, most: number, ended: AbortSignal) {
    this.#clock = clock;
    this.#most = most;
    this.#ended = ended;
  }

  /** @param kept when it may leave; the time counts from there @returns the server's time of it, epoch ms @throws BridgeError */
  wait(id: string, kept: Promise<void>): Promise<number> {
    const ack = new Promise<number>((acked, failed) => {
      if (this.#ended.aborted) {
        // over() has been: nobody would fail it any more.
        failed(unanswered());
        return;
      }
      const waiting: Waiting = { acked, failed };
      this.#waiting.set(id, waiting);
      kept.then(
        () => this.#expect(waiting),
        () => failed(unanswered()),
      );
    });
    // Whoever waits hears of it; an ack may fail while the message is still on its way out.
    ack.catch(() => undefined);
    return ack;
  }

  forget(id: string): void {
    this.#waiting.delete(id);
  }

  heard({ attrs }: BinaryNode): void {
    const { id, error, t } = attrs;
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (waiting === undefined) return;
    const now = this.#clock.now();
    if (error !== undefined && error !== '0') waiting.failed(nackOf(Number(error), now));
    else waiting.acked(Number(t) > 0 ? Number(t) * 1000 : now);
  }

  /** Nothing comes any more. */
  over(): void {
    for (const { failed } of this.#waiting.values()) failed(unanswered());
    this.#waiting.clear();
  }

  #expect(waiting: Waiting): void {
    waiting.due = this.#clock.now() + this.#most;
    // Called off when the line ends.
    if (!this.#watching) this.#watch().catch(() => undefined);
  }

  /** One sleeper for all answers: whoever waits for one that is late hears of it. */
  async #watch(): Promise<void> {
    this.#watching = true;
    try {
      for (;;) {
        const next = Math.min(...[...this.#waiting.values()].flatMap(({ due }) => due ?? []));
        if (next === Number.POSITIVE_INFINITY) return;
        await this.#clock.sleep(next - this.#clock.now(), this.#ended);
        this.#late();
      }
    } finally {
      // In the turn that found nobody: whoever comes in the next one must not rely on this one.
      this.#watching = false;
    }
  }

  #late(): void {
    const now = this.#clock.now();
    for (const [id, { due, failed }] of this.#waiting) {
      if (due === undefined || due > now) continue;
      failed(unanswered());
      this.#waiting.delete(id);
    }
  }
}
