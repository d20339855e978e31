// Everything that one file of journeys needs: Synapse, the simulated networks, a configured bridge and people; ends what it started.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { startHomeserver, type Homeserver, type HomeserverSettings } from '../../../sandbox/homeserver/homeserver.ts';
import { freePort } from '../../../sandbox/homeserver/ports.ts';
import { spawnPigeon, type Pigeon } from '../../../sandbox/pigeon/pigeon.ts';
import { TelegramSandbox } from '../../../sandbox/telegram/control-client.ts';
import { WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import { BridgeProcess } from './bridge-process.ts';
import { Canaries } from './canaries.ts';
import { bodyOf, Person } from './person.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const execute = promisify(execFile);

export const SERVER = 'hs.test';
export const BOT = `@passerelle:${SERVER}`;

export interface TownOptions {
  readonly networks: readonly ('pigeon' | 'telegram' | 'whatsapp')[];
  /** The homeserver's default; '12' unless told. */
  readonly roomVersion?: '11' | '12';
  /** The bridge's own setting `rooms.version`; absent unless told. */
  readonly portalVersion?: '11' | '12';
  readonly doublePuppet?: boolean;
  /** What the homeserver's operator has set beside the defaults. */
  readonly homeserver?: HomeserverSettings;
  readonly administrators?: readonly string[];
  /** WhatsApp may be written to as fast as it goes, and groups be made there; at the usual pace unless told. */
  readonly unpaced?: boolean;
  /** Who types is told on, and WhatsApp asked for it. */
  readonly presence?: boolean;
  /** Each person's rooms of a network are gathered in a space. */
  readonly spaces?: boolean;
  /** Rules of the configuration; everybody of this server may do everything unless told. */
  readonly rules?: readonly unknown[];
}

const EVERYBODY = [
  { allow: 'login', user: `:${SERVER}` },
  { allow: 'bridge', user: `:${SERVER}` },
  { allow: 'start-chat', user: `:${SERVER}` },
];

interface Worlds {
  readonly pigeon: Pigeon | undefined;
  readonly telegram: TelegramSandbox | undefined;
  readonly whatsapp: WhatsAppSandbox | undefined;
}

export class Town {
  readonly canaries = new Canaries();
  readonly homeserver: Homeserver;
  readonly bridge: BridgeProcess;
  /** The path of the bridge's configuration, which is JSON. */
  readonly config: string;
  readonly #dir: string;
  readonly #pigeon: Pigeon | undefined;
  readonly #telegram: TelegramSandbox | undefined;
  readonly #whatsapp: WhatsAppSandbox | undefined;
  readonly #people: Person[] = [];

  private constructor(parts: {
    dir: string;
    homeserver: Homeserver;
    bridge: BridgeProcess;
    config: string;
    canaries: Canaries;
    worlds: Worlds;
  }) {
    this.#dir = parts.dir;
    this.homeserver = parts.homeserver;
    this.bridge = parts.bridge;
    this.config = parts.config;
    this.canaries = parts.canaries;
    this.#pigeon = parts.worlds.pigeon;
    this.#telegram = parts.worlds.telegram;
    this.#whatsapp = parts.worlds.whatsapp;
  }

  /** As an operator does it: networks are there, the configuration is written, the homeserver gets the registrations, `npm start`. */
  static async open(options: TownOptions): Promise<Town> {
    const dir = mkdtempSync(join(tmpdir(), 'passerelle-e2e-'));
    const endings: (() => Promise<unknown>)[] = [];
    try {
      const canaries = new Canaries();
      const pigeon = options.networks.includes('pigeon') ? await spawnPigeon() : undefined;
      if (pigeon !== undefined) endings.push(async () => await pigeon.stop());
      const telegram = options.networks.includes('telegram') ? await TelegramSandbox.start() : undefined;
      if (telegram !== undefined) endings.push(async () => await telegram.stop());
      const whatsapp = options.networks.includes('whatsapp') ? await WhatsAppSandbox.start() : undefined;
      if (whatsapp !== undefined) endings.push(async () => await whatsapp.stop());
      const worlds = { pigeon, telegram, whatsapp };
      const ports = { homeserver: await freePort(), door: await freePort(), health: await freePort() };
      const config = join(dir, 'bridge', 'config.yaml');
      mkdirSync(join(dir, 'bridge'));
      // JSON is YAML.
      writeFileSync(config, JSON.stringify(configuration(options, ports, canaries, worlds), null, 2), { mode: 0o600 });
      await execute('npm', ['run', '--silent', 'passerelle', '--', 'registration', 'generate', '--config', config], {
        cwd: ROOT,
      });
      const registrations = ['registration.yaml', ...(options.doublePuppet === true ? ['doublepuppet.yaml'] : [])];
      const homeserver = await startHomeserver({
        kind: 'synapse',
        registrations: registrations.map((name) => join(dir, 'bridge', name)),
        dir,
        serverName: SERVER,
        port: ports.homeserver,
        roomVersion: options.roomVersion ?? '12',
        settings: options.homeserver ?? {},
      });
      endings.push(async () => await homeserver.dispose());
      const bridge = new BridgeProcess({ config, health: ports.health, output: join(dir, 'bridge-output.log') });
      endings.push(async () => await bridge.end());
      await bridge.start();
      return new Town({ dir, homeserver, bridge, config, canaries, worlds });
    } catch (error) {
      for (const end of endings.toReversed()) await end();
      throw error;
    }
  }

  get pigeon(): Pigeon['hands'] {
    if (this.#pigeon === undefined) throw new Error('this town has no pigeon');
    return this.#pigeon.hands;
  }

  get telegram(): TelegramSandbox {
    if (this.#telegram === undefined) throw new Error('this town has no Telegram');
    return this.#telegram;
  }

  get whatsapp(): WhatsAppSandbox {
    if (this.#whatsapp === undefined) throw new Error('this town has no WhatsApp');
    return this.#whatsapp;
  }

  /** An account, and a client that syncs. */
  async person(name: string): Promise<Person> {
    const password = this.canaries.secret(`the password of ${name}`, randomBytes(12).toString('base64url'));
    const account = await this.homeserver.registerUser(name, password);
    this.canaries.secret(`the access token of ${name}`, account.accessToken);
    const person = new Person(this.homeserver.url, account);
    this.#people.push(person);
    await person.start();
    return person;
  }

  /** A private chat with the bot, once it has greeted. */
  async management(person: Person): Promise<Management> {
    const room = await person.openRoomWith(BOT);
    const management = new Management(person, room);
    await management.next(/Write `help`/);
    return management;
  }

  /** What stands in the output although it must not; to be asked when everything else is done. */
  leaks(): readonly string[] {
    return this.canaries.foundIn(this.bridge.said());
  }

  /** @param keep leave the files for somebody to read */
  async close(keep = false): Promise<void> {
    for (const person of this.#people) person.stop();
    await this.bridge.end();
    await this.homeserver.dispose();
    await Promise.all([this.#pigeon?.stop(), this.#telegram?.stop(), this.#whatsapp?.stop()]);
    if (!keep) rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** The room with the bot: what it says is read in its order. */
export class Management {
  readonly room: string;
  readonly #person: Person;
  readonly #read = new Set<string>();

  constructor(person: Person, room: string) {
    this.#person = person;
    this.room = room;
  }

  /** Writes a line and waits for the answer that fits. @returns the answer */
  async ask(line: string, answer: RegExp): Promise<string> {
    await this.#person.say(this.room, line);
    return await this.next(answer);
  }

  /** The next word of the bot that fits and was not read before; what came before it counts as read. */
  async next(words: RegExp, timeoutMs?: number): Promise<string> {
    return await this.#person.until(
      `the bot to say ${words}`,
      async () => {
        const history = await this.#person.history(this.room);
        const said = history.filter(({ type, sender }) => type === 'm.room.message' && sender === BOT);
        const index = said.findIndex((event) => !this.#read.has(event.event_id) && words.test(bodyOf(event)));
        const found = said[index];
        if (found === undefined) return undefined;
        for (const { event_id: id } of said.slice(0, index + 1)) this.#read.add(id);
        return bodyOf(found);
      },
      timeoutMs,
    );
  }
}

function configuration(
  options: TownOptions,
  ports: { readonly homeserver: number; readonly door: number; readonly health: number },
  canaries: Canaries,
  { pigeon, telegram, whatsapp }: Worlds,
): unknown {
  const secret = (what: string): string => canaries.secret(what, randomBytes(32).toString('base64url'));
  const key = (what: string): string => canaries.secret(what, randomBytes(32).toString('base64'));
  return {
    homeserver: { url: `http://127.0.0.1:${ports.homeserver}`, serverName: SERVER },
    appservice: {
      port: ports.door,
      url: `http://127.0.0.1:${ports.door}`,
      asToken: secret('appservice.asToken'),
      hsToken: secret('appservice.hsToken'),
    },
    ...(options.doublePuppet === true
      ? { doublePuppet: { enabled: true, asToken: secret('doublePuppet.asToken') } }
      : {}),
    database: { embedded: { dir: 'database' } },
    secrets: { vaultKey: key('secrets.vaultKey'), identityKey: key('secrets.identityKey') },
    networks: {
      ...(pigeon === undefined ? {} : { pigeon: { enabled: true, server: `127.0.0.1:${pigeon.port}` } }),
      ...(telegram === undefined
        ? {}
        : {
            telegram: {
              enabled: true,
              apiId: 12_345,
              apiHash: canaries.secret('networks.telegram.apiHash', randomBytes(16).toString('hex')),
              dangerousTestServers: true,
              test: {
                dcs: Object.fromEntries(Object.entries(telegram.dcs).map(([dc, port]) => [dc, `127.0.0.1:${port}`])),
                rsa: [telegram.rsa.pem],
              },
            },
          }),
      ...(whatsapp === undefined
        ? {}
        : {
            whatsapp: {
              enabled: true,
              dangerousTestServers: true,
              ...(options.presence === undefined ? {} : { presence: options.presence }),
              test: {
                url: whatsapp.url,
                root: whatsapp.rootKey.toString('hex'),
                web: whatsapp.web,
                webCertificate: whatsapp.webCertificate,
              },
              ...(options.unpaced === true
                ? { pacing: { sendsAtOnce: 500, sendsPerMinute: 5000, groupsPerDay: 10, reconnectsPerDay: 5000 } }
                : {}),
            },
          }),
    },
    administrators: options.administrators ?? [],
    rules: options.rules ?? EVERYBODY,
    rooms: {
      sendTyping: true,
      ...(options.spaces === undefined ? {} : { spaces: options.spaces }),
      ...(options.portalVersion === undefined ? {} : { version: options.portalVersion }),
    },
    logging: { level: 'trace' },
    health: { port: ports.health },
  };
}
