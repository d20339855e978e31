// The time after the conversation: the newcomer plays the contacts on every network, line by line. It must not know the bridge.
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { QR_TEXT } from './far-whatsapp.ts';
import type { FarPerson } from './far.ts';
import { table, type Page } from './page.ts';
import { textOf } from './score.ts';
import type { Newcomer, Stage } from './stage.ts';
import { Typing, type Network, type Part } from './typing.ts';
import { Watch } from './watch.ts';
import type { Language, Speak } from './words.ts';

export interface Surroundings {
  readonly page: Page;
  readonly speak: Speak;
  readonly language: Language;
  readonly stopped: Promise<unknown>;
}

type Command = (text: string) => Promise<void> | void;

const NETWORKS: readonly Network[] = ['telegram', 'whatsapp'];

/** Whom the newcomer plays. */
interface Role {
  readonly network: Network;
  readonly contact: FarPerson;
}

/** In a terminal people see for themselves what has not crossed; a script asks for the exit code. */
export type End = 'ended' | 'missed';

/** What is crossing at the end is waited for without a word for so long. */
const SILENCE_MS = 2_000;

/** A signal that reaches several processes has reached all of them by then. */
const GRACE_MS = 1_000;

/** Until `/quit`, the end of the input, a signal, or the end of the bridge. */
export async function playOn(stage: Stage, around: Surroundings): Promise<End | { readonly code: number }> {
  const prompt = new Prompt(stage, around);
  const bridgeEnded = stage.bridge.ended.then((code) => ({ code }));
  try {
    return await Promise.race([prompt.run(), around.stopped.then(() => 'ended' as const), bridgeEnded]);
  } catch (error) {
    // Ctrl-C reaches the simulators too where no terminal is read, and perhaps sooner.
    if ((await Promise.race([around.stopped, pause(GRACE_MS, 'nobody')])) === 'nobody') throw error;
    return 'ended';
  } finally {
    prompt.close();
  }
}

class Prompt {
  readonly #stage: Stage;
  readonly #page: Page;
  readonly #speak: Speak;
  readonly #watch: Watch;
  readonly #typing: Typing;
  readonly #commands: Readonly<Record<string, Command>>;
  #role: Role;
  #to: Newcomer;
  #lines: Interface | undefined;
  /** The lines so far, one after the other: each may be about the one before it. */
  #taken: Promise<void> = Promise.resolve();
  #typed = 0;
  #over = false;
  #quit: () => void = () => undefined;

  constructor(stage: Stage, { page, speak }: Surroundings) {
    this.#stage = stage;
    this.#page = page;
    this.#speak = speak;
    this.#role = { network: 'telegram', contact: stage.telegram.contacts[0] };
    this.#to = stage.people[0];
    const view = { page, speak, tell: (show: () => void) => this.#tell(show) };
    this.#watch = new Watch(stage, view);
    this.#typing = new Typing(stage, view, this.#watch);
    this.#commands = {
      '/as': (name) => this.#become(name),
      '/to': (name) => this.#turnTo(name),
      '/edit': async (text) => await this.#typing.edit(this.#part, text),
      '/undo': async () => await this.#typing.undo(this.#part),
      '/phone': async (text) => await this.#typing.phone(this.#part, text),
      '/link': async (text) => await this.#link(text),
      '/who': () => this.#who(),
      '/help': () => this.#help(),
      '/quit': () => this.#quit(),
    };
  }

  async run(): Promise<End> {
    await this.#watch.begin();
    this.#page.scene(this.#speak('up'));
    this.#who();
    this.#help();
    const quit = new Promise<void>((resolve) => {
      this.#quit = resolve;
    });
    // Not before: lines that nobody listens for are lost.
    const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: process.stdin.isTTY });
    this.#lines = lines;
    lines.on('line', (line) => {
      this.#typed += 1;
      this.#taken = this.#taken.then(async () => await this.#take(line));
    });
    lines.on('close', () => {
      // What was typed ahead is still to be taken, but nothing can be asked any more.
      this.#lines = undefined;
      this.#taken = this.#taken.then(() => this.#inputEnds());
    });
    // In a terminal the prompt sees Ctrl-C before the process does.
    lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    this.#ask();
    return await Promise.race([quit.then(async () => await this.#finish()), this.#watch.run()]);
  }

  close(): void {
    this.#over = true;
    this.#watch.close();
    this.#typing.close();
    this.#lines?.close();
  }

  /** A script has said everything; whoever runs it without any input wants it to stay. */
  #inputEnds(): void {
    if (this.#over) return;
    // Ctrl-D leaves the cursor behind what is asked.
    if (process.stdin.isTTY) this.#page.line();
    if (process.stdin.isTTY || this.#typed > 0) this.#quit();
    else this.#page.line(this.#speak('no-input'));
  }

  /** Cuts nothing off that is crossing. */
  async #finish(): Promise<End> {
    this.#over = true;
    this.#lines?.close();
    const late = setTimeout(() => this.#page.aside(this.#speak('still-crossing')), SILENCE_MS);
    const arrived = await this.#typing.arrived();
    clearTimeout(late);
    return process.stdin.isTTY || arrived ? 'ended' : 'missed';
  }

  #ask(): void {
    if (!process.stdin.isTTY || this.#over) return;
    this.#lines?.setPrompt(`${this.#far.title}: ${this.#role.contact.name} → ${this.#self.name}> `);
    this.#lines?.prompt(true);
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

  get #part(): Part {
    return { ...this.#role, to: this.#to };
  }

  /** Who is written to, on the network of the contact. */
  get #self(): FarPerson {
    return this.#to[this.#role.network];
  }

  async #take(line: string): Promise<void> {
    if (this.#over) return;
    const text = line.trim();
    const [, name = '', rest = ''] = /^(\/\S*)\s*(.*)$/s.exec(text) ?? [];
    try {
      if (name !== '') await this.#command(name, rest);
      else if (text !== '') await this.#typing.write(this.#part, text);
    } catch (error) {
      this.#page.line(error instanceof Error ? error.message : String(error));
    }
    this.#ask();
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
    this.#typing.forget();
  }

  #turnTo(name: string): void {
    const found = this.#find(this.#stage.people, name, ({ telegram }) => telegram);
    if (found === undefined) return;
    this.#to = found;
    this.#typing.forget();
  }

  #find<T>(all: readonly T[], name: string, who: (one: T) => FarPerson): T | undefined {
    const wanted = plain(name);
    const found = all.find((one) => wanted !== '' && plain(who(one).name).startsWith(wanted));
    if (found === undefined) {
      this.#page.line(this.#speak('no-such', { name, names: firstNames(all.map((one) => who(one))) }));
    }
    return found;
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
