// The registrations as the homeserver reads them, and every difference that the check must find.
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bridgeRegistration,
  compareRegistration,
  doublePuppetRegistration,
  registrationText,
} from '../../src/app/registration.ts';
import { readConfig } from '../../src/app/settings.ts';
import { readYaml } from '../../src/config/yaml.ts';

const dir = mkdtempSync(join(tmpdir(), 'passerelle-registration-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const path = join(dir, 'config.yaml');
writeFileSync(
  path,
  `homeserver: {url: "http://localhost:8008", serverName: hs.test}
appservice: {asToken: ${'a'.repeat(40)}, hsToken: ${'h'.repeat(40)}, senderLocalpart: nobody}
doublePuppet: {enabled: true, asToken: ${'d'.repeat(40)}, localparts: 'alice|bob'}
secrets: {vaultKey: '${'0'.repeat(64)}', identityKey: '${'1'.repeat(64)}'}
`,
);
const config = readConfig(path, {});
const wanted = bridgeRegistration(config);
const text = registrationText(wanted, 'comment');

test('the registration of the bridge', () => {
  expect(readYaml(text).value).toEqual({
    id: 'passerelle',
    url: 'http://127.0.0.1:9009',
    as_token: 'a'.repeat(40),
    hs_token: 'h'.repeat(40),
    sender_localpart: 'nobody',
    rate_limited: false,
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    'io.element.msc4190': true,
    protocols: ['telegram', 'whatsapp', 'pigeon'],
    namespaces: {
      users: [
        { regex: String.raw`@_(tg|wa|pg)_.*:hs\.test`, exclusive: true },
        { regex: String.raw`@passerelle:hs\.test`, exclusive: true },
      ],
      aliases: [{ regex: String.raw`#_(tg|wa|pg)_.*:hs\.test`, exclusive: true }],
      rooms: [],
    },
  });
});

test('the sample at the top of the tree is what would be made for it', () => {
  const sample = readYaml(readFileSync(join(import.meta.dirname, '../../registration.yaml'), 'utf8')).value;
  const ours = join(dir, 'ours.yaml');
  writeFileSync(
    ours,
    `homeserver: {url: "http://localhost:8008", serverName: example.org}
appservice: {asToken: ${'a'.repeat(40)}, hsToken: ${'h'.repeat(40)}, senderLocalpart: _passerelle_sender}
secrets: {vaultKey: '${'0'.repeat(64)}', identityKey: '${'1'.repeat(64)}'}
`,
  );
  const made = readYaml(registrationText(bridgeRegistration(readConfig(ours, {})), 'comment')).value;
  expect(sample).toEqual({ ...(made as object), as_token: 'CHANGE-ME', hs_token: 'CHANGE-ME' });
});

test('the registration of double puppets covers people, shares them and is sent nothing', () => {
  const made = doublePuppetRegistration(config);
  expect(made).toMatchObject({
    id: 'passerelle-doublepuppet',
    url: null,
    as_token: 'd'.repeat(40),
    rate_limited: false,
    namespaces: { users: [{ regex: String.raw`@(?:alice|bob):hs\.test`, exclusive: false }], aliases: [], rooms: [] },
  });
  expect(made?.hs_token).toMatch(/^[0-9a-f]{64}$/);
  expect(made?.sender_localpart).not.toBe(wanted.sender_localpart);
});

test('a file made from the configuration has no difference', () => {
  expect(compareRegistration(text, wanted)).toEqual([]);
});

test.each<[string, string, string, readonly string[]]>([
  ['id', 'id: passerelle', 'id: other', ['id is "other", expected "passerelle" (appservice.id)']],
  [
    'url',
    '127.0.0.1:9009',
    'bridge:9009',
    ['url is "http://bridge:9009", expected "http://127.0.0.1:9009" (appservice.url)'],
  ],
  ['as_token', 'a'.repeat(40), 'canary', ['as_token is not the one in the configuration (appservice.asToken)']],
  ['hs_token', /hs_token.*\n/.exec(text)?.[0] ?? '', '', ['hs_token is missing (appservice.hsToken)']],
  ['rate limits', 'rate_limited: false', 'rate_limited: true', ['rate_limited is true, expected false']],
  ['ephemeral', 'receive_ephemeral: true\n', '', ['receive_ephemeral is missing']],
  [
    'a namespace',
    String.raw`@passerelle:hs\.test`,
    String.raw`@bot:hs\.test`,
    [
      String.raw`namespaces.users lacks @passerelle:hs\.test (exclusive)`,
      String.raw`namespaces.users has @bot:hs\.test (exclusive), which the configuration does not make`,
    ],
  ],
  [
    'exclusiveness of aliases',
    /aliases:[^]*exclusive: true/.exec(text)?.[0] ?? '',
    (/aliases:[^]*exclusive: true/.exec(text)?.[0] ?? '').replace('exclusive: true', 'exclusive: false'),
    [
      String.raw`namespaces.aliases lacks #_(tg|wa|pg)_.*:hs\.test (exclusive)`,
      String.raw`namespaces.aliases has #_(tg|wa|pg)_.*:hs\.test (shared), which the configuration does not make`,
    ],
  ],
  ['broken YAML', text, 'canary: [', ['line 1: this is not valid YAML (bad indent)']],
  ['no registration', text, 'canary', ['this is not a registration']],
])('a difference in %s', (_, from, to, expected) => {
  expect(text).toContain(from);
  const found = compareRegistration(text.replace(from, to), wanted);
  expect(found).toEqual(expected);
  expect(found.join()).not.toMatch(/canary|a{40}|h{40}/);
});

test('what the operator adds is theirs', () => {
  expect(compareRegistration(`${text}org.matrix.msc3202: true\n`, wanted)).toEqual([]);
});
