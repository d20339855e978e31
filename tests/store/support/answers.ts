// Whether a Postgres server answers now; knows no table.
import { Client } from 'pg';

export async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  // A server that is gone is an answer here, not a fault.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
