// What a message asks of the database is found by an index; shown with enough rows that a table read from end to end would be seen.
// With a million: `npm run bench -- --plans`.
import { expect, test } from '@jest/globals';
import { examine } from '../../bench/plans.ts';
import { testPostgres } from '../support/postgres.ts';

test('nothing that is asked for a message reads a table from end to end', async () => {
  const postgres = await testPostgres();
  try {
    const report = await examine(await postgres.database(), { links: 20_000 });
    expect(report.looks.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(report.looks.length).toBeGreaterThan(40);
    expect(report.forgotten).toEqual([]);
    // What stands inside functions has no plan to be seen: it is counted.
    for (const [table, rows] of Object.entries(report.read)) expect([table, rows < 1000]).toEqual([table, true]);
  } finally {
    await postgres.stop();
  }
}, 120_000);
