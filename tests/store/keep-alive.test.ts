// Connections to the database ask whether the other end is still there, as the kernel and the server say it; the probes themselves are the kernel's.
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { openDb } from '../../src/store/db.ts';
import { testPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

const SERVER = ['tcp_keepalives_count', 'tcp_keepalives_idle', 'tcp_keepalives_interval'];
/** Of /proc/net/tcp: what runs for a connection is its keep-alive timer. */
const KEEP_ALIVE = '02';

/** Seconds until the kernel asks after each connection that goes to this port. */
function probes(port: number): readonly number[] {
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, , remote = '', , , timer = ''] = line.trim().split(/\s+/);
    const [kind, ticks = ''] = timer.split(':');
    if (Number.parseInt(remote.split(':')[1] ?? '', 16) !== port || kind !== KEEP_ALIVE) return [];
    return [Number.parseInt(ticks, 16) / 100];
  });
}

test('every connection is asked after within a minute, by both ends', async () => {
  const postgres = await testPostgres();
  // No host stands in it: the server listens on a Unix socket alone.
  const [, user = '', database = '', folder = ''] =
    /^postgres:\/\/(\w+)@\/(\w+)\?host=(.+)$/.exec(await postgres.database()) ?? [];
  const path = `${decodeURIComponent(folder)}/.s.PGSQL.5432`;
  const proxy = createServer((client) => {
    const server = connect(path);
    client.pipe(server).pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const db = openDb({ url: `postgres://${user}@127.0.0.1:${port}/${database}`, log: quiet, connections: 4 });
  const alone = await db.connect();
  try {
    for (const one of [db.sync, db.relaxed, alone]) {
      const { rows } = await one.query<{ reset_val: string }>(
        'select reset_val from pg_settings where name = any ($1) order by name',
        [SERVER],
      );
      expect(rows.map(({ reset_val: value }) => value)).toEqual(['3', '30', '10']);
    }
    const asked = probes(port);
    expect(asked).toHaveLength(3);
    expect(Math.max(...asked)).toBeLessThanOrEqual(31);
  } finally {
    await alone.end();
    await db.close();
    proxy.close();
    await postgres.stop();
  }
});
