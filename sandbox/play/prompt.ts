// The time after the conversation: the newcomer plays the contacts on every network, line by line. It must not know the bridge.
import { createInterface, type Interface } from 'node:readline';
import { QR_TEXT } from './far-whatsapp.ts';
import type { FarPerson } from './far.ts';
import { table, type Page } from './page.ts';
import { textOf } from './score.ts';
import type { Newcomer, Stage } from './stage.ts';
import { Watch } from './watch.ts';
import type { Language, Speak } from './words.ts';

export interface Surroundings {
  readonly page: Page;
  readonly speak: Speak;
  readonly language: Language;
  readonly stopped: Promise<unknown>;
}

type Command = (text: string) => Promise<void> | void;
type Network = 'telegram' | 'whatsapp';

const NETWORKS: readonly Network[] = ['telegram', 'whatsapp'];

/** Whom the newcomer plays. */
interface Role {
  readonly network: Network;
  readonly contact: FarPerson;
}

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
  readonly #watch: Watch;
  readonly #commands: Readonly<Record<string, Command>>;
  #role: Role;
  #to: Newcomer;
  /** The contact's last message. */
  #last: string | undefined;
  #quit: () => void = () => undefined;

  constructor(stage: Stage, { page, speak }: Surroundings) {
    this.#stage = stage;
    this.#page = page;
    this.#speak = speak;
    this.#role = { network: 'telegram', contact: stage.telegram.contacts[0] };
    this.#to = stage.people[0];
    this.#watch = new Watch(stage, { page, speak, tell: (show) => this.#tell(show) });
    this.#lines = createInterface({ input: process.stdin, output: process.stdout, terminal: process.stdin.isTTY });
    // In a terminal the prompt sees Ctrl-C before the process does.
    this.#lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    this.#commands = {
      '/as': (name) => this.#become(name),
      '/to': (name) => this.#turnTo(name),
      '/edit': async (text) => await this.#edit(text),
      '/undo': async () => await this.#undo(),
      '/phone': async (text) => await this.#phone(text),
      '/link': async (text) => await this.#link(text),
      '/who': () => this.#who(),
      '/help': () => this.#help(),
      '/quit': () => this.#quit(),
    };
  }

  async run(): Promise<'ended'> {
    await this.#watch.begin();
    this.#page.scene(this.#speak('up'));
    this.#who();
    this.#help();
    this.#ask();
    this.#lines.on('line', (line) => void this.#take(line));
    const ended = new Promise<'ended'>((resolve) => {
      this.#quit = () => resolve('ended');
    });
    return await Promise.race([ended, this.#watch.run()]);
  }

  close(): void {
    this.#watch.close();
    this.#lines.close();
  }

  #ask(): void {
    const { contact } = this.#role;
    this.#lines.setPrompt(`${this.#far.title}: ${contact.name} → ${this.#self.name}> `);
    if (process.stdin.isTTY) this.#lines.prompt(true);
  }

  /** What is shown while somebody types goes above their line. */
  #tell(show: () => void): void {
    if (process.stdin.isTTY) process.stdout.write('\r\u001B[K');
    show();
    this.#ask();
  }

  get #far(): Stage[Network]['far'] {
    return this.#stage[this.#role.network].far;
  }

  /** Who is written to, on the network of the contact. */
  get #self(): FarPerson {
    return this.#to[this.#role.network];
  }

  async #take(line: string): Promise<void> {
    const text = line.trim();
    const [, name = '', rest = ''] = /^(\/\S*)\s*(.*)$/s.exec(text) ?? [];
    try {
      if (name !== '') await this.#command(name, rest);
      else if (text !== '') this.#last = (await this.#far.write(this.#role.contact, this.#self, text)).id;
    } catch (error) {
      this.#page.line(error instanceof Error ? error.message : String(error));
    }
    if (!this.#watch.over) this.#ask();
  }

  async #command(name: string, rest: string): Promise<void> {
    const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (command === undefined) {
      this.#page.line(this.#speak('no-command', { name, names: Object.keys(this.#commands).join(', ') }));
    } else await command(rest);
  }

  #become(name: string): void {
    const roles = NETWORKS.flatMap((network) => this.#stage[network].contacts.map((contact) => ({ network, contact })));
    const found = this.#find(roles, name, ({ contact }) => contact);
    if (found === undefined) return;
    this.#role = found;
    this.#last = undefined;
  }

  #turnTo(name: string): void {
    const found = this.#find(this.#stage.people, name, ({ telegram }) => telegram);
    if (found === undefined) return;
    this.#to = found;
    this.#last = undefined;
  }

  #find<T>(all: readonly T[], name: string, who: (one: T) => FarPerson): T | undefined {
    const wanted = plain(name);
    const found = all.find((one) => wanted !== '' && plain(who(one).name).startsWith(wanted));
    if (found === undefined) {
      this.#page.line(this.#speak('no-such', { name, names: firstNames(all.map((one) => who(one))) }));
    }
    return found;
  }

  async #edit(text: string): Promise<void> {
    if (this.#last === undefined || text === '') this.#page.line(this.#speak('nothing'));
    else await this.#far.edit(this.#role.contact, this.#self, this.#last, text);
  }

  async #undo(): Promise<void> {
    if (this.#last === undefined) this.#page.line(this.#speak('nothing'));
    else await this.#far.remove(this.#role.contact, this.#self, this.#last);
    this.#last = undefined;
  }

  async #phone(text: string): Promise<void> {
    if (text === '') return;
    this.#watch.expect(this.#far.title, this.#role.contact, text);
    await this.#far.write(this.#self, this.#role.contact, text);
  }

  async #link(text: string): Promise<void> {
    const { matrix, whatsapp } = this.#to;
    const shown = matrix.seen
      .filter(({ sender }) => sender === this.#stage.bot)
      .map((event) => QR_TEXT.exec(textOf(event) ?? '')?.[0])
      .filter((qr) => qr !== undefined);
    const code = text === '' ? shown.at(-1) : text;
    if (code === undefined) {
      this.#page.line(this.#speak('no-qr', { person: matrix.name }));
      return;
    }
    await this.#stage.whatsapp.far.link(whatsapp, code);
    this.#page.line(this.#speak('linked', { person: matrix.name }));
  }

  #who(): void {
    const speak = this.#speak;
    const { homeserver, people, bot, dir } = this.#stage;
    const [first, second] = people;
    const row = ({ matrix, password, telegram, whatsapp }: Newcomer, note: string): readonly string[] => [
      matrix.account.userId,
      password,
      `+${telegram.phone}`,
      `+${whatsapp.phone}`,
      note,
    ];
    this.#page.line(speak('up-client'));
    this.#page.line();
    const accounts = [
      [speak('up-user'), speak('up-password'), speak('up-telegram'), speak('up-whatsapp'), ''],
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
    const { telegram, whatsapp, people } = this.#stage;
    const values = {
      contact: this.#role.contact.firstName,
      person: this.#self.firstName,
      telegram: firstNames(telegram.contacts),
      whatsapp: firstNames(whatsapp.contacts),
      names: firstNames([...telegram.contacts, ...whatsapp.contacts]),
      people: firstNames(people.map((one) => one.telegram)),
    };
    this.#page.line(this.#speak('up-contacts', values));
    this.#page.line(this.#speak('prompt-help', values));
  }
}

function firstNames(people: readonly FarPerson[]): string {
  return people.map(({ firstName }) => firstName).join(', ');
}

/** Not everybody's keyboard has every letter. */
function plain(name: string): string {
  return name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
