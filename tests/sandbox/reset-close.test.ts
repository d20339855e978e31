// How a broken connection ends for good, as every simulator counts on it.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { closeAfterReset } from '../../sandbox/reset-close.ts';

let server: Server;
let client: Socket;
let accepted: Socket;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = once(server, 'connection') as Promise<[Socket]>;
  client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    .on('error', () => undefined)
    .resume();
  [accepted] = await connection;
});

afterEach(() => {
  client.destroy();
  server.close();
});

/** A shutdown is under way when the reset comes, and something destroys the socket before either is through. */
function resetWhileShuttingDown(): void {
  accepted.end('the last word');
  accepted.resetAndDestroy();
  accepted.destroy();
}

test('a connection that is reset while it is being shut down says that it is closed', async () => {
  closeAfterReset(accepted);
  const closed = once(accepted, 'close');
  resetWhileShuttingDown();
  await expect(closed).resolves.toEqual([true]);
});

test('Node itself says nothing then', async () => {
  let closes = 0;
  accepted.on('close', () => closes++);
  accepted.on('error', ({ syscall }: NodeJS.ErrnoException) => {
    expect(syscall).toBe('reset');
    // What it keeps open would keep this process.
    accepted.unref();
  });
  resetWhileShuttingDown();
  await once(client, 'end');
  expect({ closed: accepted.closed, closes }).toEqual({ closed: true, closes: 0 });
});

test.each([['resetAndDestroy'], ['destroy']] as const)('an ordinary %s says it once', async (end) => {
  let closes = 0;
  closeAfterReset(accepted);
  accepted.on('close', () => closes++);
  const closed = once(accepted, 'close');
  accepted[end]();
  await closed;
  await new Promise(setImmediate);
  expect(closes).toBe(1);
});
