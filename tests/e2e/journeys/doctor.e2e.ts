// The doctor as people run it, on real Synapse: a sound house, and each of the faults that are met first; knows no insides.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../../sandbox/homeserver/ports.ts';
import { outsideOfJest } from '../support/bridge-process.ts';
import { BOT, Town } from '../support/town.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** docs/exit-codes.md: doctor found something wrong. */
const FOUND = 20;

interface Examined {
  readonly code: number;
  /** Each with its blanks drawn together. */
  readonly lines: readonly string[];
  readonly output: string;
}

let town: Town;
const outputs: string[] = [];

beforeAll(async () => {
  town = await Town.open({ networks: ['pigeon'], doublePuppet: true });
}, 240_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

/** `npm run passerelle -- doctor` with this configuration. */
async function doctor(config = town.config): Promise<Examined> {
  const command = ['run', '--silent', 'passerelle', '--', 'doctor', '--config', config];
  const examined = await new Promise<Examined>((done, failed) => {
    execFile('npm', command, { cwd: ROOT, env: outsideOfJest(), timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code !== 'number') failed(error ?? new Error('no exit code'));
      else {
        const lines = stdout.trim().split('\n');
        done({ code, lines: lines.map((line) => line.replaceAll(/ {2,}/g, '  ')), output: stdout + stderr });
      }
    });
  });
  outputs.push(examined.output);
  return examined;
}

/** The same house with one section told otherwise. @returns the path of the configuration */
function told(name: string, section: string, change: Readonly<Record<string, unknown>>, whole = false): string {
  const config = JSON.parse(readFileSync(town.config, 'utf8')) as Record<string, object>;
  const path = join(dirname(town.config), `${name}.yaml`);
  const changed = { ...config, [section]: { ...(whole ? {} : config[section]), ...change } };
  writeFileSync(path, JSON.stringify(changed), { mode: 0o600 });
  return path;
}

const bad = ({ lines }: Examined): readonly string[] => lines.filter((line) => !line.startsWith('ok  '));
const starting = (...beginnings: readonly string[]): unknown[] =>
  beginnings.map((beginning) => expect.stringMatching(new RegExp(`^${RegExp.escape(beginning)}`)));

test('a sound house has nothing but good lines, and ends with 0', async () => {
  const { code, lines } = await doctor();
  expect(lines).toEqual(
    starting(
      'ok  configuration  it is complete and every setting is understood',
      'ok  disk  ',
      'ok  database  it answers, schema ',
      'ok  vault key  ',
      'ok  registration  the file fits the configuration',
      'ok  homeserver  it answers, up to Matrix v1.',
      "ok  clock  0 s apart from the homeserver's",
      `ok  appservice  the homeserver lets us speak as ${BOT}`,
      'ok  way back  the homeserver reaches the running bridge at http://127.0.0.1:',
      'ok  double puppets  the homeserver knows the second registration',
      'ok  room version  rooms are made in version 12',
      'ok  profiles  names and pictures may be set',
      'ok  media  files up to 200 MiB',
      'ok  encryption  new rooms are as the bridge asks for them',
      'ok  rate limits  the homeserver does not slow the bridge down',
      'ok  pigeon  its servers can be reached',
    ),
  );
  expect(code).toBe(0);
}, 90_000);

test('a token that the homeserver does not know', async () => {
  const asToken = town.canaries.secret('another appservice.asToken', `another-${'t'.repeat(40)}`);
  const examined = await doctor(told('other-token', 'appservice', { asToken }));
  expect(bad(examined)).toEqual(
    starting(
      'WARN  registration  ',
      'FAIL  appservice  the homeserver does not know the token → list registration.yaml under app_service_config_files',
    ),
  );
  expect(examined.code).toBe(FOUND);
}, 90_000);

test('a homeserver that is not there', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const examined = await doctor(told('no-homeserver', 'homeserver', { url }));
  expect(bad(examined)).toEqual(
    starting(`FAIL  homeserver  nothing answers at ${url} (ECONNREFUSED) → start the homeserver, or correct host`),
  );
  expect(examined.code).toBe(FOUND);
}, 90_000);

test('a database that is not there', async () => {
  const password = town.canaries.secret('the password of the database', 'postgres-word-5521');
  const url = `postgres://passerelle:${password}@127.0.0.1:${await freePort()}/passerelle`;
  const examined = await doctor(told('no-database', 'database', { url }, true));
  expect(bad(examined)).toEqual(
    starting(
      'FAIL  database  the database refuses connections → start Postgres, or correct host and port in database.url',
    ),
  );
  expect(examined.code).toBe(FOUND);
}, 90_000);

test('a homeserver that encrypts every room', async () => {
  await town.homeserver.restart({ encryptByDefault: true });
  const examined = await doctor();
  expect(bad(examined)).toEqual(
    starting(
      'FAIL  encryption  the homeserver encrypts every new room → exempt the bridge from encryption_enabled_by_',
    ),
  );
  expect(examined.code).toBe(FOUND);
}, 120_000);

test('no secret stood in anything that it said', () => {
  expect(outputs).toHaveLength(5);
  expect(town.canaries.count).toBeGreaterThan(6);
  expect(town.canaries.foundIn(outputs.join('\n'))).toEqual([]);
});
