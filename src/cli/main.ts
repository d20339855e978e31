// The command line: reads the words, calls the attic, says the outcome in plain sentences and gives the exit code.
import { endingOf } from '../app/failures.ts';
import { defaultConfigPath } from '../app/settings.ts';
import { version } from '../app/version.ts';
import { parseCommandLine } from './arguments.ts';
import { checkConfiguration } from './config-check.ts';
import { databaseCommand } from './database.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodes } from '../app/exit-codes.ts';
import type { Handler, Surroundings } from './handler.ts';
import { helpText } from './help.ts';
import { checkRegistration, generateRegistration } from './registration.ts';
import { run } from './run.ts';

const handlers: Readonly<Record<string, Handler>> = {
  run,
  'config check': checkConfiguration,
  'registration generate': generateRegistration,
  'registration check': checkRegistration,
  'db migrate': databaseCommand,
  'db status': databaseCommand,
  'db backup': databaseCommand,
  'db restore': databaseCommand,
  doctor: doctorCommand,
};

/** @returns the exit code; never throws */
export async function runCommandLine(
  args: readonly string[],
  around: Surroundings = processSurroundings(),
): Promise<number> {
  try {
    const command = parseCommandLine(args);
    if (command === 'help' || command === 'version') {
      around.say(command === 'help' ? helpText(version()) : version());
      return exitCodes.ok;
    }
    const path = command.config ?? defaultConfigPath(around.environment);
    const handler = handlers[command.name];
    return handler === undefined ? exitCodes.usage : await handler(command, path, around);
  } catch (error) {
    const { exitCode, lines } = endingOf(error);
    for (const line of lines) around.warn(line);
    return exitCode;
  }
}

/** A fault that nobody caught ends the program in one sentence: its message may quote anything, so it is not shown. */
export function sayUnexpectedEnds(): void {
  process.on('uncaughtException', (error) => {
    const { exitCode, lines } = endingOf(error);
    for (const line of lines) process.stderr.write(`${line}\n`);
    process.exit(exitCode);
  });
}

function processSurroundings(): Surroundings {
  return {
    environment: process.env,
    say: (line) => process.stdout.write(`${line}\n`),
    warn: (line) => process.stderr.write(`${line}\n`),
  };
}
