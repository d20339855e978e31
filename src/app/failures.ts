// Turns whatever went wrong into one sentence for people and an exit code; no stack and no foreign message reaches them.
import { ConfigError } from '../config/problems.ts';
import { BridgeError } from '../model/errors.ts';
import { exitCodes, Refusal } from './exit-codes.ts';
import { VaultKeyError } from '../store/vault.ts';
import { safeError } from './safe-error.ts';

export interface Ending {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

export function endingOf(error: unknown): Ending {
  if (error instanceof Refusal) return { exitCode: error.exitCode, lines: [error.message] };
  if (error instanceof ConfigError) return { exitCode: exitCodes.configuration, lines: configurationLines(error) };
  if (error instanceof VaultKeyError) return { exitCode: exitCodes.vaultKey, lines: [error.message] };
  const code = codeOf(error);
  if (error instanceof BridgeError && error.code.startsWith('database')) {
    return { exitCode: exitCodes.database, lines: [databaseSentence(codeOf(error.cause))] };
  }
  if (code === 'EADDRINUSE') {
    return {
      exitCode: exitCodes.inUse,
      lines: [`${addressOf(error)} is in use: another bridge runs there, or choose another port.`],
    };
  }
  return { exitCode: exitCodes.internal, lines: unexpected(error) };
}

function configurationLines(error: ConfigError): readonly string[] {
  const many =
    error.problems.length === 1
      ? 'One thing in the configuration is'
      : `${error.problems.length} things in the configuration are`;
  return [`${many} not right:`, ...error.problems.map((one) => `  ${one.where}: ${one.why}`)];
}

export function databaseSentence(code: string | undefined): string {
  return `The database ${databaseReasons[code ?? ''] ?? `does not answer${code === undefined ? '' : ` (${code})`}: check database.url and that Postgres runs.`}`;
}

/** By error code of the socket or SQLSTATE. */
const databaseReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: start Postgres, or correct host and port in database.url.',
  ENOTFOUND: 'is on a host that cannot be found: correct the host in database.url.',
  ETIMEDOUT: 'does not answer in time: check the network and the firewall between here and Postgres.',
  ENOENT: 'has no socket where database.url says: start Postgres, or correct the path.',
  '28P01': 'does not accept the password: correct it in database.url.',
  '28000': 'does not let this user in: check database.url and pg_hba.conf.',
  '3D000': 'server has no database of that name: create it, or correct the name in database.url.',
  '53300': 'has no connection left: raise max_connections of Postgres, or lower database.connections.',
  '57P03': 'is still starting: try again in a moment.',
  '42501': 'does not let this user create tables: make it the owner of its database.',
};

function unexpected(error: unknown): readonly string[] {
  const { class: kind, code, at } = safeError(error);
  const where = at?.find((frame) => frame.includes('/src/') || frame.includes('/dist/'));
  const place =
    where === undefined ? '' : ` at ${where.replace(/^.*[/\\](?=(?:src|dist)[/\\])/, '').replace(/\)$/, '')}`;
  return [
    `Something unexpected happened (${kind}${code === undefined ? '' : ` ${code}`}${place}). Please report it with this line.`,
  ];
}

function addressOf(error: unknown): string {
  const { address, port } = error as { readonly address?: unknown; readonly port?: unknown };
  return typeof address === 'string' && typeof port === 'number'
    ? `The address ${address}:${port}`
    : 'The address to listen on';
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
