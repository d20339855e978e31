// The configuration's errors, word by word: the place, what was expected, the nearest right name, and never a value.
import { afterAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { z } from 'zod';
import { keyBytes } from '../../src/config/builders.ts';
import { sectionSchemas } from '../../src/app/network-sections.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { fileRules } from '../../src/config/rules.ts';
import { configSchema, type Config } from '../../src/config/schema.ts';
import { secretPaths } from '../../src/config/shape.ts';
import { Secret } from '../../src/model/secret.ts';

const dir = mkdtempSync(join(tmpdir(), 'passerelle-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const AS = 'as-token-canary-0123456789abcdefghij';
const HS = 'hs-token-canary-0123456789abcdefghij';
const API_HASH = 'api-hash-canary-0123456789abcdefghij';

const networks = {
  telegram: z.strictObject({
    enabled: z.boolean('expected true or false').default(true),
    apiId: z.int('expected a whole number'),
    apiHash: z
      .string('expected the api_hash')
      .transform((value) => new Secret(value))
      .meta({ secret: true }),
  }),
  // One whose author wrote no phrases of his own.
  plain: z.object({ enabled: z.boolean(), size: z.number().min(3), mode: z.enum(['a', 'b']) }),
};

const GOOD = `homeserver:
  url: http://localhost:8008
  serverName: hs.test
appservice:
  asToken: ${AS}
  hsToken: ${HS}
secrets:
  vaultKey: ${key(1)}
  identityKey: ${key(2)}
`;

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(dir, `config-${files}.yaml`);
  writeFileSync(path, text);
  return path;
}

function load(text: string, environment: Record<string, string | undefined> = {}): Config {
  return loadConfig({ path: file(text), environment, networks });
}

function apiHash(config: Config): string {
  const value = config.networks['telegram']?.['apiHash'];
  return value instanceof Secret ? value.reveal() : 'not a secret';
}

/** The sentences, with the file's name taken out. */
function complaints(text: string, environment: Record<string, string | undefined> = {}): readonly string[] {
  try {
    load(text, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replaceAll(/\S*config-\d+\.yaml/g, 'FILE'));
  }
  return [];
}

describe('what is wrong is named', () => {
  test.each<[string, string, readonly string[]]>([
    [
      'a slip in a name',
      GOOD.replace('serverName:', 'serverNam:'),
      [
        'FILE line 1: homeserver.serverName is missing: expected the part after ":" in user ids, such as example.org',
        'FILE line 3: "serverNam" is not a setting of homeserver; did you mean "serverName"?',
      ],
    ],
    [
      'another spelling of a name',
      GOOD.replace('asToken', 'as_token'),
      [
        'FILE line 4: appservice.asToken is missing: expected a random token of at least 32 letters, digits, "-" or "_"',
        'FILE line 5: "as_token" is not a setting of appservice; did you mean "asToken"?',
      ],
    ],
    [
      'an unknown section',
      `${GOOD}netwroks: {}\n`,
      ['FILE line 10: "netwroks" is not a setting; did you mean "networks"?'],
    ],
    [
      'a name like no other',
      `${GOOD}rooms:\n  colour: red\n`,
      [
        'FILE line 11: "colour" is not a setting of rooms; there are: "federate", "botPower", "ghostPower", "spaces", "shownMembers", "showDelivered", "sendTyping", "version"',
      ],
    ],
    [
      'a wrong kind',
      GOOD.replace('appservice:', 'appservice:\n  port: many'),
      ['FILE line 5: appservice.port: expected a port number from 0 to 65535 (0: any free one)'],
    ],
    [
      'a number out of bounds',
      `${GOOD}rooms:\n  botPower: 101\n`,
      ['FILE line 11: rooms.botPower: expected a power level from 50 to 100'],
    ],
    [
      'a word that is not in the list',
      `${GOOD}logging:\n  level: loud\n`,
      ['FILE line 11: logging.level: expected one of trace, debug, info, warn, error, silent'],
    ],
    [
      'an address with a password in it',
      GOOD.replace('http://localhost:8008', 'http://canary:canary@localhost'),
      ['FILE line 2: homeserver.url: expected the address of the homeserver, such as http://localhost:8008'],
    ],
    [
      'a section that is missing',
      GOOD.replace(/secrets:\n.*\n.*\n/, ''),
      [
        'FILE line 1: secrets.vaultKey is missing: expected the vault key: 32 bytes in base64 or hexadecimal',
        'FILE line 1: secrets.identityKey is missing: expected the identity key: 32 bytes in base64 or hexadecimal',
      ],
    ],
    [
      'a key that is too short',
      GOOD.replace(key(1), 'Y2FuYXJ5'),
      ['FILE line 8: secrets.vaultKey: expected the vault key: 32 bytes in base64 or hexadecimal'],
    ],
    [
      'two equal tokens',
      GOOD.replace(HS, AS),
      ['FILE line 5: asToken, hsToken and doublePuppet.asToken: expected different tokens'],
    ],
    [
      'a placeholder, and nothing else about it',
      GOOD.replace('http://localhost:8008', 'CHANGE-ME'),
      ['FILE line 2: homeserver.url is still CHANGE-ME: fill it in'],
    ],
    [
      'a placeholder inside a list',
      `${GOOD}administrators:\n  - '@CHANGE-ME:hs.test'\n`,
      ['FILE line 11: administrators[1] is still CHANGE-ME: fill it in'],
    ],
    [
      'an unknown network',
      `${GOOD}networks:\n  telegrm:\n    apiId: 1\n`,
      ['FILE line 11: "telegrm" is not a setting of networks; did you mean "telegram"?'],
    ],
    [
      "a network's own settings",
      `${GOOD}networks:\n  telegram:\n    apiId: one\n    appHash: x\n`,
      [
        'FILE line 11: networks.telegram.apiHash is missing: expected the api_hash',
        'FILE line 12: networks.telegram.apiId: expected a whole number',
        'FILE line 13: "appHash" is not a setting of networks.telegram; did you mean "apiHash"?',
      ],
    ],
    [
      'a network without phrases of its own',
      `${GOOD}networks:\n  plain:\n    enabled: canary\n    size: 1\n    mode: canary\n`,
      [
        'FILE line 12: networks.plain.enabled: expected true or false',
        'FILE line 13: networks.plain.size: expected at least 3',
        'FILE line 14: networks.plain.mode: expected one of a, b',
      ],
    ],
    [
      'rules',
      `${GOOD}rules:\n  - allow: login\n    deny: bridge\n  - allow: everything\n  - allow: login\n    network: signal\n    until: soon\n`,
      [
        'FILE line 11: rules[1]: expected either allow or deny, once',
        'FILE line 13: rules[2].allow: expected one of login, bridge, start-chat, administer, any',
        'FILE line 16: rules[3].until: expected a date such as 2027-01-31 or 2027-01-31T18:00:00Z',
      ],
    ],
    [
      'a rule for a network that is not there',
      `${GOOD}rules:\n  - allow: login\n    network: signal\n`,
      ['FILE line 12: rules[1].network: expected one of telegram, plain'],
    ],
    [
      'double puppets without a token',
      `${GOOD}doublePuppet:\n  enabled: true\n`,
      ['FILE line 10: doublePuppet.asToken is missing: double puppeting is enabled'],
    ],
    [
      'two databases',
      `${GOOD}database:\n  url: postgres://localhost/x\n  embedded:\n    dir: data\n`,
      ['FILE line 12: database.url and database.embedded are both given: keep one'],
    ],
    [
      'broken YAML, without the text',
      `${GOOD}canary: [canary\n`,
      ['FILE line 11: this is not valid YAML (bad indent)'],
    ],
    [
      'a quote that is not closed, at the end of the text',
      `${GOOD}logging:\n  level: "info\n`,
      ['FILE line 11: this is not valid YAML (a quote is not closed)'],
    ],
    [
      'a quote that is not closed, before other settings',
      GOOD.replace('url: ', 'url: "'),
      ['FILE line 2: this is not valid YAML (a quote is not closed)'],
    ],
    [
      'a single quote that is not closed, before an empty line and one that is',
      `logging:\n  level: 'info\n\n${GOOD.replace('hs.test', "'hs.test'")}`,
      ['FILE line 2: this is not valid YAML (a quote is not closed)'],
    ],
    [
      'the same name twice',
      `${GOOD}logging: {}\nlogging: {}\n`,
      ['FILE line 11: this is not valid YAML (duplicate key)'],
    ],
    [
      'links that are gone before what they must find disappears',
      `${GOOD}retention:\n  linkDays: 91\n`,
      ['FILE line 11: retention.linkDays: expected a number of days from 92 to 36500'],
    ],
    ['no settings at all', 'canary\n', ['FILE line 1: expected settings such as "homeserver:", each on its own line']],
    [
      'a token where a name should be',
      GOOD.replace(`asToken: ${AS}`, `${AS}:`),
      [
        'FILE line 4: appservice.asToken is missing: expected a random token of at least 32 letters, digits, "-" or "_"',
        'FILE line 5: this name is not a setting of appservice; there are: "id", "host", "port", "url", "botLocalpart", "senderLocalpart", "asToken", "hsToken"',
      ],
    ],
  ])('%s', (_, text, expected) => {
    const found = complaints(text);
    expect(found).toEqual(expected);
    expect(found.join('\n')).not.toContain('canary');
  });

  test('a folder instead of a file', () => {
    expect(() => loadConfig({ path: dir, environment: {}, networks })).toThrow('this file cannot be read (EISDIR)');
  });
});

describe('a good configuration', () => {
  test('has its defaults', () => {
    const config = load(GOOD);
    expect(config.appservice).toMatchObject({ id: 'passerelle', port: 9009, botLocalpart: 'passerelle' });
    expect(config.appservice.senderLocalpart).toMatch(/^_passerelle_[0-9a-f]{16}$/);
    expect(config.database).toEqual({ connections: 12, embedded: { dir: join(dir, 'data') } });
    expect(config.rules).toEqual([]);
    expect(keyBytes(config.secrets.vaultKey)).toEqual(Buffer.alloc(32, 1));
  });

  test('names without anything behind them count as absent', () => {
    expect(load(`${GOOD}rooms:\nhealth:\n  port:\n`).health.port).toBe(9010);
  });

  test('a database behind a socket has no host in its address', () => {
    const url = 'postgres://passerelle@/passerelle?host=%2Frun%2Fpostgresql';
    expect(load(`${GOOD}database:\n  url: ${url}\n`).database.url?.reveal()).toBe(url);
  });

  test('a network that is switched off may be half filled in', () => {
    const config = load(`${GOOD}networks:\n  telegram:\n    enabled: false\n    apiId: CHANGE-ME\n`);
    expect(config.networks).toEqual({});
  });

  test('its rules become rules, with the same ids every time', () => {
    const text = `${GOOD}administrators: ['@a:hs.test']\nrules:\n  - deny: any\n    user: ':evil.org'\n    until: 2027-01-31\n    reason: no\n`;
    const rules = fileRules(load(text.replace('reason: no', "reason: 'no'")));
    expect(rules).toMatchObject([
      { effect: 'allow', action: 'administer', user: '@a:hs.test', source: 'file', by: 'file' },
      { effect: 'deny', action: 'any', user: ':evil.org', expiresAt: Date.parse('2027-02-01') - 1, reason: 'no' },
    ]);
    expect(fileRules(load(text.replace('reason: no', "reason: 'no'"))).map((rule) => rule.id)).toEqual(
      rules.map((rule) => rule.id),
    );
  });
});

describe('the environment', () => {
  test('wins over the file, and empty variables count as absent', () => {
    const config = load(GOOD, {
      PASSERELLE_HOMESERVER__SERVER_NAME: 'other.test',
      PASSERELLE_HOMESERVER__URL: '',
      PASSERELLE_APPSERVICE__PORT: '7000',
      PASSERELLE_ROOMS__FEDERATE: 'false',
      PASSERELLE_ADMINISTRATORS: '["@a:other.test"]',
      PASSERELLE_NETWORKS__TELEGRAM__API_ID: '12',
      PASSERELLE_NETWORKS__TELEGRAM__API_HASH: '0123',
      PASSERELLE_CONFIG: '/elsewhere',
      PASSERELLE_SERVICE_HOST: '10.0.0.1',
      PASSERELLE_PORT_9009_TCP: 'tcp://10.0.0.1:9009',
    });
    expect(config.homeserver).toEqual({ url: 'http://localhost:8008', serverName: 'other.test' });
    expect(config.appservice.port).toBe(7000);
    expect(config.rooms.federate).toBe(false);
    expect(config.administrators).toEqual(['@a:other.test']);
    expect(config.networks['telegram']).toMatchObject({ enabled: true, apiId: 12 });
    // Text stays text, even when it looks like a number.
    expect(apiHash(config)).toBe('0123');
  });

  test('can say everything, without a file', () => {
    const config = loadConfig({
      path: join(dir, 'nowhere.yaml'),
      networks,
      environment: {
        PASSERELLE_HOMESERVER__URL: 'http://localhost:8008',
        PASSERELLE_HOMESERVER__SERVER_NAME: 'hs.test',
        PASSERELLE_APPSERVICE__AS_TOKEN: AS,
        PASSERELLE_APPSERVICE__HS_TOKEN: HS,
        PASSERELLE_SECRETS__VAULT_KEY: key(3),
        PASSERELLE_SECRETS__IDENTITY_KEY: key(4),
        PASSERELLE_DATABASE__URL: 'postgres://db/passerelle',
      },
    });
    expect(config.database.url?.reveal()).toBe('postgres://db/passerelle');
  });

  test('is named where it is wrong', () => {
    expect(
      complaints(GOOD, {
        PASSERELLE_APPSERVICE__PORT: 'canary',
        PASSERELLE_HOMESERVER__SERVERNAM: 'canary',
        PASSERELLE_HOMSERVER__URL: 'canary',
      }),
    ).toEqual([
      'environment PASSERELLE_HOMESERVER__SERVERNAM: this is not a setting; did you mean PASSERELLE_HOMESERVER__SERVER_NAME?',
      'environment PASSERELLE_APPSERVICE__PORT: appservice.port: expected a port number from 0 to 65535 (0: any free one)',
      'environment PASSERELLE_HOMSERVER__URL: this is not a setting; did you mean PASSERELLE_HOMESERVER__URL?',
    ]);
  });

  test('chooses another database than the file', () => {
    const text = `${GOOD}database:\n  embedded:\n    dir: data\n`;
    const config = load(text, { PASSERELLE_DATABASE__URL: 'postgres://db/passerelle' });
    expect(config.database.embedded).toBeUndefined();
  });

  test('the image refuses the embedded database', () => {
    expect(complaints(GOOD, { PASSERELLE_IN_IMAGE: '1' })).toEqual([
      'FILE line 1: database.url is missing: the image has no embedded database; set it, or PASSERELLE_DATABASE__URL',
    ]);
  });
});

describe('secrets', () => {
  test('may lie in files, named relative to the configuration or by the environment', () => {
    writeFileSync(join(dir, 'as.token'), `${AS}\n`);
    writeFileSync(join(dir, 'other.token'), `other-${AS}\n`);
    const text = GOOD.replace(`asToken: ${AS}`, 'asTokenFile: as.token');
    expect(load(text).appservice.asToken.reveal()).toBe(AS);
    const environment = { PASSERELLE_APPSERVICE__AS_TOKEN_FILE: join(dir, 'other.token') };
    expect(load(GOOD, environment).appservice.asToken.reveal()).toBe(`other-${AS}`);
    expect(
      load(text, { PASSERELLE_APPSERVICE__AS_TOKEN: HS.replace('hs', 'xx') }).appservice.asToken.reveal(),
    ).not.toBe(AS);
    const telegram = `${GOOD}networks:\n  telegram:\n    apiId: 1\n    apiHashFile: as.token\n`;
    expect(apiHash(load(telegram))).toBe(AS);
  });

  test('a file that is missing, given twice or nameless is told, and nothing more', () => {
    const gone = GOOD.replace(`asToken: ${AS}`, 'asTokenFile: gone.token');
    expect(complaints(gone)).toEqual([
      `FILE line 5: appservice.asTokenFile: the file ${join(dir, 'gone.token')} cannot be read (ENOENT)`,
    ]);
    expect(complaints(GOOD.replace('asToken:', 'asTokenFile: x\n  asToken:'))).toEqual([
      'FILE line 5: appservice.asToken and asTokenFile are both given: keep one',
    ]);
    expect(complaints(GOOD.replace(`asToken: ${AS}`, 'asTokenFile: 3'))).toEqual([
      'FILE line 5: appservice.asTokenFile: expected the name of a file',
    ]);
  });

  test('are marked as such in the schema: the list is complete', () => {
    expect(secretPaths(configSchema).map((path) => path.join('.'))).toEqual([
      'appservice.asToken',
      'appservice.hsToken',
      'doublePuppet.asToken',
      'database.url',
      'secrets.vaultKey',
      'secrets.identityKey',
    ]);
  });

  test('never show in anything printed from the configuration', () => {
    const text = `${GOOD}database:\n  url: postgres://u:password-canary@h/d\nnetworks:\n  telegram:\n    apiId: 1\n    apiHash: ${API_HASH}\n`;
    const config = load(text);
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      String(config.secrets.vaultKey),
    ].join('\n');
    for (const canary of [AS, HS, API_HASH, 'password-canary', key(1), key(2)]) expect(printed).not.toContain(canary);
    expect(printed).toContain('(secret)');
  });

  test('the sample is understood once its placeholders are filled in', () => {
    const sample = readFileSync(new URL('../../config/config.sample.yaml', import.meta.url), 'utf8');
    writeFileSync(join(dir, 'vault.key'), key(1));
    writeFileSync(join(dir, 'identity.key'), key(2));
    chmodSync(join(dir, 'vault.key'), 0o600);
    const filled = sample
      .replace('url: CHANGE-ME', 'url: http://localhost:8008')
      .replace('serverName: CHANGE-ME', 'serverName: hs.test')
      .replace('asToken: CHANGE-ME', `asToken: ${AS}`)
      .replace('hsToken: CHANGE-ME', `hsToken: ${HS}`)
      .replace('asToken: CHANGE-ME', `asToken: double-${AS}`);
    const config = loadConfig({ path: file(filled), environment: {}, networks: sectionSchemas() });
    expect(config.doublePuppet.enabled).toBe(false);
    expect(config.networks).toEqual({});
    // Every setting stands in the sample, so that people find it.
    for (const [section, schema] of Object.entries(configSchema.shape)) {
      expect(sample).toContain(`\n${section}:`);
      const inner = 'shape' in schema ? Object.keys(schema.shape) : [];
      for (const name of inner) expect(sample).toMatch(new RegExp(`\\n(?:  | *# *)${name}(?:File)?:`));
    }
    for (const [network, schema] of Object.entries(sectionSchemas())) {
      // The toy network is for tests alone.
      if (network === 'pigeon') continue;
      const [, section = ''] = new RegExp(`\\n  (?:# )?${network}:\\n((?:    .*\\n)*)`).exec(sample) ?? [];
      for (const name of settingsOf(schema)) expect(section).toMatch(new RegExp(`^    (?:# *)?${name}(?:File)?:`, 'm'));
    }
  });
});

/** Names of settings, also of those within others; where a simulator stands in is none of an operator's. */
function settingsOf(schema: unknown): string[] {
  const { shape, def } = schema as { shape?: Record<string, unknown>; def?: { innerType?: unknown } };
  if (shape === undefined) return def?.innerType === undefined ? [] : settingsOf(def.innerType);
  const names = Object.entries(shape).filter(([name]) => name !== 'test' && name !== 'dangerousTestServers');
  return names.flatMap(([name, inner]) => [name, ...settingsOf(inner)]);
}
