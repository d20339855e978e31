// The appservice library in a process of its own, as it is used: what it does, what it leaves alone, and that it says nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BOT, WingWorld } from '../support/wing-world.ts';

let world: WingWorld;
beforeAll(async () => {
  world = await WingWorld.start();
});
afterAll(async () => await world.end());

const INTENTS = new URL('../../src/matrix/intents.ts', import.meta.url).href;

/** Runs these lines under plain Node, with `intents` at hand. */
async function run(lines: string): Promise<{ said: string; complained: string; code: number }> {
  const options = {
    url: world.hs.url,
    serverName: 'hs.test',
    appserviceId: 'bridge',
    asToken: 'as-token',
    hsToken: 'hs-token',
  };
  const script = `
    import { Intents } from ${JSON.stringify(INTENTS)};
    const clock = { now: () => Date.now(), sleep: async () => undefined };
    const intents = new Intents({ ...${JSON.stringify(options)}, clock });
    const fails = async (work) => await work.then(() => 'no', (error) => error.code);
    ${lines}
    await intents.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const heard = { said: '', complained: '' };
  child.stdout.on('data', (chunk: Buffer) => (heard.said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (heard.complained += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { ...heard, code };
}

test('says nothing, whatever fails, and lets its process end', async () => {
  const heard = await run(`
    const user = ${JSON.stringify(BOT)};
    await intents.register(user);
    await intents.register(user);
    await intents.setName(user, 'Passerelle');
    console.log(await fails(intents.join(user, '!nowhere:hs.test')));
    console.log(await fails(intents.join('@somebody:hs.test', '!nowhere:hs.test')));
    console.log(await fails(intents.setState(user, '!nowhere:hs.test', 'm.room.name', '', { name: 'canary' })));`);
  expect(heard).toEqual({ said: expect.stringMatching(/^(?:matrix-[a-z-]+\n){3}$/), complained: '', code: 0 });
});

test('speaks as whom it is told, the bot too, and never as the registration’s sender', async () => {
  const heard = await run(`
    const user = ${JSON.stringify(BOT)};
    await intents.register(user);
    await intents.setName(user, 'The bot itself');
    await intents.register('@_pg_one:hs.test');
    await intents.setName('@_pg_one:hs.test', 'A ghost');`);
  expect(heard).toEqual({ said: '', complained: '', code: 0 });
  const nameOf = async (user: string): Promise<unknown> =>
    (await world.ask('as-token', 'GET', `/profile/${user}`)).body['displayname'];
  // A name of its own that nobody gave it.
  expect([await nameOf(BOT), await nameOf('@_pg_one:hs.test'), await nameOf('@x7f3:hs.test')]).toEqual([
    'The bot itself',
    'A ghost',
    'x7f3',
  ]);
});
