// `registration generate` and `registration check`: the files that the homeserver reads.
import {
  registrationDifferences,
  registrationPaths,
  writeRegistrations,
  type RegistrationPaths,
} from '../app/first-start.ts';
import { readConfig } from '../app/settings.ts';
import type { Config } from '../config/schema.ts';
import type { Command } from './arguments.ts';
import { exitCodes } from '../app/exit-codes.ts';
import type { Handler } from './handler.ts';

export const generateRegistration: Handler = async (command, path, { environment, say }) => {
  const config = readConfig(path, environment);
  const written = writeRegistrations(config, pathsOf(command, config));
  say(
    `Written: ${written.join(' and ')}. List what you use under app_service_config_files of the homeserver and restart it.`,
  );
  return await Promise.resolve(exitCodes.ok);
};

export const checkRegistration: Handler = async (command, path, { environment, say }) => {
  const config = readConfig(path, environment);
  const differences = registrationDifferences(config, pathsOf(command, config));
  for (const one of differences) say(one);
  if (differences.length === 0) say('The registration fits the configuration.');
  else say('Write it anew with "passerelle registration generate", give it to the homeserver and restart that.');
  return await Promise.resolve(differences.length === 0 ? exitCodes.ok : exitCodes.found);
};

function pathsOf(command: Command, config: Config): RegistrationPaths {
  const beside = registrationPaths(config.source.path);
  return command.registration === undefined ? beside : { ...beside, bridge: command.registration };
}
