// `npm run bench -- --plans`: the plans on a Postgres of its own with a million links, as a table for people. Knows no plan.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDb } from '../src/store/db.ts';
import { startEmbedded } from '../src/store/embedded.ts';
import { migrate } from '../src/store/migrate.ts';
import { examine, silent, type Report } from './plans.ts';

const LINKS = 1_000_000;
const SHOWN = 100;

/** @throws Error when something is read from end to end */
export async function reportPlans(say: (sentence: string) => void): Promise<void> {
  say(`Filling a database with ${LINKS} links; this takes half a minute.`);
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-plans-'));
  const server = await startEmbedded({ dir, fsync: false });
  let report: Report;
  try {
    const db = openDb({ url: server.url, log: silent, connections: 4 });
    await migrate(db.sql);
    await db.close();
    report = await examine(server.url, { links: LINKS });
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  for (const { statement, reads } of report.looks) {
    process.stdout.write(
      `${reads.length === 0 ? '(no table that grows)' : reads.join(', ')}\n    ${statement.slice(0, SHOWN)}\n`,
    );
  }
  const rows = Object.entries(report.read).filter(([, count]) => count > 0);
  process.stdout.write(`Rows read by all of it: ${rows.map(([table, count]) => `${table} ${count}`).join(', ')}.\n`);
  const faults = report.looks.flatMap((look) =>
    look.faults.map((fault) => `${fault}: ${look.statement.slice(0, SHOWN)}`),
  );
  if (faults.length > 0) throw new Error(`read from end to end:\n${faults.join('\n')}`);
  process.stdout.write(`${report.looks.length} statements with ${LINKS} links: none reads a table from end to end.\n`);
}
