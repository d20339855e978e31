// Where a journey takes place: a simulated network, the homeserver double, a bridge between them as a process of its own, and a
// person. Knows no single network: the journey brings its simulator and what the bridge must be told of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHomeserver } from '../../../sandbox/homeserver/homeserver.ts';
import { testPostgres } from '../../support/postgres.ts';
import { Bridge, freePort, type BridgePlan } from './bridge.ts';
import { Person } from './person.ts';

const SERVER = 'hs.test';
export const BOT = `@passerelle:${SERVER}`;

export interface Town<Sandbox> {
  readonly sandbox: Sandbox;
  readonly bridge: Bridge;
  readonly camille: Person;
  /** Somebody else of this server. */
  person(name: string): Promise<Person>;
  /** Ends everything, the last first. */
  close(): Promise<void>;
}

/** What is otherwise than usual about the bridge. */
export interface Ground extends Pick<BridgePlan, 'tree'> {
  /** Where it finds its database, when not at this URL. */
  readonly through?: (url: string) => Promise<{ readonly url: string; close(): Promise<void> }>;
}

export interface Open {
  readonly chat?: string;
  readonly starts?: boolean;
}

/**
 * `settings` is the section of the configuration under the network's name. Everybody here may log in, and bridge the chats that
 * `open` names: private ones, if nothing is said. They may begin conversations too, but where `starts` is false; there @root lays down rules.
 * @throws what the opening throws, after it has ended what was begun
 */
export async function openTown<Sandbox extends { stop(): Promise<void> }>(
  network: string,
  start: () => Promise<Sandbox>,
  settings: (sandbox: Sandbox) => Readonly<Record<string, unknown>>,
  { starts = true, ...bridged }: Open = { chat: 'direct:*' },
  ground: Ground = {},
): Promise<Town<Sandbox>> {
  const endings: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const dir = mkdtempSync(join(tmpdir(), 'passerelle-journey-'));
    endings.push(() => rmSync(dir, { recursive: true, force: true }));
    const postgres = await testPostgres();
    endings.push(async () => await postgres.stop());
    const sandbox = await start();
    endings.push(async () => await sandbox.stop());
    const port = await freePort();
    const straight = await postgres.database();
    const door = await ground.through?.(straight);
    endings.push(async () => await door?.close());
    const bridge = await Bridge.prepare({
      dir,
      homeserver: { url: `http://127.0.0.1:${port}`, serverName: SERVER },
      // The same socket, in the spelling of a whole address.
      database: door?.url ?? straight.replace('@/', '@localhost/'),
      networks: { [network]: { dangerousTestServers: true, ...settings(sandbox) } },
      rules: [
        { allow: 'login', user: `:${SERVER}`, network },
        { allow: 'bridge', user: `:${SERVER}`, network, ...bridged },
        ...(starts ? [{ allow: 'start-chat', user: `:${SERVER}`, network }] : []),
      ],
      ...(ground.tree === undefined ? {} : { tree: ground.tree }),
      administrators: starts ? [] : [`@root:${SERVER}`],
    });
    const homeserver = await startHomeserver({
      kind: 'double',
      registrations: bridge.registrations,
      dir,
      serverName: SERVER,
      port,
    });
    endings.push(async () => await homeserver.dispose());
    const person = async (name: string): Promise<Person> =>
      new Person(homeserver.url, await homeserver.registerUser(name, 'secret'));
    const camille = await person('camille');
    endings.push(async () => await bridge.stop());
    await bridge.start();
    return { sandbox, bridge, camille, person, close };
  } catch (error) {
    await close();
    throw error;
  }
}
