// When a picture may be looked at: people's, groups' and addresses that expired count alike, so many a minute. Knows no picture.
import { BridgeError } from '../../model/errors.ts';
import type { Clock } from '../../ports/stores.ts';
import type { Pacing } from './pacing.ts';

export class LookTurns {
  readonly #clock: Clock;
  readonly #pacing: Pick<Pacing, 'profile'> | undefined;
  /** Epoch ms; WhatsApp wants to be asked less. */
  #notBefore = 0;

  /** @param pacing absent only in tests */
  constructor(clock: Clock, pacing: Pick<Pacing, 'profile'> | undefined) {
    this.#clock = clock;
    this.#pacing = pacing;
  }

  get resting(): boolean {
    return this.#clock.now() < this.#notBefore;
  }

  /** Nothing is looked at for so long, in ms. */
  rest(ms: number): void {
    this.#notBefore = this.#clock.now() + ms;
  }

  /** @returns whether it may be now: then it counts */
  mayNow(): boolean {
    return this.#freeAt() <= this.#clock.now();
  }

  /** For what somebody waits for. @throws BridgeError (later) unless it may be now */
  take(): void {
    const notBefore = this.#freeAt();
    if (notBefore <= this.#clock.now()) return;
    const values = { network: 'WhatsApp' };
    throw new BridgeError('whatsapp-pace-pictures', 'later', 'network.rate-limited', { notBefore, values });
  }

  /** Waits until it may be. @throws AbortError */
  async turn(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.#freeAt() - this.#clock.now();
      if (wait <= 0) return;
      await this.#clock.sleep(wait, signal);
    }
  }

  #freeAt(): number {
    const now = this.#clock.now();
    return this.#notBefore > now ? this.#notBefore : (this.#pacing?.profile(now) ?? now);
  }
}
