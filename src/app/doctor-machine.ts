// Doctor's checks of what is on this side of the homeserver: database, seal, disk, the registration's file, the networks.
import { endingOf } from './failures.ts';
import type { DatabaseFacts } from './database.ts';
import type { Finding, Settled } from './doctor-doors.ts';

const MIB = 1024 * 1024;
const DISK_WARN = 2048 * MIB;
const DISK_FAIL = 200 * MIB;

export function checkDisk(freeBytes: number): Finding {
  const seen = `${Math.floor(freeBytes / MIB)} MiB free where the bridge writes`;
  if (freeBytes < DISK_FAIL)
    return { check: 'disk', state: 'fail', seen, todo: 'make room now: Postgres stops when the disk is full' };
  if (freeBytes < DISK_WARN) return { check: 'disk', state: 'warn', seen, todo: 'make room, or move the database' };
  return { check: 'disk', state: 'ok', seen };
}

export function checkDatabase(facts: Settled<DatabaseFacts>): Finding {
  const check = 'database';
  if (!facts.ok) {
    const [sentence = ''] = endingOf(facts.error).lines;
    const [seen = '', ...todo] = sentence.split(/: (?=[a-z])/);
    return {
      check,
      state: 'fail',
      seen: lowerFirst(seen),
      todo: todo.join(': ') || 'start Postgres and check database.url',
    };
  }
  const { applied, missing, unknown } = facts.value.schema;
  if (unknown.length > 0) {
    const seen = `it was made by a newer version (step ${unknown.at(-1)})`;
    return { check, state: 'fail', seen, todo: 'start that version, or restore a backup made by this one' };
  }
  if (applied.length === 0) return { check, state: 'ok', seen: 'it answers, and is empty: the first start fills it' };
  if (missing.length === 0) return { check, state: 'ok', seen: `it answers, schema ${applied.at(-1)}` };
  const todo = 'run "passerelle db migrate", or just start: it does the same';
  return { check, state: 'warn', seen: `it answers, ${missing.length} step(s) behind this version`, todo };
}

export function checkVault(facts: DatabaseFacts): Finding {
  const check = 'vault key';
  if (facts.vault === 'fits') return { check, state: 'ok', seen: 'it opens what the database holds' };
  if (facts.vault === 'empty') return { check, state: 'ok', seen: 'nothing is sealed yet' };
  const todo = 'bring back the key that was in use (secrets.vaultKey); without it every login must be made again';
  return { check, state: 'fail', seen: 'it is not the one the database was sealed with', todo };
}

export function checkRegistrationFile(differences: readonly string[]): Finding {
  const check = 'registration';
  if (differences.length === 0) return { check, state: 'ok', seen: 'the file fits the configuration' };
  const more = differences.length === 1 ? '' : ` (and ${differences.length - 1} more)`;
  const todo = 'write it anew with "passerelle registration generate", give it to the homeserver and restart that';
  return { check, state: 'warn', seen: `${differences[0]}${more}`, todo };
}

export async function checkNetwork(id: string, probe: () => Promise<void>): Promise<Finding> {
  try {
    await probe();
    return { check: id, state: 'ok', seen: 'its servers can be reached' };
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    const why = typeof code === 'string' ? ` (${code})` : '';
    const todo = `let this machine connect to the servers of ${id}: check firewall, proxy and name resolution`;
    return { check: id, state: 'fail', seen: `its servers cannot be reached${why}`, todo };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
