// How the program ends: one code per kind of trouble, for scripts and service managers; knows no sentence.

export const exitCodes = {
  /** Done, or stopped as asked. */
  ok: 0,
  /** A fault of the program itself. */
  internal: 1,
  /** The command line was not understood. */
  usage: 2,
  /** A configuration was written or completed; it must be filled in or handed to the homeserver before the next start. */
  toFillIn: 10,
  /** The configuration is wrong. */
  configuration: 11,
  /** The database cannot be reached, or is newer than this version. */
  database: 12,
  /** The vault key is not the one the database was sealed with. */
  vaultKey: 13,
  /** The database is older than the bridge's own memory (a restored backup): start once with --after-restore. */
  restored: 14,
  /** The homeserver cannot be reached or does not know the registration. */
  homeserver: 15,
  /** An address or a worker slot is in use. */
  inUse: 16,
  /** `doctor` or a `check` found something wrong. */
  found: 20,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One line per code, for --help and the documentation. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done, or stopped as asked',
  1: 'a fault of the program itself',
  2: 'the command line was not understood',
  10: 'a configuration was written: fill it in, give the registration to the homeserver, start again',
  11: 'the configuration is wrong',
  12: 'the database cannot be reached, or is newer than this version',
  13: 'the vault key does not fit the database',
  14: 'the database is an older one (a restored backup): start once with --after-restore',
  15: 'the homeserver cannot be reached, or does not know the registration',
  16: 'an address or a worker slot is in use',
  20: 'doctor or a check found something wrong',
};

/** An end that people can act on: `message` is one clear sentence for them. */
export class Refusal extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.exitCode = exitCode;
  }
}
