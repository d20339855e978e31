// Where conversations are disturbed: a bridge that reaches its database through a door, and an account that is linked to it. Knows how a
// stroke falls on it, not where.
import { setTimeout as sleep } from 'node:timers/promises';
import { WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import type { Town } from '../../flow/journey/town.ts';
import { linkByCode, openWhatsAppTown } from '../../flow/journey/whatsapp.ts';
import { Conversation, type Cast } from './conversation.ts';
import { PostgresDoor, type Passage } from './door.ts';
import { Watch, type Point } from './watch.ts';

/** What is done to a question, and to whom: the process dies (SIGKILL), or lives on without that connection. */
export const MANNERS = ['killed-before', 'killed-after', 'cut-before', 'cut-after'] as const;
export type Manner = (typeof MANNERS)[number];

export interface Stroke extends Point {
  readonly manner: Manner;
}

export interface Held {
  /** Kinds of the points that there were. */
  readonly kinds: readonly string[];
  /** Kind of the one that was struck. */
  readonly struck?: string;
  /** What did not come out as if nothing had been, in words. */
  readonly findings: readonly string[];
}

/** A bridge whose database does not answer goes on for so long, in ms: whatever it lets out by then must be true after its death. */
const HESITATION_MS = 40;
/** All conversations are had within minutes. */
const PACING = { sendsAtOnce: 500, sendsPerMinute: 5000, reconnectsPerDay: 5000 };

export class Stage {
  readonly #town: Town<WhatsAppSandbox>;
  readonly #watch: Watch;
  readonly #cast: Cast;
  #blow: Promise<void> = Promise.resolve();
  #count = 0;

  private constructor(town: Town<WhatsAppSandbox>, watch: Watch, cast: Cast) {
    this.#town = town;
    this.#watch = watch;
    this.#cast = cast;
  }

  /** @param tree the checkout whose bridge runs; this one unless told */
  static async open(tree?: string): Promise<Stage> {
    const watch = new Watch();
    const through = async (url: string): Promise<PostgresDoor> => await PostgresDoor.open(url, watch);
    const ground = { through, ...(tree === undefined ? {} : { tree }) };
    const town = await openWhatsAppTown({}, { pacing: PACING }, ground);
    try {
      const { sandbox: whatsapp, camille } = town;
      const { id } = await whatsapp.createPerson({ name: 'Camille' });
      await linkByCode(whatsapp, camille, await whatsapp.person(id));
      const account = await whatsapp.person(id);
      const device = account.devices.find(({ simulated }) => !simulated)?.device ?? 0;
      return new Stage(town, watch, { whatsapp, camille, account, device });
    } catch (error) {
      await town.close();
      throw error;
    }
  }

  async hold(stroke?: Stroke): Promise<Held> {
    this.#count += 1;
    const conversation = await Conversation.prepare(this.#cast, String(this.#count));
    this.#watch.begin(stroke === undefined ? undefined : { ...stroke, ...this.#falling(stroke.manner) });
    const findings: string[] = [];
    try {
      await conversation.hold();
      this.#watch.end();
      await this.#blow;
      await conversation.goOn();
      findings.push(...(await conversation.complaints()));
    } catch (error) {
      findings.push(error instanceof Error ? error.message : String(error));
      findings.push(...(await conversation.complaints()));
    } finally {
      this.#watch.end();
    }
    const { kinds, hit } = this.#watch;
    return { kinds, findings, ...(hit === undefined ? {} : { struck: hit }) };
  }

  async close(): Promise<void> {
    await this.#blow.catch(() => undefined);
    await this.#town.close();
  }

  #falling(manner: Manner): { passage: Exclude<Passage, 'through'>; fall: (cut: () => void) => void } {
    const passage = manner.endsWith('before') ? 'unsent' : 'unanswered';
    const fall = (cut: () => void): void => {
      this.#blow = this.#strike(manner.startsWith('killed') ? undefined : cut);
      // Looked at when the conversation is over.
      this.#blow.catch(() => undefined);
    };
    return { passage, fall };
  }

  /** @param cut absent: the process dies, and is started again */
  async #strike(cut: (() => void) | undefined): Promise<void> {
    await sleep(HESITATION_MS);
    if (cut !== undefined) {
      cut();
      return;
    }
    await this.#town.bridge.stop('SIGKILL');
    await this.#town.bridge.start();
  }
}
