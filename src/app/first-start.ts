// The first start: writes a configuration with fresh tokens and keys, and the registrations that go with it; starts nothing.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PLACEHOLDER } from '../config/load.ts';
import { Secret } from '../model/secret.ts';
import { editYaml } from '../config/yaml.ts';
import type { Config } from '../config/schema.ts';
import { exitCodes, Refusal } from './exit-codes.ts';
import { bridgeRegistration, compareRegistration, doublePuppetRegistration, registrationText } from './registration.ts';

const PRIVATE = 0o600;
const SAMPLE = new URL('../../config/config.sample.yaml', import.meta.url);

export interface RegistrationPaths {
  readonly bridge: string;
  readonly doublePuppet: string;
}

/** Beside the configuration. */
export function registrationPaths(configPath: string): RegistrationPaths {
  const dir = dirname(configPath);
  return { bridge: join(dir, 'registration.yaml'), doublePuppet: join(dir, 'doublepuppet.yaml') };
}

/**
 * Never overwrites a configuration or a key.
 * @returns what to tell the person, line by line
 * @throws Refusal when the folder cannot be written, or holds a finished registration without its configuration
 */
export function writeFirstConfiguration(path: string): readonly string[] {
  const dir = dirname(path);
  const paths = registrationPaths(path);
  if (existsSync(paths.bridge) && !readFileSync(paths.bridge, 'utf8').includes(PLACEHOLDER)) {
    throw new Refusal(
      exitCodes.configuration,
      `${paths.bridge} exists, but ${path} does not: bring its configuration back, or move the registration away to begin anew.`,
    );
  }
  try {
    mkdirSync(dir, { recursive: true });
    const kept = ['vault.key', 'identity.key'].filter((name) => !writeKey(join(dir, name)));
    writeAll(path, paths);
    return guidance(path, paths, kept);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new Refusal(
      exitCodes.configuration,
      `There is no configuration, and a first one cannot be written to ${dir} (${code}): make ${path} from config/config.sample.yaml.`,
      error,
    );
  }
}

function writeAll(path: string, paths: RegistrationPaths): void {
  const token = (): string => randomBytes(32).toString('base64url');
  const [asToken, hsToken, doubleToken] = [token(), token(), token()];
  const senderLocalpart = `_passerelle_${randomBytes(8).toString('hex')}`;
  const text = editYaml(readFileSync(SAMPLE, 'utf8').replace(SAMPLE_HEAD, FIRST_HEAD), [
    { path: ['appservice', 'senderLocalpart'], value: senderLocalpart },
    { path: ['appservice', 'asToken'], value: asToken },
    { path: ['appservice', 'hsToken'], value: hsToken },
    { path: ['doublePuppet', 'asToken'], value: doubleToken },
  ]);
  const sketch = {
    homeserver: { url: PLACEHOLDER, serverName: PLACEHOLDER },
    appservice: {
      id: 'passerelle',
      host: '127.0.0.1',
      port: 9009,
      url: 'http://127.0.0.1:9009',
      botLocalpart: 'passerelle',
      senderLocalpart,
      asToken: new Secret(asToken),
      hsToken: new Secret(hsToken),
    },
    doublePuppet: { enabled: false, asToken: new Secret(doubleToken), localparts: '.*' },
  };
  writeRegistrations(sketch, paths);
  // Last, so that a start that dies here begins anew instead of finding half of it.
  writePrivate(path, text);
}

const SAMPLE_HEAD = /^# The first `npm start` writes.*$/m;
const FIRST_HEAD = '# Fill in what says CHANGE-ME, then start again. The tokens and keys are fresh and yours alone.';

/** @returns the files written */
export function writeRegistrations(
  config: Pick<Config, 'appservice' | 'homeserver' | 'doublePuppet'>,
  paths: RegistrationPaths,
): readonly string[] {
  const both = [
    { path: paths.bridge, made: bridgeRegistration(config), comment: COMMENT },
    { path: paths.doublePuppet, made: doublePuppetRegistration(config), comment: DOUBLE_COMMENT },
  ];
  return both.flatMap(({ path, made, comment }) => {
    if (made === undefined) return [];
    writePrivate(path, registrationText(made, comment));
    return [path];
  });
}

const COMMENT = `For the homeserver: list this file under app_service_config_files and restart it.
Made by Passerelle from its configuration; holds secrets.`;
const DOUBLE_COMMENT = `For the homeserver, only with doublePuppet.enabled: lets the bridge speak as the people it covers.
Made by Passerelle from its configuration; holds a key to their accounts.`;

/**
 * After the server name was filled in, the registrations of the first start still lack it.
 * @returns the files completed now; empty when there was nothing to do
 */
export function completeRegistrations(config: Config): readonly string[] {
  const paths = registrationPaths(config.source.path);
  const unfinished = existsSync(paths.bridge) && readFileSync(paths.bridge, 'utf8').includes(PLACEHOLDER);
  return unfinished ? writeRegistrations(config, paths) : [];
}

/** Differences between the registrations beside the configuration and what it would make; a missing file is one too. */
export function registrationDifferences(config: Config, paths: RegistrationPaths): readonly string[] {
  const pairs = [{ path: paths.bridge, wanted: bridgeRegistration(config) }];
  const double = config.doublePuppet.enabled ? doublePuppetRegistration(config) : undefined;
  if (double !== undefined) pairs.push({ path: paths.doublePuppet, wanted: double });
  return pairs.flatMap(({ path, wanted }) => {
    if (!existsSync(path)) return [`${path}: there is no such file; "passerelle registration generate" writes it`];
    return compareRegistration(readFileSync(path, 'utf8'), wanted).map((one) => `${path}: ${one}`);
  });
}

/** @returns false when the key is already there: it may be the only copy */
function writeKey(path: string): boolean {
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: PRIVATE, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whole or not at all, and never readable by others for a moment. */
function writePrivate(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: PRIVATE });
  chmodSync(draft, PRIVATE);
  renameSync(draft, path);
}

function guidance(path: string, paths: RegistrationPaths, kept: readonly string[]): readonly string[] {
  return [
    'There was no configuration yet. A first one is written, readable by you alone:',
    `  ${path}  every setting with its reason`,
    `  ${paths.bridge} and ${paths.doublePuppet}  for the homeserver`,
    `  ${join(dirname(path), 'vault.key')} and identity.key  keep copies apart from the database${kept.length === 0 ? '' : ` (${kept.join(', ')} was there and is kept)`}`,
    'Now fill in, in the first file:',
    '  1. homeserver.url and homeserver.serverName; appservice.url, if the homeserver runs on another machine',
    '  2. administrators and rules: nobody may do anything until a rule allows it',
    '  3. a network: enabled: true, and for Telegram apiId and apiHash from https://my.telegram.org',
    'Start again: the registrations are completed. List them under app_service_config_files of the homeserver and restart it.',
    'Then start once more. "passerelle doctor" says what is still missing, "passerelle --help" what else there is.',
  ];
}
