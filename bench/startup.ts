// From exec to the first message on the wire with ten thousand portals in the database; knows rows, not what starting does.
import { Client } from 'pg';
import { as, toNetworkLane, loginOwner, portalKeyText, type RoomId, type UserId } from '../src/model/ids.ts';
import { PEER_PREFIX } from '../src/networks/telegram/cursor.ts';
import { directChatId, personId, puppetId, TELEGRAM } from '../src/networks/telegram/ids.ts';
import { vaultScope } from '../src/ports/network.ts';
import { atMost, type Finding } from './finding.ts';
import { hearTape } from './hear-tape.ts';
import type { House } from './house.ts';
import { SERVER_NAME, type Stage } from './stage.ts';

const PORTALS = 10_000;
const LIMIT_MS = 5_000;
const GIVEN_UP_MS = 60_000;
const TEXT = 'the first of the queue';

export async function startup(stage: Stage): Promise<readonly Finding[]> {
  const house = await stage.house('startup', stage.telegram);
  await fill(stage, house);
  let stop: () => void = () => undefined;
  const firstFrame = new Promise<number>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the queued message did not come within a minute')), GIVEN_UP_MS);
    hearTape(stage.telegram.control, ({ way, text, at }) => {
      if (way !== 'in' || text !== TEXT) return;
      clearTimeout(late);
      resolve(at);
    }).then((stopTape) => {
      stop = stopTape;
    }, reject);
  });
  const bridge = house.start();
  try {
    const ms = (await firstFrame) - bridge.startedAt;
    return [atMost(`startup.portals-${PORTALS}`, ms / 1000, 's', LIMIT_MS / 1000)];
  } finally {
    stop();
    await bridge.stop();
  }
}

/** One login in ten thousand chats with ten messages each behind them, and one message that waits. */
async function fill(stage: Stage, house: House): Promise<void> {
  const owner = as<UserId>(`@starter:${SERVER_NAME}`);
  const account = await stage.telegram.person('Starter');
  const contact = await stage.telegram.person('Waiting');
  // So that both know each other.
  await stage.telegram.write(contact.id, account.id, 'hello');
  await stage.telegram.signIn(house, owner, account);
  const receiver = puppetId(owner, account.id);
  const client = new Client({ connectionString: house.database });
  await client.connect();
  try {
    await client.query(
      `insert into portal (key, network, chat, receiver, room, kind, name, person, state, facts)
       select 'telegram/u' || n || '@' || $1::text, 'telegram', 'u' || n, $1, '!start' || n || ':hs.test', 'direct', 'Chat ' || n,
         'u' || n, 'open', '["direct:u' || n || '"]' from generate_series(1, $2::int) as n`,
      [receiver, PORTALS - 1],
    );
    await client.query(
      `insert into message_link (effect, portal, network, receiver, message, part, event, room, direction, sender, at)
       select 'old' || n || '_' || m, 'telegram/u' || n || '@' || $1::text, 'telegram', $1, n || '0' || m, 0,
         '$old' || n || '_' || m, '!start' || n || ':hs.test', 'to-matrix', 'u' || n, 1700000000000
       from generate_series(1, $2::int) as n, generate_series(1, 10) as m`,
      [receiver, PORTALS - 1],
    );
  } finally {
    await client.end();
  }
  // What the login knows of each of them, sealed; the one who waits is found among its chats.
  for (let from = 1; from < PORTALS; from += 1000) {
    const people = Array.from({ length: Math.min(1000, PORTALS - from) }, (_, index) => from + index);
    await house.store.vault.write(
      people.map((id) => ({
        scope: vaultScope(receiver),
        key: `${PEER_PREFIX}${id}`,
        value: Buffer.from(`${id}000000007`),
      })),
    );
  }
  const room = as<RoomId>('!waiting:hs.test');
  const key = { network: TELEGRAM, chat: directChatId(contact.id), receiver };
  await house.store.portals.add({
    key,
    room,
    kind: 'direct',
    person: personId(contact.id),
    state: 'open',
    encrypted: false,
    facts: [`direct:${portalKeyText(key)}`],
    away: false,
  });
  await house.store.queue.accept({
    entries: [
      {
        key: '$waiting',
        lane: toNetworkLane(room, owner),
        owner: loginOwner(receiver),
        payload: {
          from: 'matrix',
          event: {
            type: 'm.room.message',
            event_id: '$waiting',
            room_id: room,
            sender: owner,
            origin_server_ts: Date.now(),
            content: { msgtype: 'm.text', body: TEXT },
          },
        },
      },
    ],
  });
}
