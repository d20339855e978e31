// Homeserver, simulated networks, Postgres and the relay between them, for all measurements of one run; knows no bridge but its settings.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startHomeserver, type Homeserver, type HomeserverKind } from '../sandbox/homeserver/homeserver.ts';
import { freePort } from '../sandbox/homeserver/ports.ts';
import { bridgeRegistration } from '../src/app/registration.ts';
import { Secret } from '../src/model/secret.ts';
import { startEmbedded, type EmbeddedPostgres } from '../src/store/embedded.ts';
import { openStore } from '../src/store/index.ts';
import { quiet } from '../tests/support/quiet.ts';
import { FarTelegram } from './far-telegram.ts';
import { FarWhatsApp } from './far-whatsapp.ts';
import type { Far } from './far.ts';
import type { House } from './house.ts';
import { Bridge } from './processes.ts';
import { Relay } from './relay.ts';

export const SERVER_NAME = 'hs.test';
/** A later era than any that the homeserver remembers: each database here is new, none is a restored backup. */
const FIRST_ERA = 1_000_000;

export interface StageOptions {
  readonly homeserver: HomeserverKind;
  readonly say: (sentence: string) => void;
  /** Folder for V8's profiles of the bridge. */
  readonly profile?: string | undefined;
}

interface Keys {
  readonly vault: Buffer;
  readonly identity: Buffer;
}

export class Stage {
  readonly dir: string;
  readonly telegram: FarTelegram;
  readonly whatsapp: FarWhatsApp;
  readonly homeserver: Homeserver;
  readonly relay: Relay;
  readonly doorPort: number;
  readonly tokens: { readonly as: string; readonly hs: string };
  readonly #postgres: EmbeddedPostgres;
  readonly #healthPort: number;
  readonly #options: StageOptions;
  readonly #keys: Keys;
  readonly #houses: House[] = [];

  private constructor(parts: {
    options: StageOptions;
    dir: string;
    telegram: FarTelegram;
    whatsapp: FarWhatsApp;
    keys: Keys;
    homeserver: Homeserver;
    relay: Relay;
    postgres: EmbeddedPostgres;
    ports: { readonly door: number; readonly health: number };
    tokens: Stage['tokens'];
  }) {
    this.#options = parts.options;
    this.dir = parts.dir;
    this.telegram = parts.telegram;
    this.whatsapp = parts.whatsapp;
    this.#keys = parts.keys;
    this.homeserver = parts.homeserver;
    this.relay = parts.relay;
    this.#postgres = parts.postgres;
    this.doorPort = parts.ports.door;
    this.#healthPort = parts.ports.health;
    this.tokens = parts.tokens;
  }

  static async open(options: StageOptions): Promise<Stage> {
    const dir = mkdtempSync(join(tmpdir(), 'passerelle-bench-'));
    const endings: (() => Promise<void> | void)[] = [];
    try {
      const tokens = { as: randomBytes(32).toString('base64url'), hs: randomBytes(32).toString('base64url') };
      const ports = { door: await freePort(), health: await freePort() };
      const relay = await Relay.open(ports.door);
      endings.push(() => relay.close());
      const registration = join(dir, 'registration.yaml');
      writeFileSync(registration, JSON.stringify(registrationOf(relay.doorUrl, tokens)));
      const keys = { vault: randomBytes(32), identity: randomBytes(32) };
      const telegram = await FarTelegram.start();
      endings.push(async () => await telegram.stop());
      const whatsapp = await FarWhatsApp.start(keys.identity);
      endings.push(async () => await whatsapp.stop());
      const postgres = await startEmbedded({ dir: join(dir, 'postgres'), fsync: true, connections: 60 });
      endings.push(async () => await postgres.stop());
      const homeserver = await startHomeserver({
        kind: options.homeserver,
        dir,
        registrations: [registration],
        serverName: SERVER_NAME,
        ownProcess: true,
        say: options.say,
      });
      relay.lead(homeserver.url);
      return new Stage({ options, dir, telegram, whatsapp, keys, homeserver, relay, postgres, ports, tokens });
    } catch (error) {
      for (const end of endings.toReversed()) await end();
      throw error;
    }
  }

  /** A new, migrated database whose bridge serves nobody yet. @param far the one network that is on, if any */
  async house(name: string, far?: Far): Promise<House> {
    const client = new Client({ connectionString: this.#postgres.url });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    const database = this.#postgres.urlFor(name).replace('@/', '@localhost/');
    const store = await openStore({
      database: { url: database },
      vaultKey: this.#keys.vault,
      slot: 'bench',
      log: quiet,
      connections: 4,
    });
    await store.era.advance(FIRST_ERA * (this.#houses.length + 1));
    const folder = join(this.dir, name);
    mkdirSync(folder);
    const config = join(folder, 'config.yaml');
    writeFileSync(config, JSON.stringify(this.#config(database, far)));
    const house = {
      store,
      database,
      start: () =>
        new Bridge({
          config,
          log: join(folder, 'bridge.log'),
          healthPort: this.#healthPort,
          profile: this.#options.profile,
        }),
    };
    this.#houses.push(house);
    return house;
  }

  async close(): Promise<void> {
    for (const { store } of this.#houses) await store.close();
    this.relay.close();
    await Promise.allSettled([
      this.telegram.stop(),
      this.whatsapp.stop(),
      this.homeserver.dispose(),
      this.#postgres.stop(),
    ]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #config(database: string, far: Far | undefined): unknown {
    return {
      homeserver: { url: this.relay.homeserverUrl, serverName: SERVER_NAME },
      appservice: { port: this.doorPort, url: this.relay.doorUrl, asToken: this.tokens.as, hsToken: this.tokens.hs },
      database: { url: database },
      secrets: {
        vaultKey: this.#keys.vault.toString('base64'),
        identityKey: this.#keys.identity.toString('base64'),
      },
      health: { port: this.#healthPort },
      rules: ['login', 'bridge', 'start-chat'].map((action) => ({ allow: action, user: `:${SERVER_NAME}` })),
      networks: far === undefined ? {} : { [far.network]: { enabled: true, ...far.settings } },
    };
  }
}

function registrationOf(url: string, tokens: Stage['tokens']): unknown {
  return bridgeRegistration({
    homeserver: { url, serverName: SERVER_NAME },
    appservice: {
      id: 'passerelle',
      host: '127.0.0.1',
      port: 0,
      url,
      botLocalpart: 'passerelle',
      senderLocalpart: '_passerelle_sender',
      asToken: new Secret(tokens.as),
      hsToken: new Secret(tokens.hs),
    },
  });
}
