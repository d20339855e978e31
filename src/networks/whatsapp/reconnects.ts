// How often a login's line was opened without its person: counted where WhatsApp sees it, over restarts, up to the day's measure. Knows no line.
import { BridgeError } from '../../model/errors.ts';
import { momentOf } from '../../model/moment.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock } from '../../ports/stores.ts';
import { DailyBudget } from './budget.ts';

export const RECONNECTS_KEY = 'reconnects';

export interface ReconnectDoors {
  readonly scope: string;
  readonly sink: Pick<NetworkSink, 'keep' | 'tell'>;
  readonly clock: Clock;
  /** A day. */
  readonly most: number;
}

export class Reconnects {
  readonly #doors: ReconnectDoors;
  readonly #budget: DailyBudget;

  /** @param kept what the vault holds under RECONNECTS_KEY @throws Error when it is of a later version */
  constructor(doors: ReconnectDoors, kept?: Uint8Array) {
    this.#doors = doors;
    this.#budget = new DailyBudget(doors.most, kept === undefined ? [] : timesIn(kept));
  }

  /** Why no line is opened for now, and from when. @returns undefined when one may be */
  refusal(): BridgeError | undefined {
    const { clock, most } = this.#doors;
    const now = clock.now();
    const notBefore = this.#budget.freeAt(now);
    if (notBefore <= now) return undefined;
    const values = { count: most, when: momentOf(notBefore) };
    return new BridgeError('whatsapp-reconnects', 'later', 'whatsapp.reconnects', { notBefore, values });
  }

  /** Lets its person know, once for each wait. @throws FencedError, BridgeError (database) */
  async tell({ human, notBefore }: BridgeError): Promise<void> {
    await this.#doors.sink.tell(`reconnects/${notBefore ?? 0}`, human);
  }

  /** WhatsApp has seen a line. @throws FencedError, BridgeError (database) */
  async count(): Promise<void> {
    const { scope, sink, clock } = this.#doors;
    this.#budget.take(clock.now());
    const value = Buffer.from(JSON.stringify({ v: 1, times: this.#budget.kept() }));
    await sink.keep([{ scope, key: RECONNECTS_KEY, value }]);
  }
}

function timesIn(kept: Uint8Array): readonly number[] {
  const { v, times } = JSON.parse(Buffer.from(kept).toString()) as { readonly v: number; readonly times: number[] };
  if (v !== 1) throw new Error('reconnects of a later version');
  return times;
}
