// The embedded Postgres of one data folder: what its owner's signals, death and end mean for it. Knows no table.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';
import { eventually } from '../flow/journey/person.ts';
import { answers } from './support/answers.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'passerelle-embedded-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a server, prints its URL, and never minds Ctrl-C. */
const owner = `
  import { startEmbedded } from ${JSON.stringify(join(process.cwd(), 'src/store/embedded.ts'))};
  process.on('SIGINT', () => console.log('heard'));
  const server = await startEmbedded({ dir: process.argv[1], fsync: false });
  console.log(server.url);
  setInterval(() => undefined, 1000);
`;

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const line = await lines.next();
  if (line.done === true) throw new Error('the owner ended');
  return line.value;
}

test("does not hear the Ctrl-C that is for its owner, and ends with its owner's death", async () => {
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', owner, dir], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error('no owner');
  const died = once(child, 'exit');
  try {
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const url = await nextLine(lines);
    // To the whole group, as a terminal does.
    process.kill(-pid, 'SIGINT');
    expect(await nextLine(lines)).toBe('heard');
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ n: number }>('select 1 as n from pg_sleep(0.5)');
    expect(rows).toEqual([{ n: 1 }]);
    await client.end();
  } finally {
    child.kill('SIGKILL');
    await died;
  }
  const again = await eventually('the folder to be free', async () => {
    const server = await startEmbedded({ dir, fsync: false });
    // Not ours: the old one has not ended yet.
    if (server.pid !== undefined) return server;
    await server.stop();
    return undefined;
  });
  await again.stop();
});

test('leaves no folder of its socket behind', async () => {
  const server = await startEmbedded({ dir, fsync: false });
  const socket = new URL(server.url.replace('@/', '@localhost/')).searchParams.get('host') ?? '';
  expect(existsSync(socket)).toBe(true);
  await server.stop();
  expect(existsSync(socket)).toBe(false);
  expect(await answers(server.url)).toBe(false);
});

test('is started again by a guest that keeps it when its owner stops it', async () => {
  const said: string[] = [];
  const server = await startEmbedded({ dir, fsync: false });
  const guest = await startEmbedded({
    dir,
    fsync: false,
    keep: { warn: (_fields, text) => void said.push(text) },
  });
  await server.stop();
  await eventually('the guest to start one', async () => await answers(guest.url));
  expect(said).toEqual([expect.stringContaining('started again')]);
  await guest.stop();
  expect(await answers(guest.url)).toBe(false);
});

test('stays when somebody who found it running is done with it', async () => {
  const server = await startEmbedded({ dir, fsync: false });
  const guest = await startEmbedded({ dir, fsync: false });
  expect(guest.pid).toBeUndefined();
  await guest.stop();
  expect(await answers(server.url)).toBe(true);
  await server.stop();
});
