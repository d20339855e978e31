// The time after the conversation: the newcomer plays the contacts on Telegram, line by line, and sees what comes from Matrix. It
// must not know the bridge.
import { createInterface, type Interface } from 'node:readline';
import type { Person, WorldMessage } from '../telegram/control-client.ts';
import { nameOf } from './conversation.ts';
import { table, type Page } from './page.ts';
import type { Stage } from './stage.ts';
import type { Language, Speak } from './words.ts';

export interface Surroundings {
  readonly page: Page;
  readonly speak: Speak;
  readonly language: Language;
  readonly stopped: Promise<unknown>;
}

type Command = (text: string) => Promise<void> | void;

/** Until `/quit`, a signal, or the end of the bridge. */
export async function playOn(stage: Stage, around: Surroundings): Promise<'ended' | { readonly code: number }> {
  const prompt = new Prompt(stage, around);
  const bridgeEnded = stage.bridge.ended.then((code) => ({ code }));
  try {
    return await Promise.race([prompt.run(), around.stopped.then(() => 'ended' as const), bridgeEnded]);
  } finally {
    prompt.close();
  }
}

class Prompt {
  readonly #stage: Stage;
  readonly #page: Page;
  readonly #speak: Speak;
  readonly #lines: Interface;
  readonly #commands: Readonly<Record<string, Command>>;
  readonly #codes = new Set<string>();
  readonly #shown = new Set<number>();
  readonly #over = new AbortController();
  #contact: Person;
  #to: Person;
  #last: WorldMessage | undefined;
  #quit: () => void = () => undefined;

  constructor(stage: Stage, { page, speak }: Surroundings) {
    this.#stage = stage;
    this.#page = page;
    this.#speak = speak;
    this.#contact = stage.contacts[0];
    this.#to = stage.people[0].telegram;
    this.#lines = createInterface({ input: process.stdin, output: process.stdout, terminal: process.stdin.isTTY });
    // In a terminal the prompt sees Ctrl-C before the process does.
    this.#lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    this.#commands = {
      '/as': (name) => this.#become(name),
      '/to': (name) => this.#turnTo(name),
      '/edit': async (text) => await this.#edit(text),
      '/undo': async () => await this.#undo(),
      '/phone': async (text) => void (await this.#write(this.#to, this.#contact, text)),
      '/who': () => this.#who(),
      '/help': () => this.#help(),
      '/quit': () => this.#quit(),
    };
  }

  async run(): Promise<'ended'> {
    await this.#look(true);
    this.#page.scene(this.#speak('up'));
    this.#who();
    this.#help();
    this.#ask();
    this.#lines.on('line', (line) => void this.#take(line));
    const ended = new Promise<'ended'>((resolve) => {
      this.#quit = () => resolve('ended');
    });
    return await Promise.race([ended, this.#watch()]);
  }

  close(): void {
    this.#over.abort();
    this.#lines.close();
  }

  #ask(): void {
    this.#lines.setPrompt(`${nameOf(this.#contact)} → ${nameOf(this.#to)}> `);
    if (process.stdin.isTTY) this.#lines.prompt(true);
  }

  /** What is shown while somebody types goes above their line. */
  #tell(show: () => void): void {
    if (process.stdin.isTTY) process.stdout.write('\r\u001B[K');
    show();
    this.#ask();
  }

  async #take(line: string): Promise<void> {
    const text = line.trim();
    const [, name = '', rest = ''] = /^(\/\S*)\s*(.*)$/s.exec(text) ?? [];
    try {
      if (name !== '') await this.#command(name, rest);
      else if (text !== '') this.#last = await this.#write(this.#contact, this.#to, text);
    } catch (error) {
      this.#page.line(error instanceof Error ? error.message : String(error));
    }
    if (!this.#over.signal.aborted) this.#ask();
  }

  async #command(name: string, rest: string): Promise<void> {
    const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (command === undefined) {
      this.#page.line(this.#speak('no-command', { name, names: Object.keys(this.#commands).join(', ') }));
    } else await command(rest);
  }

  async #write(from: Person, to: Person, text: string): Promise<WorldMessage | undefined> {
    if (text === '') return undefined;
    const message = await this.#stage.telegram.write(from.id, to.id, text);
    this.#shown.add(message.uid);
    return message;
  }

  #become(name: string): void {
    const found = this.#find(this.#stage.contacts, name);
    if (found === undefined) return;
    this.#contact = found;
    this.#last = undefined;
  }

  #turnTo(name: string): void {
    const found = this.#find(this.#phones(), name);
    if (found === undefined) return;
    this.#to = found;
    this.#last = undefined;
  }

  #find(people: readonly Person[], name: string): Person | undefined {
    const wanted = name.toLowerCase();
    const found = people.find((one) => wanted !== '' && nameOf(one).toLowerCase().startsWith(wanted));
    if (found === undefined) this.#page.line(this.#speak('no-such', { name, names: firstNames(people) }));
    return found;
  }

  async #edit(text: string): Promise<void> {
    if (this.#last === undefined || text === '') this.#page.line(this.#speak('nothing'));
    else await this.#stage.telegram.edit(this.#contact.id, this.#last.id, text);
  }

  async #undo(): Promise<void> {
    if (this.#last === undefined) this.#page.line(this.#speak('nothing'));
    else await this.#stage.telegram.remove(this.#contact.id, [this.#last.id]);
    this.#last = undefined;
  }

  #phones(): readonly Person[] {
    return this.#stage.people.map(({ telegram }) => telegram);
  }

  #who(): void {
    const speak = this.#speak;
    const { homeserver, people, bot, dir } = this.#stage;
    const [first, second] = people;
    const row = ({ matrix, password, telegram }: typeof first, note: string): readonly string[] => [
      matrix.account.userId,
      password,
      `+${telegram.phone}`,
      note,
    ];
    this.#page.line(speak('up-client'));
    this.#page.line();
    const accounts = [
      [speak('up-user'), speak('up-password'), speak('up-telegram'), ''],
      row(first, speak('up-signed-in')),
      row(second, speak('up-sign-in')),
    ];
    const addresses = [
      [speak('up-address'), homeserver.url],
      [bot, speak('up-bot')],
      [dir, speak('up-log')],
    ];
    for (const line of [...table(addresses), '', ...table(accounts)]) this.#page.line(`  ${line}`.trimEnd());
    this.#page.line();
  }

  #help(): void {
    const values = {
      contact: this.#contact.firstName,
      person: this.#to.firstName,
      names: firstNames(this.#stage.contacts),
      people: firstNames(this.#phones()),
    };
    this.#page.line(this.#speak('up-contacts', values));
    this.#page.line(this.#speak('prompt-help', values));
  }

  /** Shows what reaches the contacts, and the login codes, as the world of the simulated Telegram changes. */
  async #watch(): Promise<'ended'> {
    const { telegram } = this.#stage;
    let { version } = await telegram.command('version', {});
    while (!this.#over.signal.aborted) {
      await this.#look(false);
      ({ version } = await telegram.command('waitChange', { version, timeout: 2_000 }));
    }
    return 'ended';
  }

  async #look(silently: boolean): Promise<void> {
    const { telegram, contacts } = this.#stage;
    for (const contact of contacts) {
      for (const phone of this.#phones()) {
        for (const message of await telegram.messages(contact.id, phone.id)) {
          if (this.#shown.has(message.uid)) continue;
          this.#shown.add(message.uid);
          const who = `${phone.firstName} → ${contact.firstName}`;
          if (!silently && !message.out) this.#tell(() => this.#page.says('Telegram', who, message.text));
        }
      }
    }
    for (const { phone } of this.#phones()) {
      const sent = await telegram.command('sentCode', { phone });
      if (sent === null || this.#codes.has(sent.hash)) continue;
      this.#codes.add(sent.hash);
      if (!silently) {
        this.#tell(() => this.#page.line(this.#speak('code', { phone: `+${phone}`, code: sent.code })));
      }
    }
  }
}

function firstNames(people: readonly Person[]): string {
  return people.map(({ firstName }) => firstName).join(', ');
}
