// A small town around the real program: the toy network, the homeserver double and Postgres in this process, the bridge in processes
// of its own, people as clients. Judges nothing and reads no insides of the bridge.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askHomeserver } from '../../../sandbox/homeserver/ask.ts';
import { startHomeserver, type Account, type Homeserver } from '../../../sandbox/homeserver/homeserver.ts';
import { freePort } from '../../../sandbox/homeserver/ports.ts';
import { startPigeon, type Pigeon } from '../../../sandbox/pigeon/pigeon.ts';
import { testPostgres, type TestPostgres } from '../../support/postgres.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const LIMIT_MS = 60_000;
export const SERVER = 'hs.test';
export const BOT = `@passerelle:${SERVER}`;
export const PASSWORD = 'canary-password-of-the-network';

export interface TownOptions {
  /** Rules of the configuration; everything is allowed to everybody when absent. */
  readonly rules?: readonly object[];
  readonly administrators?: readonly string[];
  /** On when the test kills the database and looks for what was acknowledged. */
  readonly fsync?: boolean;
}

/** Waits until `look` finds something. @throws Error naming what was waited for in vain */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, ms = LIMIT_MS): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(40);
  }
}

export class Town {
  readonly dir = mkdtempSync(join(tmpdir(), 'passerelle-town-'));
  readonly config = join(this.dir, 'config.yaml');
  readonly secrets: Readonly<Record<'asToken' | 'hsToken' | 'doubleToken' | 'vaultKey' | 'identityKey', string>>;
  readonly #workers: Worker[] = [];
  readonly #people: Person[] = [];
  #open: { readonly homeserver: Homeserver; readonly pigeon: Pigeon; readonly postgres: TestPostgres } | undefined;
  #settings: Record<string, unknown> = {};
  url = '';

  constructor() {
    const token = (): string => randomBytes(32).toString('base64url');
    const key = (): string => randomBytes(32).toString('base64');
    this.secrets = {
      asToken: token(),
      hsToken: token(),
      doubleToken: token(),
      vaultKey: key(),
      identityKey: key(),
    };
  }

  static async open(options: TownOptions = {}): Promise<Town> {
    const town = new Town();
    const postgres = await testPostgres({ fsync: options.fsync ?? false });
    const pigeon = await startPigeon();
    town.url = await postgres.database();
    const [door, port] = [await freePort(), await freePort()];
    const { asToken, hsToken, doubleToken, vaultKey, identityKey } = town.secrets;
    town.#settings = {
      homeserver: { url: `http://127.0.0.1:${port}`, serverName: SERVER },
      appservice: { url: `http://127.0.0.1:${door}`, port: door, asToken, hsToken },
      doublePuppet: { enabled: true, asToken: doubleToken, localparts: '[a-z]+' },
      secrets: { vaultKey, identityKey },
      networks: { pigeon: { enabled: true, server: `127.0.0.1:${pigeon.port}` } },
      administrators: options.administrators ?? [],
      rules: options.rules ?? [{ allow: 'any', user: `:${SERVER}` }],
      logging: { level: 'trace' },
    };
    town.configure({});
    const made = await town.command('registration', 'generate');
    if (made.code !== 0) throw new Error(made.output);
    const registrations = ['registration.yaml', 'doublepuppet.yaml'].map((name) => join(town.dir, name));
    const homeserver = await startHomeserver({
      kind: 'double',
      registrations,
      dir: join(town.dir, 'homeserver'),
      serverName: SERVER,
      port,
    });
    town.#open = { homeserver, pigeon, postgres };
    return town;
  }

  get homeserver(): Homeserver {
    return this.#opened().homeserver;
  }

  get pigeon(): Pigeon {
    return this.#opened().pigeon;
  }

  get postgres(): TestPostgres {
    return this.#opened().postgres;
  }

  /** Writes the configuration anew, on the town's database unless told otherwise. */
  configure(changes: Readonly<Record<string, unknown>>): void {
    this.#settings = { ...this.#settings, database: { url: this.url, connections: 6 }, ...changes };
    // JSON is YAML.
    writeFileSync(this.config, JSON.stringify(this.#settings), { mode: 0o600 });
  }

  /** Runs one command of the command line to its end. */
  async command(...words: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const worker = new Worker(this, words, {});
    const code = await worker.ended();
    return { code, output: worker.output };
  }

  /** Starts a worker without waiting for it. */
  async launch(slot = 'main', ...more: readonly string[]): Promise<Worker> {
    const health = await freePort();
    const door = slot === 'main' ? {} : { PASSERELLE_APPSERVICE__PORT: String(await freePort()) };
    const environment = { PASSERELLE_HEALTH__PORT: String(health), ...door };
    const worker = new Worker(this, ['run', '--slot', slot, ...more], environment, health);
    this.#workers.push(worker);
    return worker;
  }

  async start(slot = 'main', ...more: readonly string[]): Promise<Worker> {
    const worker = await this.launch(slot, ...more);
    await worker.ready();
    return worker;
  }

  /** An account at the homeserver, and their private room with the bot. */
  async person(name: string): Promise<Person> {
    const account = await this.homeserver.registerUser(name, `${name}-password`);
    const person = new Person(this.homeserver.url, account);
    const made = await person.ask('POST', '/createRoom', {
      preset: 'trusted_private_chat',
      is_direct: true,
      invite: [BOT],
    });
    person.management = String(made['room_id']);
    await until('the bot’s greeting', async () => (await person.told()).length > 0);
    this.#people.push(person);
    return person;
  }

  /** Logs a person in to a new account of the toy network, as they would. @returns the account's id */
  async login(person: Person, name: string): Promise<string> {
    const account = await this.pigeon.hands.person(name, PASSWORD);
    await person.asks('login pigeon password', /name/i);
    await person.asks(account.handle, /password/i);
    await person.asks(PASSWORD, /logged in|signed in|connected/i);
    return account.id;
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.kill();
    if (this.#open !== undefined) {
      await this.homeserver.dispose();
      await this.pigeon.stop();
      await this.postgres.stop();
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  #opened() {
    if (this.#open === undefined) throw new Error('the town is not open');
    return this.#open;
  }
}

export class Worker {
  readonly #child: ChildProcess;
  readonly #over: Promise<number | null>;
  readonly #health: number;
  /** Everything it has said. */
  output = '';

  constructor(town: Town, words: readonly string[], environment: Readonly<Record<string, string>>, health = 0) {
    this.#health = health;
    const args = ['--disable-warning=DEP0060', join(ROOT, 'src', 'main.ts'), ...words, '--config', town.config];
    this.#child = spawn(process.execPath, args, {
      cwd: town.dir,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#over = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves with its exit code, or null when a signal ended it. */
  async ended(): Promise<number | null> {
    return await this.#over;
  }

  /** The lines of its log, read. */
  log(): readonly Readonly<Record<string, unknown>>[] {
    return this.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async ask(path: string): Promise<{ readonly status: number; readonly checks: Readonly<Record<string, boolean>> }> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#health}${path}`, { signal: AbortSignal.timeout(5000) });
      const body = (await answer.json()) as { checks?: Record<string, boolean> };
      return { status: answer.status, checks: body.checks ?? {} };
    } catch {
      // Nobody listens there yet, or any more.
      return { status: 0, checks: {} };
    }
  }

  async ready(): Promise<void> {
    await until('the bridge to be ready', async () => {
      if (this.#child.exitCode !== null) throw new Error(`the bridge ended: ${this.output.slice(-2000)}`);
      return (await this.ask('/health/ready')).status === 200;
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return await this.ended();
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }
}

interface ClientEvent {
  readonly type: string;
  readonly event_id: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export class Person {
  readonly id: string;
  management = '';
  readonly #url: string;
  readonly #token: string;
  readonly #rooms = new Set<string>();
  #serial = 0;

  constructor(url: string, account: Account) {
    this.id = account.userId;
    this.#url = url;
    this.#token = account.accessToken;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    return await askHomeserver({ url: this.#url, token: this.#token, method, path, body, signal });
  }

  async say(room: string, body: string): Promise<string> {
    this.#serial += 1;
    const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/t${this.#serial}`;
    return String((await this.ask('PUT', path, { msgtype: 'm.text', body }))['event_id']);
  }

  /** The texts of a room, oldest first, with who said them. */
  async texts(room: string): Promise<readonly { readonly by: string; readonly text: string }[]> {
    const page = await this.ask('GET', `/rooms/${encodeURIComponent(room)}/messages?dir=f&limit=1000`);
    return (page['chunk'] as ClientEvent[])
      .filter((event) => event.type === 'm.room.message' && typeof event.content['body'] === 'string')
      .map((event) => ({ by: event.sender, text: String(event.content['body']) }));
  }

  /** What the bot has said in the management room. */
  async told(): Promise<readonly string[]> {
    return (await this.texts(this.management)).filter(({ by }) => by === BOT).map(({ text }) => text);
  }

  /** Says a line to the bot and waits for an answer that fits. @returns the answer */
  async asks(line: string, answer: RegExp): Promise<string> {
    const before = (await this.told()).length;
    await this.say(this.management, line);
    return await until(`an answer like ${answer.source}`, async () =>
      (await this.told()).slice(before).find((one) => answer.test(one)),
    );
  }

  /** Waits for a room that is new to this person; the bridge may have brought them in already. @returns the room */
  async entered(): Promise<string> {
    return await until('a new room', async () => {
      const sync = await this.ask('GET', '/sync?timeout=0');
      const { join = {}, invite = {} } = (sync['rooms'] ?? {}) as { join?: object; invite?: object };
      const fresh = Object.keys({ ...join, ...invite }).find((one) => one !== this.management && !this.#rooms.has(one));
      if (fresh === undefined) return undefined;
      if (!Object.hasOwn(join, fresh)) await this.ask('POST', `/join/${encodeURIComponent(fresh)}`, {});
      this.#rooms.add(fresh);
      return fresh;
    });
  }

  /** Waits until the room says this. */
  async sees(room: string, text: string): Promise<void> {
    await until(`"${text}" in the room`, async () => (await this.texts(room)).some((one) => one.text === text));
  }
}
