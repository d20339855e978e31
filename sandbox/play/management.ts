// The room with the bot: signing in to each network as people do, and beginning a conversation. It must not know what is said
// afterwards.
import type { FarTelegram } from './far-telegram.ts';
import { QR_TEXT, type FarWhatsApp } from './far-whatsapp.ts';
import type { FarPerson } from './far.ts';
import type { Page } from './page.ts';
import type { MatrixPerson } from './person.ts';
import { crossing, PATIENCE_MS, textOf } from './score.ts';
import type { Language, Speak } from './words.ts';

/** So much of a code that a camera reads is shown: nobody can read the rest. */
const QR_SHOWN = 60;

export interface Desk {
  readonly me: MatrixPerson;
  readonly bot: string;
  readonly page: Page;
  readonly speak: Speak;
  readonly language: Language;
}

const COMMANDS = {
  en: { login: 'login', chat: 'start-chat' },
  fr: { login: 'connexion', chat: 'discuter' },
} as const;

export class Management {
  readonly #desk: Desk;
  readonly #room: string;
  /** So much of what was seen has been read. */
  #read = 0;

  private constructor(desk: Desk, room: string) {
    this.#desk = desk;
    this.#room = room;
  }

  /** Opens the room and waits until the bot has greeted there, in the language of the page. */
  static async open(desk: Desk): Promise<Management> {
    const management = new Management(desk, await desk.me.openDirect(desk.bot));
    await management.#botSays(/help/);
    if (desk.language === 'fr') await management.#command('lang fr', /français/);
    return management;
  }

  async signInToTelegram(telegram: FarTelegram, phone: FarPerson): Promise<void> {
    const { me, page, speak } = this.#desk;
    // The example of a number stands in the question, in every language.
    await this.#command(`${this.#words.login} telegram phone`, /\+33/);
    await this.#command(`+${phone.phone}`, /code/i);
    const code = await crossing('login code', async () => await telegram.code(phone.phone, PATIENCE_MS));
    page.says('Telegram', `${speak('phone')} 📱`, code);
    const secret = await this.#command(code, new RegExp(phone.firstName));
    await crossing(speak('code-removed'), async () => {
      await me.waitFor(() => me.seen.find((event) => event.redacts === secret), PATIENCE_MS);
    });
    page.aside(speak('code-removed'));
  }

  async signInToWhatsApp(whatsapp: FarWhatsApp, phone: FarPerson): Promise<void> {
    const { page, speak } = this.#desk;
    await this.#command(`${this.#words.login} whatsapp`, QR_TEXT);
    page.says('WhatsApp', `${phone.firstName} 📱`, speak('scans'));
    await crossing(speak('scans'), async () => await whatsapp.link(phone, this.#lastQr()));
    await this.#botSays(new RegExp(phone.phone));
  }

  /** The bot is asked to open the conversation, and says the name of whom it has found. */
  async startChat(contact: FarPerson): Promise<void> {
    await this.#command(`${this.#words.chat} ${contact.username}`, new RegExp(contact.firstName));
  }

  get #words(): (typeof COMMANDS)[Language] {
    return COMMANDS[this.#desk.language];
  }

  /** Each new code replaces the one before it. */
  #lastQr(): string {
    const { me, bot } = this.#desk;
    const shown = me.seen
      .filter(({ room, sender }) => room === this.#room && sender === bot)
      .map((event) => QR_TEXT.exec(textOf(event) ?? '')?.[0])
      .filter((text) => text !== undefined);
    return shown.at(-1) ?? '';
  }

  /** Writes a line to the bot and prints what it answers, up to the answer that fits. @returns the line's event */
  async #command(line: string, until: RegExp): Promise<string> {
    const { me, page } = this.#desk;
    page.says('Matrix', me.name, line);
    const event = await me.say(this.#room, line);
    await this.#botSays(until);
    return event;
  }

  /** Prints what the bot says next, up to what fits. */
  async #botSays(until: RegExp): Promise<void> {
    const { me, bot, page, speak } = this.#desk;
    await crossing(`${speak('bot')}: ${until.source}`, async () => {
      await me.waitFor(() => {
        while (this.#read < me.seen.length) {
          const event = me.seen[this.#read];
          this.#read += 1;
          if (event === undefined || event.room !== this.#room || event.sender !== bot) continue;
          const body = textOf(event);
          if (body === undefined) continue;
          page.says('Matrix', speak('bot'), shortened(body));
          if (until.test(body)) return true;
        }
        return undefined;
      }, PATIENCE_MS);
    });
  }
}

function shortened(body: string): string {
  return body.replace(QR_TEXT, (qr) => (qr.length > QR_SHOWN ? `${qr.slice(0, QR_SHOWN)}…` : qr));
}
