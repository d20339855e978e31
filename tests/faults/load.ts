// Lets people talk on both sides, in waves, whatever happens to the bridge meanwhile; writes down what each side has taken.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Book } from './book.ts';
import type { SideName } from './checker.ts';
import type { Chance } from './random.ts';

/** Somebody who can speak in one chat on one side. */
export interface Speaker {
  readonly chat: string;
  readonly from: SideName;
  /** Unique name of the person on that side. */
  readonly name: string;
  /** @returns a handle for later changes */
  write(text: string, token: string): Promise<string>;
  edit(handle: string, text: string, token: string): Promise<void>;
  remove(handle: string): Promise<void>;
}

export interface LoadSettings {
  /** Speakers of one wave. */
  readonly width: number;
  /** From one wave to the next, in ms. */
  readonly everyMs: number;
  /** No new wave while this many texts have not arrived. */
  readonly mostOutstanding: number;
}

interface Own {
  readonly token: string;
  readonly handle: string;
  edits: number;
}

interface Mouth {
  readonly speaker: Speaker;
  /** What may still be changed, newest last. */
  readonly recent: Own[];
  /** The end of what they are saying. */
  turn: Promise<void>;
}

const KEPT = 4;
const WORDS = [
  'bridge',
  'été',
  'coffee',
  '漢字',
  'smile 🙂',
  'two\nlines',
  'a < b & c',
  // No mark on any of the networks.
  '2 * 3',
  'https://example.org/?a=1',
];

export class Load {
  readonly #book: Book;
  readonly #chance: Chance;
  readonly #settings: LoadSettings;
  readonly #mouths: readonly Mouth[];
  readonly #look: () => Promise<void>;
  #going = false;
  #loop: Promise<void> = Promise.resolve();
  #waves = 0;
  #waiters: (() => void)[] = [];

  /** @param look brings the book up to date with what has arrived */
  constructor(
    book: Book,
    chance: Chance,
    speakers: readonly Speaker[],
    settings: LoadSettings,
    look: () => Promise<void>,
  ) {
    this.#book = book;
    this.#chance = chance;
    this.#settings = settings;
    this.#look = look;
    this.#mouths = speakers.map((speaker) => ({ speaker, recent: [], turn: Promise.resolve() }));
  }

  get waves(): number {
    return this.#waves;
  }

  start(): void {
    this.#going = true;
    this.#loop = this.#run();
  }

  /** The wave under way is finished. @throws what went wrong in the harness's own world */
  async stop(): Promise<void> {
    this.#going = false;
    await this.#loop;
  }

  /** The next wave has just begun. */
  async wave(): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => this.#waiters.push(resolve)), this.#loop]);
  }

  /** Somebody says something in each of their chats now, whatever the waves do. @param name of the speaker */
  async speak(name: string): Promise<void> {
    const mouths = this.#mouths.filter(({ speaker }) => speaker.name === name);
    await Promise.all(mouths.map(async (mouth) => await inTurn(mouth, async () => await this.#say(mouth))));
  }

  async #run(): Promise<void> {
    while (this.#going) {
      const began = Date.now();
      await this.#look();
      if (this.#book.outstanding().length <= this.#settings.mostOutstanding) {
        this.#waves += 1;
        const chosen = this.#chance.shuffled(this.#mouths).slice(0, this.#settings.width);
        for (const wake of this.#waiters.splice(0)) wake();
        await Promise.all(chosen.map(async (mouth) => await inTurn(mouth, async () => await this.#act(mouth))));
      }
      await sleep(Math.max(0, began + this.#settings.everyMs - Date.now()));
    }
  }

  async #act(mouth: Mouth): Promise<void> {
    const { speaker, recent } = mouth;
    const roll = this.#chance.next();
    if (recent.length > 0 && roll < 0.15) await this.#edit(speaker, this.#chance.pick(recent));
    else if (recent.length > 0 && roll < 0.23) {
      const [own] = recent.splice(this.#chance.whole(0, recent.length - 1), 1);
      if (own === undefined) return;
      await speaker.remove(own.handle);
      this.#book.removed(own.token);
    } else await this.#say(mouth);
  }

  async #say({ speaker, recent }: Mouth): Promise<void> {
    const token = this.#book.nextToken();
    const text = `${token} ${this.#words()}`;
    const handle = await speaker.write(text, token);
    this.#book.said(token, speaker.chat, speaker.from, speaker.name, text);
    recent.push({ token, handle, edits: 0 });
    if (recent.length > KEPT) recent.shift();
  }

  async #edit(speaker: Speaker, own: Own): Promise<void> {
    own.edits += 1;
    const text = `${own.token}v${own.edits} ${this.#words()}`;
    await speaker.edit(own.handle, text, own.token);
    this.#book.edited(own.token, text);
  }

  #words(): string {
    return Array.from({ length: this.#chance.whole(1, 4) }, () => this.#chance.pick(WORDS)).join(' ');
  }
}

/** One speaker does one thing at a time, so that the order of what they say is known. */
async function inTurn(mouth: Mouth, act: () => Promise<void>): Promise<void> {
  mouth.turn = mouth.turn.then(act);
  await mouth.turn;
}
