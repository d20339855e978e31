// A person at a Matrix client and a contact on another network: every line is written on one side and looked for on the other, as
// people would see it. It must not know the bridge, nor which network it is.
import type { Far, FarMessage, FarPerson } from './far.ts';
import type { Page } from './page.ts';
import type { MatrixPerson, SeenEvent } from './person.ts';
import { crossing, NotCrossed, PATIENCE_MS, textOf, type Score } from './score.ts';
import type { Speak } from './words.ts';

export interface Cast {
  readonly me: MatrixPerson;
  readonly far: Far;
  /** The telephone of `me`. */
  readonly phone: FarPerson;
  readonly page: Page;
  readonly speak: Speak;
  readonly score: Score;
}

export class Talk {
  readonly #cast: Cast;
  readonly #contact: FarPerson;
  #room: string;

  /** @param room where it takes place; empty until it has one */
  constructor(cast: Cast, contact: FarPerson, room = '') {
    this.#cast = cast;
    this.#contact = contact;
    this.#room = room;
  }

  /** The contact writes first; `me` is invited to a new room, and joins it. */
  async firstWord(text: string): Promise<void> {
    const { me } = this.#cast;
    this.#farSays(this.#contact.name, text);
    const began = Date.now();
    const known = new Set(me.invites);
    await this.#cast.far.write(this.#contact, this.#cast.phone, text);
    this.#room = await crossing(text, async () => await joinNext(this.#cast, known));
    await this.#appears(text, began);
  }

  /** @returns the event */
  async fromMatrix(text: string): Promise<string> {
    this.#meSays(text);
    const began = Date.now();
    const event = await this.#cast.me.say(this.#room, text);
    await this.#shows(text, (message) => message.text === text && !message.gone, began);
    return event;
  }

  async editInMatrix(event: string, text: string): Promise<void> {
    const how = this.#cast.speak('edited');
    this.#meSays(`${text} [${how}]`);
    const began = Date.now();
    await this.#cast.me.edit(this.#room, event, text);
    await this.#shows(text, (message) => message.text === text && message.edited, began, how);
  }

  async removeInMatrix(event: string, text: string): Promise<void> {
    const how = this.#cast.speak('deleted');
    this.#meSays(`[${how}]`);
    const began = Date.now();
    await this.#cast.me.remove(this.#room, event);
    const { far, phone, page, score } = this.#cast;
    await crossing(`${text} [${how}]`, async () => {
      await far.waitFor(async () => {
        const left = (await far.messages(this.#contact, phone)).filter((one) => one.text === text && !one.gone);
        return left.length === 0;
      }, PATIENCE_MS);
    });
    page.arrives(far.title, phone.name, `[${how}]`, score.took(began));
  }

  async fromFar(text: string): Promise<FarMessage> {
    this.#farSays(this.#contact.name, text);
    const began = Date.now();
    const message = await this.#cast.far.write(this.#contact, this.#cast.phone, text);
    await this.#appears(text, began);
    return message;
  }

  async editThere(message: FarMessage, text: string): Promise<void> {
    const how = this.#cast.speak('edited');
    this.#farSays(this.#contact.name, `${text} [${how}]`);
    const began = Date.now();
    await this.#cast.far.edit(this.#contact, this.#cast.phone, message.id, text);
    await this.#appears(text, began, how);
  }

  async removeThere(message: FarMessage): Promise<void> {
    const how = this.#cast.speak('deleted');
    const { me, far, phone } = this.#cast;
    this.#farSays(this.#contact.name, `[${how}]`);
    const began = Date.now();
    const event = me.seen.find((one) => one.room === this.#room && textOf(one) === message.text);
    await far.remove(this.#contact, phone, message.id);
    const redaction = await crossing(`${message.text} [${how}]`, async () => {
      return await me.waitFor(
        () => me.seen.find((one) => one.room === this.#room && one.redacts === event?.id),
        PATIENCE_MS,
      );
    });
    await this.#printArrival(redaction, `[${how}]`, began);
  }

  /** @throws NotCrossed also when it appears under another name than that of `me` */
  async fromPhone(text: string): Promise<void> {
    const { me, far, phone } = this.#cast;
    this.#farSays(`${phone.firstName} 📱`, text);
    const began = Date.now();
    await far.write(phone, this.#contact, text);
    const event = await this.#appears(text, began);
    if (event.sender !== me.account.userId) throw new NotCrossed(`${text} (${event.sender} ≠ ${me.account.userId})`);
  }

  #meSays(text: string): void {
    this.#cast.page.says('Matrix', this.#cast.me.name, text);
  }

  #farSays(who: string, text: string): void {
    this.#cast.page.says(this.#cast.far.title, who, text);
  }

  /** Waits for a text in the Matrix room and prints it under the name that stands beside it there. */
  async #appears(text: string, began: number, how?: string): Promise<SeenEvent> {
    const { me } = this.#cast;
    const event = await crossing(text, async () => {
      return await me.waitFor(
        () => me.seen.find((one) => one.room === this.#room && textOf(one) === text),
        PATIENCE_MS,
      );
    });
    await this.#printArrival(event, text, began, how);
    return event;
  }

  async #printArrival(event: SeenEvent, text: string, began: number, how?: string): Promise<void> {
    const ms = this.#cast.score.took(began);
    this.#cast.page.arrives('Matrix', await this.#cast.me.nameOf(event.sender), text, ms, how);
  }

  /** Waits for a message in the contact's own chat. */
  async #shows(text: string, fits: (message: FarMessage) => boolean, began: number, how?: string): Promise<void> {
    const { far, phone, page, score } = this.#cast;
    await crossing(text, async () => {
      await far.waitFor(async () => {
        return (await far.messages(this.#contact, phone)).find((one) => !one.own && fits(one));
      }, PATIENCE_MS);
    });
    page.arrives(far.title, phone.name, text, score.took(began), how);
  }
}

/** Joins the next room that `me` is invited to and that was not known. @throws Error when there is none for long */
export async function joinNext({ me, page, speak }: Cast, known: ReadonlySet<string>): Promise<string> {
  const invited = await me.waitFor(() => me.invites.find((one) => !known.has(one)), PATIENCE_MS);
  await me.join(invited);
  page.aside(speak('invited', { person: me.name }));
  return invited;
}
