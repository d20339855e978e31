// `run`: starts the bridge, or writes a first configuration and stops; never starts on a half-filled one.
import { completeRegistrations, writeFirstConfiguration } from '../app/first-start.ts';
import { quickenKeys } from '../app/quick-keys.ts';
import { isUnconfigured, loggerFor, readConfig } from '../app/settings.ts';
import { exitCodes } from '../app/exit-codes.ts';
import type { Handler } from './handler.ts';

export const run: Handler = async (command, path, { environment, warn }) => {
  if (isUnconfigured(path, environment)) {
    for (const line of writeFirstConfiguration(path)) warn(line);
    return exitCodes.toFillIn;
  }
  const config = readConfig(path, environment);
  const completed = completeRegistrations(config);
  if (completed.length > 0) {
    warn(`Completed for ${config.homeserver.serverName}: ${completed.join(' and ')}.`);
    warn(
      'List them under app_service_config_files of the homeserver (the second only with doublePuppet.enabled), restart',
    );
    warn('the homeserver, then start the bridge again.');
    return exitCodes.toFillIn;
  }
  quickenKeys();
  // Only now: the wings are heavy, and every other answer should come at once.
  const { runBridge } = await import('../app/lifecycle.ts');
  return await runBridge(config, loggerFor(config), {
    ...(command.slot === undefined ? {} : { slot: command.slot }),
    afterRestore: command.afterRestore,
  });
};
