// The database commands as operators type them, on the embedded database: migrate, status, backup, restore, and what is refused.
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { exitCodes } from '../../src/app/exit-codes.ts';
import { runCommandLine } from '../../src/cli/main.ts';
import { startEmbedded } from '../../src/store/embedded.ts';

const dir = mkdtempSync(join(tmpdir(), 'passerelle-cli-db-'));
const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');
const CANARY = 'canary-token-of-this-test-0123456789';
const sockets: string[] = [];

interface End {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command on the embedded database `data` with this vault key. */
async function passerelle(words: readonly string[], data = 'one', vaultKey = KEY): Promise<End> {
  const config = join(dir, `${data}.yaml`);
  const settings = {
    homeserver: { url: 'http://127.0.0.1:1', serverName: 'hs.test' },
    appservice: { asToken: CANARY, hsToken: `${CANARY}-2`, port: 1 },
    database: { embedded: { dir: data } },
    secrets: { vaultKey, identityKey: KEY },
    health: { enabled: false },
    logging: { level: 'silent' },
  };
  writeFileSync(config, JSON.stringify(settings), { mode: 0o600 });
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine([...words, '--config', config], {
    environment: {},
    say: (line) => void out.push(line),
    warn: (line) => void err.push(line),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** Runs one statement on an embedded database that no command is using. */
async function sql(data: string, text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const server = await startEmbedded({ dir: join(dir, data), fsync: false });
  sockets.push(new URL(server.url.replace('@/', '@localhost/')).searchParams.get('host') ?? '');
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
    await server.stop();
  }
}

afterAll(() => {
  for (const folder of [dir, ...sockets]) rmSync(folder, { recursive: true, force: true });
});

test('migrate is done once, and status says where it stands', async () => {
  expect(await passerelle(['db', 'migrate'])).toMatchObject({
    code: exitCodes.ok,
    out: expect.stringMatching(/^Done: 001-initial, /),
  });
  expect(await passerelle(['db', 'migrate'])).toMatchObject({
    code: exitCodes.ok,
    out: expect.stringContaining('The database is up to date'),
  });
  const { code, out } = await passerelle(['db', 'status']);
  expect(code).toBe(exitCodes.ok);
  expect(out).toContain(`Database: embedded, in ${join(dir, 'one')}.`);
  expect(out).toContain('Nothing is sealed yet.');
}, 60_000);

test('a backup is whole, for its owner alone, and fills an empty database that says to start with --after-restore', async () => {
  await sql('one', `insert into person values ('@a:hs.test', 'fr', '!m:hs.test')`);
  const file = join(dir, 'backup.jsonl.gz');
  expect((await passerelle(['db', 'backup', file])).code).toBe(exitCodes.ok);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file).includes('@a:hs.test')).toBe(false);
  const end = await passerelle(['db', 'restore', file], 'two');
  expect([end.code, end.out]).toEqual([exitCodes.ok, expect.stringContaining('--after-restore')]);
  expect(await sql('two', 'select language from person')).toEqual([{ language: 'fr' }]);
  expect(await passerelle(['db', 'restore', file], 'two')).toMatchObject({
    code: exitCodes.database,
    err: expect.stringContaining('not empty'),
  });
  writeFileSync(file, readFileSync(file).subarray(0, 200));
  expect((await passerelle(['db', 'restore', file], 'three')).code).not.toBe(exitCodes.ok);
  expect(await passerelle(['db', 'restore', join(dir, 'nowhere')], 'three')).toMatchObject({
    code: exitCodes.database,
    err: expect.stringContaining('cannot be read (ENOENT)'),
  });
}, 120_000);

test('a wrong or damaged vault key is one sentence, another exit code, and changes nothing', async () => {
  // What a first start seals.
  const { openStore } = await import('../../src/store/index.ts');
  const { quiet } = await import('../support/quiet.ts');
  const store = await openStore({
    database: { dir: join(dir, 'one') },
    vaultKey: Buffer.from(KEY, 'base64'),
    slot: 'a',
    log: quiet,
  });
  await store.close();
  const before = await sql('one', 'select * from vault order by 1, 2');
  expect(before).not.toEqual([]);
  expect((await passerelle(['db', 'status'])).out).toContain('The vault key fits.');
  const status = await passerelle(['db', 'status'], 'one', OTHER_KEY);
  expect([status.code, status.out]).toEqual([exitCodes.vaultKey, expect.stringContaining('does NOT fit')]);
  const run = await passerelle(['run'], 'one', OTHER_KEY);
  expect([run.code, run.err]).toEqual([
    exitCodes.vaultKey,
    'The vault key is not the one this database was sealed with: check secrets.vaultKey.',
  ]);
  const missing = await passerelle(['run'], 'one', '');
  expect([missing.code, missing.err.split('\n').length]).toEqual([exitCodes.configuration, 2]);
  expect(missing.err).toContain('secrets.vaultKey');
  expect(await sql('one', 'select * from vault order by 1, 2')).toEqual(before);
}, 120_000);

test('a database of a newer version is refused by every command that would touch it', async () => {
  await sql('two', `insert into kysely_migration values ('999-from-the-future', now()::text)`);
  for (const words of [['db', 'migrate'], ['run']]) {
    const end = await passerelle(words, 'two');
    expect([end.code, end.err]).toEqual([exitCodes.database, expect.stringContaining('made by a newer version')]);
  }
  expect((await passerelle(['db', 'status'], 'two')).code).toBe(exitCodes.database);
}, 120_000);

test('an address of a database that is not there is one sentence without the password', async () => {
  const config = join(dir, 'url.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      homeserver: { url: 'http://127.0.0.1:1', serverName: 'hs.test' },
      appservice: { asToken: CANARY, hsToken: `${CANARY}-2` },
      database: { url: 'postgres://u:canary-password@127.0.0.1:1/x' },
      secrets: { vaultKey: KEY, identityKey: KEY },
      health: { enabled: false },
      logging: { level: 'silent' },
    }),
  );
  for (const words of [['db', 'status'], ['run']]) {
    const said: string[] = [];
    const around = {
      environment: {},
      say: (line: string) => void said.push(line),
      warn: (line: string) => void said.push(line),
    };
    expect(await runCommandLine([...words, '--config', config], around)).toBe(exitCodes.database);
    expect(said.at(-1)).toBe(
      'The database refuses connections: start Postgres, or correct host and port in database.url.',
    );
    expect(said.join('\n')).not.toContain('canary');
  }
});
