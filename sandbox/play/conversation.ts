// The conversation of the transcript: one act for each network, played one after the other by the same person. It must not know
// the bridge.
import type { Page } from './page.ts';
import { Management } from './management.ts';
import { NotCrossed, Score } from './score.ts';
import type { Newcomer, Stage } from './stage.ts';
import { joinNext, Talk, type Cast } from './talk.ts';
import type { Language, Speak } from './words.ts';

export interface Result {
  /** How many lines crossed, and how long the slowest took, in ms. */
  readonly count: number;
  readonly slowest: number;
  /** What did not: of each act the line at which it ended. */
  readonly missed: readonly string[];
}

export class Conversation {
  readonly #stage: Stage;
  readonly #page: Page;
  readonly #speak: Speak;
  readonly #language: Language;
  readonly #score = new Score();
  readonly #me: Newcomer;

  constructor(stage: Stage, page: Page, speak: Speak, language: Language) {
    this.#stage = stage;
    this.#page = page;
    this.#speak = speak;
    this.#language = language;
    this.#me = stage.people[0];
  }

  /** An act that ends early does not keep the next from being played. */
  async play(): Promise<Result> {
    const missed: string[] = [];
    const attempt = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof NotCrossed)) throw error;
        this.#page.line();
        this.#page.line(this.#speak('not-crossed', { what: error.message }));
        missed.push(error.message);
        return undefined;
      }
    };
    const { bot } = this.#stage;
    const desk = { me: this.#me.matrix, bot, page: this.#page, speak: this.#speak, language: this.#language };
    this.#page.scene(this.#speak('scene-bot', { person: desk.me.name }));
    const management = await attempt(async () => await Management.open(desk));
    if (management !== undefined) {
      await attempt(async () => await this.#onTelegram(management));
      await attempt(async () => await this.#onWhatsApp(management));
    }
    return { count: this.#score.count, slowest: this.#score.slowest, missed };
  }

  async #onTelegram(management: Management): Promise<void> {
    const { far, contacts } = this.#stage.telegram;
    const cast = this.#cast('telegram');
    const [first, second] = contacts;
    const speak = this.#speak;
    const names = { person: cast.me.name, network: far.title };
    this.#page.scene(speak('scene-login', names));
    await management.signInToTelegram(far, cast.phone);
    await this.#there(new Talk(cast, first), cast, first.name);

    this.#page.scene(speak('scene-start', names));
    const known = new Set(cast.me.invites);
    await management.startChat(second);
    const other = new Talk(cast, second, await joinNext(cast, known));
    await other.fromMatrix(speak('say-start', { name: second.firstName }));
    await other.fromFar(speak('say-start-answer', names));
  }

  async #onWhatsApp(management: Management): Promise<void> {
    const { far, contacts } = this.#stage.whatsapp;
    const cast = this.#cast('whatsapp');
    const [first] = contacts;
    this.#page.scene(this.#speak('scene-login', { person: cast.me.name, network: far.title }));
    await management.signInToWhatsApp(far, cast.phone);
    await this.#there(new Talk(cast, first), cast, first.name);
  }

  /** What is the same on every network: a first word, there and back, corrections, deletions, the telephone. */
  async #there(talk: Talk, { me, far, phone }: Cast, contact: string): Promise<void> {
    const speak = this.#speak;
    const names = { person: me.name, contact, network: far.title };
    this.#page.scene(speak('scene-contact', names));
    await talk.firstWord(speak('say-hello', { name: phone.firstName }));

    this.#page.scene(speak('scene-answer', names));
    const answer = await talk.fromMatrix(speak('say-answer'));
    const good = await talk.fromFar(speak('say-good'));

    this.#page.scene(speak('scene-edit'));
    await talk.editInMatrix(answer, speak('say-answer-corrected'));
    await talk.editThere(good, speak('say-good-corrected'));
    await talk.removeThere(await talk.fromFar(speak('say-oops')));
    const hasty = speak('say-hasty');
    await talk.removeInMatrix(await talk.fromMatrix(hasty), hasty);

    this.#page.scene(speak('scene-phone', names));
    await talk.fromPhone(speak('say-phone', names));
  }

  #cast(network: 'telegram' | 'whatsapp'): Cast {
    return {
      me: this.#me.matrix,
      far: this.#stage[network].far,
      phone: this.#me[network],
      page: this.#page,
      speak: this.#speak,
      score: this.#score,
    };
  }
}
