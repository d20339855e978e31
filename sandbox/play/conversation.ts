// The conversation of the transcript: every line is written on one side and looked for on the other, as people would see it. It
// must not know the bridge.
import type { Person, TelegramSandbox, WorldMessage } from '../telegram/control-client.ts';
import type { Page } from './page.ts';
import type { MatrixPerson, SeenEvent } from './person.ts';
import type { Newcomer, Stage } from './stage.ts';
import type { Language, Speak } from './words.ts';

/** Generous: the machine may be slow. What takes longer has not crossed. */
const PATIENCE_MS = 45_000;

/** Something did not arrive on the other side. */
export class NotCrossed extends Error {
  override readonly name = 'NotCrossed';
}

export interface Result {
  /** How many lines crossed, and how long the slowest took, in ms. */
  readonly count: number;
  readonly slowest: number;
}

export class Conversation {
  readonly #stage: Stage;
  readonly #page: Page;
  readonly #speak: Speak;
  readonly #language: Language;
  readonly #me: MatrixPerson;
  readonly #phone: Person;
  readonly #times: number[] = [];

  constructor(stage: Stage, page: Page, speak: Speak, language: Language) {
    const [me]: readonly [Newcomer, ...Newcomer[]] = stage.people;
    this.#stage = stage;
    this.#page = page;
    this.#speak = speak;
    this.#language = language;
    this.#me = me.matrix;
    this.#phone = me.telegram;
  }

  /** @throws NotCrossed naming the line that did not arrive */
  async play(): Promise<Result> {
    const [first, second] = this.#stage.contacts;
    const names = { person: this.#me.name, contact: nameOf(first) };
    const speak = this.#speak;

    this.#page.scene(speak('scene-login', names));
    const management = await this.#signIn();

    this.#page.scene(speak('scene-contact', names));
    const room = await this.#firstWord(first, speak('say-hello', { name: this.#phone.firstName }));

    this.#page.scene(speak('scene-answer', names));
    const answer = await this.#fromMatrix(room, first, speak('say-answer'));
    const good = await this.#fromTelegram(first, room, speak('say-good'));

    this.#page.scene(speak('scene-edit', names));
    await this.#editInMatrix(room, first, answer, speak('say-answer-corrected'));
    await this.#editInTelegram(first, room, good, speak('say-good-corrected'));
    const oops = await this.#fromTelegram(first, room, speak('say-oops'));
    await this.#removeInTelegram(first, room, oops);

    this.#page.scene(speak('scene-phone', names));
    await this.#fromPhone(first, room, speak('say-phone'));

    this.#page.scene(speak('scene-start', names));
    const other = await this.#startChat(management, second);
    await this.#fromMatrix(other, second, speak('say-start', { name: second.firstName }));
    await this.#fromTelegram(second, other, speak('say-start-answer'));
    return { count: this.#times.length, slowest: Math.max(...this.#times) };
  }

  async #signIn(): Promise<string> {
    const me = this.#me;
    const telegram = this.#stage.telegram;
    const room = await me.openDirect(this.#stage.bot);
    await this.#botSays(room, /help/);
    if (this.#language === 'fr') await this.#command(room, 'lang fr', /français/);
    // The example of a number stands in the question, in every language.
    await this.#command(room, this.#language === 'fr' ? 'connexion telegram phone' : 'login telegram phone', /\+33/);
    await this.#command(room, `+${this.#phone.phone}`, /code/i);
    const { code } = await this.#crossing('login code', async () => await telegram.waitForCode(this.#phone.phone));
    this.#page.says('Telegram', `${this.#speak('phone')} 📱`, code);
    const secret = await this.#command(room, code, new RegExp(this.#phone.firstName));
    await this.#crossing(this.#speak('code-removed'), async () => {
      await me.waitFor(() => me.seen.find((event) => event.redacts === secret), PATIENCE_MS);
    });
    this.#page.aside(this.#speak('code-removed'));
    return room;
  }

  /** Writes a line to the bot and prints what it answers, up to the answer that fits. @returns the line's event */
  async #command(room: string, line: string, until: RegExp): Promise<string> {
    const before = this.#me.seen.length;
    this.#page.says('Matrix', this.#me.name, line);
    const event = await this.#me.say(room, line);
    await this.#botSays(room, until, before);
    return event;
  }

  async #botSays(room: string, until: RegExp, from = 0): Promise<void> {
    let next = from;
    await this.#crossing(`${this.#speak('bot')}: ${until.source}`, async () => {
      await this.#me.waitFor(() => {
        while (next < this.#me.seen.length) {
          const event = this.#me.seen[next];
          next += 1;
          if (event === undefined || event.room !== room || event.sender !== this.#stage.bot) continue;
          const body = textOf(event);
          if (body === undefined) continue;
          this.#page.says('Matrix', this.#speak('bot'), body);
          if (until.test(body)) return true;
        }
        return undefined;
      }, PATIENCE_MS);
    });
  }

  async #firstWord(contact: Person, text: string): Promise<string> {
    const me = this.#me;
    this.#page.says('Telegram', nameOf(contact), text);
    const began = Date.now();
    const known = new Set(me.invites);
    await this.#stage.telegram.write(contact.id, this.#phone.id, text);
    const room = await this.#crossing(text, async () => {
      const invited = await me.waitFor(() => me.invites.find((one) => !known.has(one)), PATIENCE_MS);
      await me.join(invited);
      return invited;
    });
    this.#page.aside(this.#speak('invited', { person: me.name }));
    await this.#appears(room, text, began);
    return room;
  }

  async #startChat(management: string, contact: Person): Promise<string> {
    const me = this.#me;
    const before = me.seen.length;
    const known = new Set(me.invites);
    const command = this.#language === 'fr' ? 'discuter' : 'start-chat';
    const line = `${command} ${contact.username}`;
    this.#page.says('Matrix', me.name, line);
    await me.say(management, line);
    await this.#botSays(management, new RegExp(contact.firstName), before);
    return await this.#crossing(line, async () => {
      const invited = await me.waitFor(() => me.invites.find((one) => !known.has(one)), PATIENCE_MS);
      await me.join(invited);
      this.#page.aside(this.#speak('invited', { person: me.name }));
      return invited;
    });
  }

  async #fromMatrix(room: string, contact: Person, text: string): Promise<string> {
    this.#page.says('Matrix', this.#me.name, text);
    const began = Date.now();
    const event = await this.#me.say(room, text);
    await this.#shows(contact, text, (message) => message.text === text && !message.out, began);
    return event;
  }

  async #fromTelegram(contact: Person, room: string, text: string): Promise<WorldMessage> {
    this.#page.says('Telegram', nameOf(contact), text);
    const began = Date.now();
    const message = await this.#stage.telegram.write(contact.id, this.#phone.id, text);
    await this.#appears(room, text, began);
    return message;
  }

  async #fromPhone(contact: Person, room: string, text: string): Promise<void> {
    this.#page.says('Telegram', `${this.#phone.firstName} 📱`, text);
    const began = Date.now();
    await this.#stage.telegram.write(this.#phone.id, contact.id, text);
    const event = await this.#appears(room, text, began);
    if (event.sender !== this.#me.account.userId) {
      throw new NotCrossed(`${text} (${event.sender} ≠ ${this.#me.account.userId})`);
    }
  }

  async #editInMatrix(room: string, contact: Person, event: string, text: string): Promise<void> {
    const how = this.#speak('edited');
    this.#page.says('Matrix', this.#me.name, `${text} [${how}]`);
    const began = Date.now();
    await this.#me.edit(room, event, text);
    const edited = (message: WorldMessage): boolean => message.text === text && message.edits.length > 0;
    await this.#shows(contact, text, edited, began, how);
  }

  async #editInTelegram(contact: Person, room: string, message: WorldMessage, text: string): Promise<void> {
    const how = this.#speak('edited');
    this.#page.says('Telegram', nameOf(contact), `${text} [${how}]`);
    const began = Date.now();
    await this.#stage.telegram.edit(contact.id, message.id, text);
    await this.#appears(room, text, began, how);
  }

  async #removeInTelegram(contact: Person, room: string, message: WorldMessage): Promise<void> {
    const how = this.#speak('deleted');
    this.#page.says('Telegram', nameOf(contact), `[${how}]`);
    const began = Date.now();
    const event = this.#me.seen.find((one) => one.room === room && textOf(one) === message.text);
    await this.#stage.telegram.remove(contact.id, [message.id]);
    const redaction = await this.#crossing(`${message.text} [${how}]`, async () => {
      return await this.#me.waitFor(
        () => this.#me.seen.find((one) => one.room === room && one.redacts === event?.id),
        PATIENCE_MS,
      );
    });
    await this.#printArrival(redaction, `[${how}]`, began);
  }

  /** Waits for a text in a Matrix room and prints it under the name that stands beside it there. */
  async #appears(room: string, text: string, began: number, how?: string): Promise<SeenEvent> {
    const me = this.#me;
    const event = await this.#crossing(text, async () => {
      return await me.waitFor(() => me.seen.find((one) => one.room === room && textOf(one) === text), PATIENCE_MS);
    });
    await this.#printArrival(event, text, began, how);
    return event;
  }

  async #printArrival(event: SeenEvent, text: string, began: number, how?: string): Promise<void> {
    const ms = this.#took(began);
    this.#page.arrives('Matrix', await this.#me.nameOf(event.sender), text, ms, how);
  }

  /** Waits for a message in the contact's own chat on Telegram. */
  async #shows(
    contact: Person,
    text: string,
    fits: (message: WorldMessage) => boolean,
    began: number,
    how?: string,
  ): Promise<void> {
    const telegram: TelegramSandbox = this.#stage.telegram;
    await this.#crossing(text, async () => {
      await telegram.waitFor(
        async () => (await telegram.messages(contact.id, this.#phone.id)).find((one) => fits(one)),
        PATIENCE_MS,
      );
    });
    this.#page.arrives('Telegram', nameOf(this.#phone), text, this.#took(began), how);
  }

  #took(began: number): number {
    const ms = Date.now() - began;
    this.#times.push(ms);
    return ms;
  }

  async #crossing<T>(what: string, wait: () => Promise<T>): Promise<T> {
    try {
      return await wait();
    } catch (error) {
      throw new NotCrossed(`${what} (${error instanceof Error ? error.message : String(error)})`, { cause: error });
    }
  }
}

export function nameOf(person: Person): string {
  return `${person.firstName} ${person.lastName}`.trim();
}

/** The text that a client shows: of an edit, the new one. Undefined for what is no message. */
export function textOf(event: SeenEvent): string | undefined {
  if (event.type !== 'm.room.message') return undefined;
  const edited = event.content['m.new_content'] as Readonly<Record<string, unknown>> | undefined;
  const body = (edited ?? event.content)['body'];
  return typeof body === 'string' ? body : undefined;
}
