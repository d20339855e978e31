// The hand on one running Go client (tests/e2e/whatsmeow): its commands and what it tells, as JSON lines; and how a
// simulated phone links it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Person, WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';

/** What the program tells: `event` and the fields that go with it. */
export interface Told {
  readonly event: string;
  readonly id?: string;
  readonly kind?: string;
  readonly text?: string;
  readonly target?: string;
  readonly chat?: string;
  readonly sender?: string;
  readonly from?: string;
  readonly fromMe?: boolean;
  readonly codes?: readonly string[];
  readonly pn?: string;
  readonly lid?: string;
  readonly on?: boolean;
}

interface Answer {
  readonly answer: number;
  readonly id: string;
  readonly error?: string;
}

/** Addresses of a chat and of who wrote there, the id of a message, a text or an emoji. */
export interface Command {
  readonly url?: string;
  readonly rootKey?: string;
  readonly chat?: string;
  readonly sender?: string;
  readonly id?: string;
  readonly text?: string;
  /** Addresses of people, or of groups. */
  readonly people?: readonly string[];
  /** What a new group is. */
  readonly kinds?: readonly ('announce' | 'locked' | 'approval' | 'community')[];
  readonly on?: boolean;
}

/** A group as the library understood it; everybody and everything by its address. */
export interface GroupShown {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  /** `member`, `admin`, `superadmin`, or the code for which somebody is not in it. */
  readonly members: Readonly<Record<string, string>>;
  readonly addressing: string;
  readonly announce: boolean;
  readonly locked: boolean;
  readonly approval: boolean;
  readonly anyoneAdds: boolean;
  readonly isCommunity: boolean;
  readonly announcements: boolean;
  readonly parent: string;
}

const WAIT_MS = 20_000;

export class WhatsmeowClient {
  readonly told: Told[] = [];
  /** Warnings and errors of the library. */
  log = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #answers = new Map<number, Answer>();
  readonly #wakers = new Set<() => void>();
  #last = 0;

  constructor(program: string) {
    const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Answer | Told;
      if ('answer' in said) this.#answers.set(said.answer, said);
      else this.told.push(said);
      this.#wake();
    });
    this.#closed = once(child, 'close').then(() => this.#wake());
  }

  /** Waits for the program's answer: the id of what was sent, or what was asked for. Throws its error. */
  async do(name: string, command: Command = {}): Promise<string> {
    const number = ++this.#last;
    this.#child.stdin?.write(`${JSON.stringify({ number, do: name, ...command })}\n`);
    const { id, error } = await this.#until(`an answer to ${name}`, () => this.#answers.get(number));
    if (error !== undefined) throw new Error(error);
    return id;
  }

  /** The same, of an answer that is JSON. */
  async ask<T = GroupShown>(name: string, command: Command = {}): Promise<T> {
    return JSON.parse(await this.do(name, command)) as T;
  }

  /** What was told from the `from`th line on and looks like this; waits for it. */
  async event(looks: Partial<Told>, from = 0): Promise<Told> {
    const wanted = Object.entries(looks);
    return await this.#until(JSON.stringify(looks), () =>
      this.told.slice(from).find((one) => wanted.every(([key, value]) => one[key as keyof Told] === value)),
    );
  }

  /** Closes its input, which ends it, and waits until it has gone. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), WAIT_MS);
    await this.#closed;
    clearTimeout(timer);
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (left <= 0 || this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`waited in vain for ${what}; told: ${JSON.stringify(this.told)}; log: ${this.log}`);
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#wakers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#wakers.add(wake);
      });
    }
  }
}

/** The phone of `person` links the client by QR; it is told to start again (515) and logs in. */
export async function linkWhatsmeow(client: WhatsmeowClient, sandbox: WhatsAppSandbox, person: Person): Promise<void> {
  await client.do('open', { url: sandbox.url, rootKey: sandbox.rootKey.toString('hex') });
  await client.do('connect');
  const { codes = [] } = await client.event({ event: 'qr' });
  const { pn, lid } = await sandbox.scanQr(person.id, codes[0] ?? '');
  const paired = await client.event({ event: 'paired' });
  if (paired.pn !== pn || paired.lid !== lid) throw new Error(`paired as ${JSON.stringify(paired)}`);
  await client.event({ event: 'connected' });
}
