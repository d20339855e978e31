// Shows what reaches the contacts from Matrix, and the login codes, as the simulated networks change. It must not know who types.
import type { Far, FarMessage, FarPerson } from './far.ts';
import type { Page } from './page.ts';
import { PATIENCE_MS } from './score.ts';
import type { Stage } from './stage.ts';
import type { Speak } from './words.ts';

/** Something typed on the telephone of `person`. */
export interface Typed {
  readonly network: 'telegram' | 'whatsapp';
  readonly person: FarPerson;
  readonly contact: FarPerson;
  readonly text: string;
  readonly began: number;
}

export interface View {
  readonly page: Page;
  readonly speak: Speak;
  /** Puts what is shown above the line that somebody types. */
  readonly tell: (show: () => void) => void;
}

const LOOK_MS = 2_000;

export class Watch {
  readonly #stage: Stage;
  readonly #view: View;
  readonly #codes = new Set<string>();
  /** How each message was shown last. */
  readonly #shown = new Map<string, string>();
  /** What was typed here on somebody's telephone: it is shown as an arrival, the first of two that are the same first. */
  readonly #expected: Typed[] = [];
  readonly #ended = new AbortController();

  constructor(stage: Stage, view: View) {
    this.#stage = stage;
    this.#view = view;
  }

  get over(): boolean {
    return this.#ended.signal.aborted;
  }

  /** What is there already is no news. */
  async begin(): Promise<void> {
    await Promise.all([this.#lookAt('telegram', true), this.#lookAt('whatsapp', true), this.#lookForCodes(true)]);
  }

  /** Until it is closed. */
  async run(): Promise<'ended'> {
    await Promise.all([
      this.#follow(this.#stage.telegram.far, async () => {
        await this.#lookAt('telegram', false);
        await this.#lookForCodes(false);
      }),
      this.#follow(this.#stage.whatsapp.far, async () => await this.#lookAt('whatsapp', false)),
    ]);
    return 'ended';
  }

  close(): void {
    this.#ended.abort();
  }

  /** To be told before it is written. */
  expect(typed: Typed): void {
    this.#expected.push(typed);
  }

  /** Until what was typed is on the contact's telephone, and shown. @throws Error when it is not for long */
  async arrived(typed: Typed): Promise<void> {
    await this.#stage[typed.network].far.waitFor(async () => {
      await this.#lookAt(typed.network, false);
      return !this.#expected.includes(typed);
    }, PATIENCE_MS);
  }

  async #follow(far: Far, look: () => Promise<void>): Promise<void> {
    let version = await far.version();
    while (!this.over) {
      await look();
      version = await far.change(version, LOOK_MS);
    }
  }

  async #lookAt(network: 'telegram' | 'whatsapp', silently: boolean): Promise<void> {
    const { far, contacts } = this.#stage[network];
    for (const contact of contacts) {
      for (const person of this.#stage.people) {
        for (const message of await far.messages(contact, person[network])) {
          if (!message.own) this.#show(far, { contact, person: person[network], message }, silently);
        }
      }
    }
  }

  #show(
    far: Far,
    { contact, person, message }: { contact: FarPerson; person: FarPerson; message: FarMessage },
    silently: boolean,
  ): void {
    const { id, text, edited, gone } = message;
    const key = [far.title, contact.id, person.id, id].join('\n');
    const now = gone
      ? `[${this.#view.speak('deleted')}]`
      : `${text}${edited ? ` [${this.#view.speak('edited')}]` : ''}`;
    if (this.#shown.get(key) === now) return;
    this.#shown.set(key, now);
    if (silently) return;
    const who = `${person.firstName} → ${contact.firstName}`;
    const typed = this.#expected.findIndex(
      (one) => one.contact === contact && one.person === person && one.text === text,
    );
    const [here] = typed < 0 ? [] : this.#expected.splice(typed, 1);
    this.#view.tell(() => {
      if (here === undefined) this.#view.page.says(far.title, who, now);
      else this.#view.page.arrives(far.title, who, now, Date.now() - here.began);
    });
  }

  async #lookForCodes(silently: boolean): Promise<void> {
    const { page, speak, tell } = this.#view;
    for (const { telegram } of this.#stage.people) {
      const sent = await this.#stage.telegram.far.lastCode(telegram.phone);
      if (sent === null || this.#codes.has(sent.hash)) continue;
      this.#codes.add(sent.hash);
      if (!silently) tell(() => page.line(speak('code', { phone: `+${telegram.phone}`, code: sent.code })));
    }
  }
}
