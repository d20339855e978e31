// `config check`: says everything that is wrong with the configuration, or that nothing is.
import { registrationDifferences, registrationPaths } from '../app/first-start.ts';
import { readConfig } from '../app/settings.ts';
import { exitCodes } from '../app/exit-codes.ts';
import type { Handler } from './handler.ts';

export const checkConfiguration: Handler = async (_command, path, { environment, say }) => {
  const config = readConfig(path, environment);
  const networks = Object.entries(config.networks).filter(([, section]) => section.enabled);
  say(`${path}: the configuration is right.`);
  say(
    `Homeserver ${config.homeserver.serverName}, networks: ${networks.map(([id]) => id).join(', ') || 'none is enabled'}.`,
  );
  if (config.administrators.length === 0) say('Nobody is an administrator: rules can only come from this file.');
  if (config.rules.length === 0)
    say('There are no rules here: nobody may do anything until an administrator allows it.');
  const allows = (...actions: readonly string[]): boolean =>
    config.rules.some(({ allow = '' }) => actions.includes(allow));
  if (allows('bridge') && !allows('start-chat', 'any')) {
    say('No rule here allows start-chat: nobody may write first to somebody new until an administrator allows it.');
  }
  if (registrationDifferences(config, registrationPaths(config.source.path)).length > 0) {
    say('The registration does not fit it: see "passerelle registration check".');
  }
  return await Promise.resolve(exitCodes.ok);
};
