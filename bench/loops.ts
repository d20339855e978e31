// One message under way in each chat: the next begins when the last has arrived; counts what arrives. Knows no wire.
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../sandbox/tape.ts';
import { cpuOf } from './processes.ts';
import type { Stretch } from './statistics.ts';

/** About as long as what people write. */
export const WORDS = 'Shall we meet at ten in the small room, or is eleven better?';

export class Loops<Chat> {
  readonly #start: (chat: Chat, text: string) => Promise<void> | void;
  readonly #chats: readonly Chat[];
  readonly #name: string;
  readonly #under = new Map<string, Chat>();
  #serial = 0;
  #going = false;
  #failure: unknown;
  #idle: () => void = () => undefined;
  arrived = 0;

  /** @param name unique among the loops of a run: it begins every text */
  constructor(name: string, chats: readonly Chat[], start: (chat: Chat, text: string) => Promise<void> | void) {
    this.#name = name;
    this.#chats = chats;
    this.#start = start;
  }

  /** A text has arrived; those of other loops mean nothing here. */
  heard(text: string): void {
    const chat = this.#under.get(text);
    if (chat === undefined) return;
    this.#under.delete(text);
    this.arrived += 1;
    if (this.#going) this.#begin(chat);
    else if (this.#under.size === 0) this.#idle();
  }

  /** Runs, counts a stretch after the warm-up, and lets what is under way arrive. @throws what went wrong, or Error when something never arrives */
  async run(pid: number, warmMs: number, ms: number): Promise<Stretch> {
    this.#going = true;
    for (const chat of this.#chats) this.#begin(chat);
    await sleep(warmMs);
    const [count, cpu, at] = [this.arrived, cpuOf(pid), monotonic()];
    await sleep(ms);
    const stretch = { count: this.arrived - count, cpuMs: cpuOf(pid) - cpu, ms: monotonic() - at };
    this.#going = false;
    await this.#settled();
    if (this.#failure !== undefined) throw this.#failure;
    return stretch;
  }

  #begin(chat: Chat): void {
    this.#serial += 1;
    const text = `${this.#name}-${this.#serial} ${WORDS}`;
    this.#under.set(text, chat);
    Promise.resolve(this.#start(chat, text)).catch((error: unknown) => {
      this.#failure ??= error;
      this.heard(text);
    });
  }

  async #settled(): Promise<void> {
    if (this.#under.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), 20_000);
    });
    const idle = new Promise<'idle'>((resolve) => {
      this.#idle = () => resolve('idle');
    });
    const how = await Promise.race([idle, late]);
    clearTimeout(timer);
    if (how === 'late') throw new Error(`${this.#under.size} messages of ${this.#name} did not arrive within 20 s`);
  }
}
