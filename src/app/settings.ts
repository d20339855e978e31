// Reads the configuration with every network's own section; the one way the faces get it.
import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { keyBytes } from '../config/builders.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../ports/stores.ts';
import { exitCodes, Refusal } from './exit-codes.ts';
import { makeLogger } from './logger.ts';
import { sectionSchemas } from './network-sections.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export function defaultConfigPath(environment: Environment): string {
  return environment['PASSERELLE_CONFIG'] || 'config/config.yaml';
}

/** @throws ConfigError, or Refusal when there is none at all */
export function readConfig(path: string, environment: Environment): Config {
  if (isUnconfigured(path, environment)) {
    throw new Refusal(
      exitCodes.configuration,
      `There is no configuration at ${path}: name yours with --config, or let "passerelle run" write a first one there.`,
    );
  }
  return loadConfig({ path, environment, networks: sectionSchemas() });
}

/** Neither a file nor a homeserver in the environment: other settings may come from an image, and make no bridge. */
export function isUnconfigured(path: string, environment: Environment): boolean {
  if (existsSync(path)) return false;
  return !Object.entries(environment).some(
    ([name, value]) => name.startsWith('PASSERELLE_HOMESERVER__') && value !== undefined && value !== '',
  );
}

/** Ids in logs are keyed by the identity key, so that they stay comparable over restarts and workers. */
export function loggerFor(config: Config): Logger {
  return makeLogger({ level: config.logging.level, key: keyBytes(config.secrets.identityKey) });
}
