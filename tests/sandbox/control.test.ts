// The control server and client that every simulator shares: what is answered, refused, and waited for.
import { afterEach, expect, test } from '@jest/globals';
import { sendCommand, WorldClient } from '../../sandbox/control-client.ts';
import { serveControl, type ControlServer } from '../../sandbox/control-server.ts';
import { endProcess, startProcess } from '../../sandbox/process.ts';
import { Refusal } from '../../sandbox/refusal.ts';
import { Version } from '../../sandbox/version.ts';

interface Words {
  double: [{ number: number }, number];
  refuse: [object, null];
  nothing: [object, null];
  version: [object, { version: number }];
  waitChange: [{ version: number; timeout: number }, { version: number }];
}

let server: ControlServer | undefined;
const version = new Version();
const serve = async (): Promise<WorldClient<Words>> => {
  server = await serveControl<Words>(
    {
      double: ({ number }) => number * 2,
      refuse: () => {
        throw new Refusal(400, 'NOT_SO');
      },
      nothing: () => null,
      version: () => ({ version: version.current }),
      waitChange: async ({ version: since, timeout }) => {
        await version.changed(since, timeout);
        return { version: version.current };
      },
    },
    0,
    { words: (response) => void response.end('one two') },
  );
  return new WorldClient<Words>('the toy', server.url, null);
};

afterEach(async () => {
  await server?.close();
  server = undefined;
});

test('a command is answered, refused with its code and words, or unknown', async () => {
  const client = await serve();
  expect(await client.command('double', { number: 21 })).toBe(42);
  expect(await client.command('nothing', {})).toBeNull();
  await expect(client.command('refuse', {})).rejects.toThrow('refuse: 400 NOT_SO');
  await expect(sendCommand(client.control, 'toString')).rejects.toThrow('no command toString');
  expect((await fetch(`${client.control}/double`)).status).toBe(404);
  const spoiled = await fetch(`${client.control}/double`, { method: 'POST', body: 'not json' });
  expect([spoiled.status, Object.keys((await spoiled.json()) as object)]).toEqual([400, ['error']]);
  const large = await fetch(`${client.control}/nothing`, { method: 'POST', body: ' '.repeat(4 * 1024 * 1024 + 1) });
  expect(await large.json()).toEqual({ error: 'the body is too large' });
  expect(await (await fetch(`${client.control}/words`)).text()).toBe('one two');
});

test('a wait looks again at each change, and ends in vain with its own name', async () => {
  const client = await serve();
  const looked: number[] = [];
  const waiting = client.waitFor(async () => {
    looked.push(version.current);
    return await Promise.resolve(looked.length === 3 && 'found');
  });
  while (looked.length < 3) {
    version.touch();
    await new Promise(setImmediate);
  }
  expect(await waiting).toBe('found');
  await expect(client.waitFor(async () => await Promise.resolve(null), 0)).rejects.toThrow('0 ms for the toy in vain');
});

test('a process that ends before it is ready says so, one that is ready ends with its starter', async () => {
  const start = async (program: string) =>
    await startProcess<{ port: number }>('the toy', '--input-type=module', ['-e', program]);
  await expect(start('process.exit(7)')).rejects.toThrow('the toy ended with code 7 before it was ready');
  const { ready, child } = await start('console.log(JSON.stringify({ port: 5 })); process.stdin.resume()');
  expect(ready).toEqual({ port: 5 });
  await endProcess(child);
  expect(child.exitCode).toBe(0);
  await endProcess(child);
});
