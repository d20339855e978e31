// Reads the command line into a command and its options; runs nothing.
import { parseArgs } from 'node:util';
import { nearest } from '../config/spelling.ts';
import { exitCodes, Refusal } from '../app/exit-codes.ts';

export interface Command {
  /** Its words, for example `db backup`. */
  readonly name: string;
  /** What follows the words: file names. */
  readonly rest: readonly string[];
  readonly config: string | undefined;
  readonly slot: string | undefined;
  readonly registration: string | undefined;
  readonly afterRestore: boolean;
  readonly quick: boolean;
}

interface Form {
  readonly rest?: string;
  readonly options?: readonly string[];
  readonly what: string;
}

/** One row per command: help and checks are made from it. */
export const commands: Readonly<Record<string, Form>> = {
  run: { what: 'start the bridge', options: ['slot', 'after-restore'] },
  'config check': { what: 'say everything that is wrong with the configuration' },
  'registration generate': { what: 'write the registrations for the homeserver', options: ['registration'] },
  'registration check': { what: 'compare them with the configuration', options: ['registration'] },
  'db migrate': { what: 'bring the database up to date' },
  'db status': { what: 'say where the database stands' },
  'db backup': { what: 'write everything in the database to FILE', rest: 'FILE' },
  'db restore': { what: 'fill an empty database from FILE', rest: 'FILE' },
  doctor: { what: 'look for what would hurt, and say what to do', options: ['quick'] },
};

const options = {
  config: { type: 'string' },
  slot: { type: 'string' },
  registration: { type: 'string' },
  'after-restore': { type: 'boolean' },
  quick: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

const optionHelp: Readonly<Record<string, string>> = {
  '--config PATH': 'the configuration (default config/config.yaml, or PASSERELLE_CONFIG)',
  '--slot NAME': 'run: the name of this worker, stable over restarts (default worker.slot)',
  '--after-restore': 'run: the database is an older one, brought back from a backup',
  '--registration PATH': 'registration: the file (default registration.yaml beside the configuration)',
  '--quick': 'doctor: leave out what makes a room on the homeserver',
};

/** @throws Refusal naming the word that was not understood */
export function parseCommandLine(args: readonly string[]): Command | 'help' | 'version' {
  const { values, positionals } = parsed(args);
  if (values.help === true || positionals[0] === 'help') return 'help';
  if (values.version === true) return 'version';
  const name = nameOf(positionals);
  const form = commands[name];
  const rest = positionals.slice(name.split(' ').length);
  if (form === undefined) throw notUnderstood(positionals);
  if (rest.length !== (form.rest === undefined ? 0 : 1)) {
    throw usage(form.rest === undefined ? `"${name}" takes nothing more.` : `"${name}" takes one ${form.rest}.`);
  }
  for (const option of Object.keys(values)) {
    if (option === 'config' || form.options?.includes(option) === true) continue;
    throw usage(`"${name}" has no option --${option}.`);
  }
  return {
    name,
    rest,
    config: values.config,
    slot: values.slot,
    registration: values.registration,
    afterRestore: values['after-restore'] ?? false,
    quick: values.quick ?? false,
  };
}

function parsed(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const word = args.find(
      (arg) => arg.startsWith('-') && !Object.hasOwn(options, arg.replace(/^-+/, '').split('=')[0] ?? ''),
    );
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && word !== undefined) {
      const typed = word.split('=')[0] ?? word;
      const near = nearest(typed, Object.keys(options));
      throw usage(`There is no option ${typed}.${near === undefined ? '' : ` Did you mean --${near}?`}`);
    }
    throw usage('An option has no value, or one that it does not take.');
  }
}

function nameOf(words: readonly string[]): string {
  const two = words.slice(0, 2).join(' ');
  return Object.hasOwn(commands, two) ? two : (words[0] ?? 'run');
}

function notUnderstood(words: readonly string[]): Refusal {
  const family = Object.keys(commands).filter((name) => name.startsWith(`${words[0]} `));
  if (family.length > 0)
    return usage(`"${words[0]}" needs one of: ${family.map((name) => name.split(' ')[1]).join(', ')}.`);
  const firsts = [...new Set(Object.keys(commands).map((name) => name.split(' ')[0] ?? name))];
  const near = nearest(words[0] ?? '', firsts);
  return usage(`There is no command "${words[0]}"${near === undefined ? '.' : `; did you mean "${near}"?`}`);
}

function usage(sentence: string): Refusal {
  return new Refusal(exitCodes.usage, `${sentence} "passerelle --help" lists everything.`);
}

export function optionLines(): readonly (readonly [string, string])[] {
  return Object.entries(optionHelp);
}
