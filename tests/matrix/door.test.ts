// The transaction door over real HTTP: its answers, what it hands on, and that no body can break it.
import { afterEach, describe, expect, test } from '@jest/globals';
import { TransactionDoor } from '../../src/matrix/transaction-door.ts';
import type { MatrixEphemeral } from '../../src/model/matrix-event.ts';
import { quiet } from '../support/quiet.ts';

const BASE = '/_matrix/app/v1';
const open: TransactionDoor[] = [];

interface Heard {
  readonly taken: { receipt: string | undefined; events: readonly unknown[] }[];
  readonly passing: MatrixEphemeral[];
  readonly ask: (method: string, path: string, body?: string, token?: string) => Promise<Response>;
}

async function door(fail = false): Promise<Heard> {
  const taken: Heard['taken'] = [];
  const passing: MatrixEphemeral[] = [];
  const one = new TransactionDoor({
    hsToken: 'secret',
    protocols: { telegram: 'Telegram' },
    userExists: (user) => Promise.resolve(user === '@_tg_a:hs.test'),
    log: quiet,
  });
  open.push(one);
  const port = await one.listen(
    {
      accept: (receipt, events) => {
        if (fail) return Promise.reject(new Error('no database'));
        taken.push({ receipt, events });
        return Promise.resolve(events.length);
      },
      ephemeral: (event) => void passing.push(event),
    },
    { host: '127.0.0.1', port: 0 },
  );
  const ask = async (method: string, path: string, body?: string, token = 'Bearer secret'): Promise<Response> =>
    await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...(token === '' ? {} : { authorization: token }), connection: 'close' },
      ...(body === undefined ? {} : { body }),
    });
  return { taken, passing, ask };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (one) => await one.close()));
});

describe('the transaction door', () => {
  test('lets in the token of the header only', async () => {
    const { ask, taken } = await door();
    expect((await ask('PUT', `${BASE}/transactions/1?access_token=secret`, '{}', '')).status).toBe(401);
    expect((await ask('PUT', `${BASE}/transactions/1`, '{}', 'Bearer wrong')).status).toBe(403);
    expect(taken).toEqual([]);
  });

  test('hands all events on at once, whatever they are', async () => {
    const { ask, taken } = await door();
    const events = [{ type: 'a' }, null, 7, ['x'], 'y'];
    const answer = await ask('PUT', `${BASE}/transactions/t%201`, JSON.stringify({ events }));
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    expect(taken).toEqual([{ receipt: 't 1', events }]);
  });

  test('answers 503 when nothing could be written down', async () => {
    const { ask } = await door(true);
    expect((await ask('PUT', `${BASE}/transactions/1`, '{"events":[{}]}')).status).toBe(503);
  });

  test('hears what passes by once, under either key or both', async () => {
    const { ask, passing } = await door();
    const typing = [{ type: 'm.typing', room_id: '!r', content: { user_ids: ['@a:hs.test'] } }];
    for (const body of [
      { events: [], ephemeral: typing, 'de.sorunome.msc2409.ephemeral': typing },
      { events: [], 'de.sorunome.msc2409.ephemeral': typing },
    ]) {
      await ask('PUT', `${BASE}/transactions/1`, JSON.stringify(body));
    }
    const heard = { kind: 'typing', room: '!r', users: ['@a:hs.test'] };
    expect(passing).toEqual([heard, heard]);
  });

  test('takes 31 MB and refuses 33', async () => {
    const { ask, taken } = await door();
    const body = (size: number): string => JSON.stringify({ events: [{ pad: 'x'.repeat(size) }] });
    expect((await ask('PUT', `${BASE}/transactions/1`, body(31 * 1024 * 1024))).status).toBe(200);
    expect(taken).toHaveLength(1);
    expect((await ask('PUT', `${BASE}/transactions/2`, body(33 * 1024 * 1024))).status).toBe(413);
  });

  test('knows its paths and verbs', async () => {
    const { ask } = await door();
    const table: readonly (readonly [string, string, number])[] = [
      ['POST', '/ping', 200],
      ['GET', '/ping', 405],
      ['GET', '/users/%40_tg_a%3Ahs.test', 200],
      ['GET', '/users/%40_tg_b%3Ahs.test', 404],
      ['GET', '/rooms/%23x%3Ahs.test', 404],
      ['GET', '/thirdparty/protocol/telegram', 200],
      ['GET', '/thirdparty/protocol/irc', 404],
      ['GET', '/thirdparty/user', 200],
      ['GET', '/thirdparty/location/telegram', 200],
      ['GET', '/transactions/1', 405],
      ['GET', '/elsewhere', 404],
    ];
    for (const [method, path, status] of table) {
      expect([method, path, (await ask(method, BASE + path)).status]).toEqual([method, path, status]);
    }
  });

  test('survives bodies that are not transactions', async () => {
    const { ask } = await door();
    for (const body of ['', '{', '[]', 'null', '1', '{"events":{}}', '{"events":"x"}', '{"__proto__":{"events":[]}}']) {
      const { status } = await ask('PUT', `${BASE}/transactions/1`, body);
      expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
    }
  });
});
