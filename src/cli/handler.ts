// What a command is: a function of the words, the configuration's path and the world around it, ending in an exit code.
import type { Environment } from '../app/settings.ts';
import type { Command } from './arguments.ts';

/** What a command may touch of the world around it. */
export interface Surroundings {
  readonly environment: Environment;
  /** A line on standard output: what was asked for. */
  readonly say: (line: string) => void;
  /** A line on standard error: what went wrong or is going on. */
  readonly warn: (line: string) => void;
}

export type Handler = (command: Command, path: string, around: Surroundings) => Promise<number>;
