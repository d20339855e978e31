// Sets the stage: a homeserver, a simulated Telegram and WhatsApp, a bridge between them, and the people; takes it down in order.
// It must not know the play.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHomeserver, whyNoSynapse, type Homeserver } from '../homeserver/homeserver.ts';
import { freePort } from '../homeserver/ports.ts';
import { prepareBridge, startBridge, type BridgeFiles, type RunningBridge } from './bridge.ts';
import { FarTelegram } from './far-telegram.ts';
import { FarWhatsApp } from './far-whatsapp.ts';
import type { Far, FarPerson } from './far.ts';
import type { Options } from './options.ts';
import { MatrixPerson } from './person.ts';
import type { Speak } from './words.ts';

const SERVER_NAME = 'sandbox.test';

/** Somebody with an account everywhere. */
export interface Newcomer {
  readonly matrix: MatrixPerson;
  readonly password: string;
  readonly telegram: FarPerson;
  readonly whatsapp: FarPerson;
}

/** A simulated network, and those who are only there. */
export interface Scenery<F extends Far> {
  readonly far: F;
  readonly contacts: readonly [FarPerson, FarPerson];
}

export interface Stage {
  readonly dir: string;
  readonly homeserver: Homeserver;
  readonly telegram: Scenery<FarTelegram>;
  readonly whatsapp: Scenery<FarWhatsApp>;
  readonly files: BridgeFiles;
  readonly bridge: RunningBridge;
  readonly bot: string;
  /** Those who use the bridge; the first plays in the conversation, the second is an administrator. */
  readonly people: readonly [Newcomer, Newcomer];
  /** Ends everything, the bridge first. */
  strike(): Promise<void>;
}

export interface Saying {
  readonly speak: Speak;
  readonly say: (line: string) => void;
}

/** @throws Error in one sentence or with the end of a log; what was started is ended first */
export async function setStage(options: Options, { speak, say }: Saying): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-sandbox-'));
  const endings: (() => Promise<void>)[] = [];
  const strike = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
    if (!options.keep) rmSync(dir, { recursive: true, force: true });
  };
  const started = Date.now();
  const up = (what: string): void =>
    say(speak('started', { what, seconds: ((Date.now() - started) / 1000).toFixed(1) }));
  try {
    const telegram = await FarTelegram.start();
    endings.push(async () => await telegram.stop());
    up(speak('telegram'));
    const whatsapp = await FarWhatsApp.start();
    endings.push(async () => await whatsapp.stop());
    up(speak('whatsapp'));
    const ports = { homeserver: options.port ?? (await freePort()), appservice: await freePort() };
    const health = await freePort();
    const files = await prepareBridge({
      dir: join(dir, 'bridge'),
      homeserver: { url: `http://127.0.0.1:${ports.homeserver}`, serverName: SERVER_NAME },
      networks: { telegram: telegram.settings, whatsapp: whatsapp.settings },
      administrator: `@dominique:${SERVER_NAME}`,
      ports: { appservice: ports.appservice, health },
    });
    const homeserver = await openHomeserver(options, { dir, port: ports.homeserver, files }, { speak, say });
    endings.push(async () => await homeserver.dispose());
    up(speak('homeserver'));
    const bridge = await startBridge(files, health);
    endings.push(async () => await bridge.stop());
    up(speak('bridge'));
    const fars = { telegram, whatsapp };
    const people: Stage['people'] = [
      await newcomer(homeserver, fars, { localpart: 'camille', firstName: 'Camille', lastName: 'Aubry' }),
      await newcomer(homeserver, fars, { localpart: 'dominique', firstName: 'Dominique', lastName: 'Leroy' }),
    ];
    endings.push(async () => void (await Promise.all(people.map(async ({ matrix }) => await matrix.leave()))));
    const bot = `@passerelle:${SERVER_NAME}`;
    return {
      dir,
      homeserver,
      telegram: {
        far: telegram,
        contacts: [
          await telegram.createPerson({ firstName: 'Noor', lastName: 'Haddad' }),
          await telegram.createPerson({ firstName: 'Yann', lastName: 'Kerbrat' }),
        ],
      },
      whatsapp: {
        far: whatsapp,
        contacts: [
          await whatsapp.createPerson({ firstName: 'Inès', lastName: 'Moreau' }),
          await whatsapp.createPerson({ firstName: 'Malo', lastName: 'Guivarch' }),
        ],
      },
      files,
      bridge,
      bot,
      people,
      strike,
    };
  } catch (error) {
    await strike();
    throw error;
  }
}

interface Place {
  readonly dir: string;
  readonly port: number;
  readonly files: BridgeFiles;
}

/** The kind that was asked for, or Synapse with the double to fall back on; says which it is, and why. */
async function openHomeserver(options: Options, place: Place, { speak, say }: Saying): Promise<Homeserver> {
  const common = {
    dir: place.dir,
    port: place.port,
    serverName: SERVER_NAME,
    registrations: place.files.registrations,
    ownProcess: true,
    say,
  };
  const double = async (): Promise<Homeserver> => await startHomeserver({ ...common, kind: 'double' });
  if (options.homeserver === 'double') {
    say(speak('double'));
    return await double();
  }
  const why = options.homeserver === 'synapse' ? undefined : await whyNoSynapse();
  if (why !== undefined) {
    say(speak('double-because', { why }));
    return await double();
  }
  try {
    say(speak('synapse'));
    return await startHomeserver({ ...common, kind: 'synapse' });
  } catch (error) {
    if (options.homeserver === 'synapse') throw error;
    say(speak('double-because', { why: error instanceof Error ? error.message : String(error) }));
    return await double();
  }
}

interface NewcomerSpec {
  readonly localpart: string;
  readonly firstName: string;
  readonly lastName: string;
}

async function newcomer(
  homeserver: Homeserver,
  { telegram, whatsapp }: { readonly telegram: Far; readonly whatsapp: Far },
  { localpart, firstName, lastName }: NewcomerSpec,
): Promise<Newcomer> {
  const password = `${localpart}-sandbox`;
  const account = await homeserver.registerUser(localpart, password);
  const matrix = new MatrixPerson(`${firstName} ${lastName}`, homeserver.url, account);
  await matrix.setName();
  matrix.listen();
  const name = { firstName, lastName };
  return {
    matrix,
    password,
    telegram: await telegram.createPerson(name),
    whatsapp: await whatsapp.createPerson(name),
  };
}
