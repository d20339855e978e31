// The health listener: what each address answers while checks pass, fail, throw or hang.
import { afterEach, expect, test } from '@jest/globals';
import { startHealth, type Health, type HealthCheck } from '../../src/app/health.ts';

let health: Health | undefined;
afterEach(async () => await health?.close());

async function start(
  live: Record<string, HealthCheck>,
  ready: Record<string, HealthCheck>,
  limitMs = 50,
): Promise<string> {
  health = await startHealth({ host: '127.0.0.1', port: 0, live, ready, limitMs });
  return `http://127.0.0.1:${health.port}`;
}

test('live and ready are asked apart', async () => {
  let database = false;
  const base = await start({ loop: () => true }, { database: () => database, lanes: () => Promise.resolve(true) });
  const live = await fetch(`${base}/health/live`);
  expect([live.status, await live.json()]).toEqual([200, { status: 'ok', checks: { loop: true } }]);
  const before = await fetch(`${base}/health/ready`);
  expect([before.status, await before.json()]).toEqual([
    503,
    { status: 'failing', checks: { database: false, lanes: true } },
  ]);
  database = true;
  expect((await fetch(`${base}/health/ready?verbose=1`)).status).toBe(200);
});

test('a check that throws or hangs has failed, and the others are still told', async () => {
  const broken = (): Promise<boolean> => Promise.reject(new Error('canary'));
  const sudden = (): boolean => {
    throw new Error('canary');
  };
  const endless = async (): Promise<boolean> => await new Promise<boolean>(() => undefined);
  const base = await start({}, { broken, sudden, endless, fine: () => true });
  const answer = await fetch(`${base}/health/ready`);
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { status: 'failing', checks: { broken: false, sudden: false, endless: false, fine: true } },
  ]);
});

test('other addresses and methods are refused', async () => {
  const base = await start({}, {});
  expect((await fetch(`${base}/`)).status).toBe(404);
  expect((await fetch(`${base}/constructor`)).status).toBe(404);
  expect((await fetch(`${base}/health/live`, { method: 'POST' })).status).toBe(405);
});

test('an address in use is told by its code', async () => {
  const base = await start({}, {});
  const port = Number(new URL(base).port);
  await expect(startHealth({ host: '127.0.0.1', port, live: {}, ready: {} })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
