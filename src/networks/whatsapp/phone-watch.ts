// When the account's own phone was last heard of, and the warnings before WhatsApp unlinks the bridge because it stays away; knows no wire.
import { say } from '../../model/say.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock, VaultChange } from '../../ports/stores.ts';

export const PHONE_KEY = 'phone';

/** WhatsApp unlinks devices whose phone stayed away this long, in days. */
const AWAY_DAYS = 14;
/** Days without the phone on which its person is warned. */
const WARN_DAYS = [10, 12, AWAY_DAYS];
const DAY_MS = 86_400_000;
/** What came while the bridge itself was away is heard first, in ms. */
const SETTLE_MS = 10 * 60_000;
/** It is written down no more often than this, in ms. */
const WRITE_MS = 3_600_000;

export interface PhoneDoors {
  readonly scope: string;
  readonly clock: Clock;
  readonly sink: Pick<NetworkSink, 'tell'>;
}

export class PhoneWatch {
  readonly #doors: PhoneDoors;
  #at: number;
  #written: number;

  /** @param kept what the vault holds under PHONE_KEY; without it, the phone was there just now */
  constructor(doors: PhoneDoors, kept?: Uint8Array) {
    this.#doors = doors;
    this.#at = contactIn(kept) ?? doors.clock.now();
    this.#written = kept === undefined ? 0 : this.#at;
  }

  /** @param at epoch ms @returns what is to be written down, now and then */
  heard(at: number): VaultChange | undefined {
    if (at > this.#at) this.#at = at;
    if (this.#at - this.#written < WRITE_MS) return undefined;
    this.#written = this.#at;
    return contactAt(this.#doors.scope, this.#at);
  }

  /** Warns until it is aborted. @throws AbortError, FencedError */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, sink } = this.#doors;
    await clock.sleep(SETTLE_MS, signal);
    for (;;) {
      const days = Math.floor((clock.now() - this.#at) / DAY_MS);
      const due = WARN_DAYS.findLast((one) => one <= days);
      if (due !== undefined) {
        const words = due < AWAY_DAYS ? 'whatsapp.phone-away' : 'whatsapp.phone-gone';
        await sink.tell(`phone-away/${this.#at}/${due}`, say(words, { days, limit: AWAY_DAYS }));
      }
      const next = WARN_DAYS.find((one) => one > days) ?? days + 1;
      await clock.sleep(this.#at + next * DAY_MS - clock.now(), signal);
    }
  }
}

/** @returns epoch ms */
export function contactIn(kept: Uint8Array | undefined): number | undefined {
  return kept === undefined ? undefined : Number(Buffer.from(kept).toString());
}

/** @param at epoch ms */
export function contactAt(scope: string, at: number): VaultChange {
  return { scope, key: PHONE_KEY, value: Buffer.from(String(at)) };
}
