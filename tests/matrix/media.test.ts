// Media through the wing's own client against the homeserver double: what Synapse refuses is refused here too.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { startHomeserver, type Homeserver } from '../../sandbox/homeserver/homeserver.ts';
import { MatrixClient } from '../../src/matrix/client.ts';
import { MatrixMedia } from '../../src/matrix/media.ts';
import { openMatrix } from '../../src/matrix/index.ts';
import { effectId } from '../../src/model/effect.ts';
import { qrCode } from '../../src/model/qr-code.ts';
import { BridgeError } from '../../src/model/errors.ts';
import { as, type NetworkId, type PersonId, type UserId } from '../../src/model/ids.ts';
import type { MediaStream } from '../../src/ports/network.ts';
import type { Vault } from '../../src/ports/stores.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { MemoryDatabase } from '../support/memory-database.ts';
import { memoryVault } from '../support/memory-records.ts';
import { memoryStore } from '../support/memory-store.ts';
import { quiet } from '../support/quiet.ts';

let dir: string;
let hs: Homeserver;
let client: MatrixClient;
let media: MatrixMedia;
let clock: MemoryClock;
let vault: Vault;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'media-'));
  const registration = join(dir, 'bridge.json');
  writeFileSync(
    registration,
    JSON.stringify({
      id: 'bridge',
      url: null,
      as_token: 'as-token',
      hs_token: 'hs-token',
      sender_localpart: 'nobody',
      'io.element.msc4190': true,
      namespaces: { users: [{ regex: '@_x_.*', exclusive: true }], aliases: [], rooms: [] },
    }),
  );
  hs = await startHomeserver({ kind: 'double', registrations: [registration], dir });
  clock = new MemoryClock();
  client = new MatrixClient({ url: hs.url, clock });
  const body = { type: 'm.login.application_service', username: '_x_bot', inhibit_login: true };
  await client.ask({ token: 'as-token' }, 'POST', '/_matrix/client/v3/register', { body });
  const who = { token: 'as-token', user: as<UserId>('@_x_bot:hs.test') };
  vault = memoryVault(new MemoryDatabase(clock));
  media = new MatrixMedia(client, who, vault, () => clock.now());
});

afterEach(async () => {
  await client.close();
  await hs.dispose();
  rmSync(dir, { recursive: true, force: true });
});

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('in two '));
  yield Buffer.from('pieces');
}

test.each<[string, Pick<MediaStream, 'size'>]>([
  ['says how long it is', { size: 13 }],
  ['does not say how long it is', {}],
])('a stream that %s arrives, and a second try fills the same address', async (_name, size) => {
  const stream = (): MediaStream => ({ mime: 'text/plain', chunks: pieces(), ...size });
  const uri = await media.upload(effectId('picture', 0), stream(), 'name');
  expect(await media.upload(effectId('picture', 0), stream(), 'name')).toBe(uri);
  const back = await media.open({ from: 'matrix', uri });
  const chunks: Uint8Array[] = [];
  for await (const chunk of back.chunks) chunks.push(chunk);
  expect([back.mime, Buffer.concat(chunks).toString()]).toEqual(['text/plain', 'in two pieces']);
});

test('an address is remembered as long as it may be filled, and no longer', async () => {
  const upload = async (part: number): Promise<string> =>
    await media.upload(effectId('picture', part), { mime: 'text/plain', chunks: pieces(), size: 13 }, 'name');
  const uri = await upload(0);
  clock.pass(19 * 3_600_000);
  await upload(1);
  expect(await media.prune()).toBe(0);
  expect(await upload(0)).toBe(uri);
  clock.pass(3_600_000);
  expect(await media.prune()).toBe(1);
  expect((await vault.readAll('matrix:media')).size).toBe(1);
  expect(await upload(0)).not.toBe(uri);
});

test('a code comes as a picture of black and white squares with a light margin', async () => {
  const drawn = await media.draw(effectId('code', 0), 'https://matrix.org');
  expect(drawn).toMatchObject({ kind: 'image', mime: 'image/png', source: { from: 'matrix' } });
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await media.open(drawn.source)).chunks) chunks.push(chunk);
  const png = Buffer.concat(chunks);
  expect(png.length).toBe(drawn.size);
  const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
  const squares = qrCode('https://matrix.org');
  expect([info.width, info.height]).toEqual([(squares.length + 8) * 6, (squares.length + 8) * 6]);
  const read = squares.map((row, y) => row.map((_, x) => data[((y + 4) * 6 + 3) * info.width + (x + 4) * 6 + 3] === 0));
  expect(read).toEqual(squares);
  const margin = data.subarray(0, info.width * 4 * 6);
  expect(margin.every((grey) => grey === 255)).toBe(true);
});

test('a picture that cannot be had leaves its ghost a voice', async () => {
  const clock = new MemoryClock();
  const store = memoryStore('a', new MemoryDatabase(clock));
  const wing = await openMatrix({
    url: hs.url,
    serverName: 'hs.test',
    appserviceId: 'bridge',
    asToken: 'as-token',
    hsToken: 'hs-token',
    botLocalpart: '_x_bot',
    prefixes: { pigeon: 'x' },
    networkTitles: { pigeon: 'Pigeon' },
    identityKey: new Uint8Array(32),
    federate: true,
    botPower: 100,
    ghostPower: true,
    spaces: false,
    stores: store,
    queue: store.queue,
    log: quiet,
    clock,
    openNetworkMedia: async () =>
      await Promise.reject(new BridgeError('pigeon-refused', 'never', 'network.refused', { values: { code: 'gone' } })),
  });
  try {
    const avatar = { hash: 'h', source: { from: 'network', handle: 'p' } } as const;
    const person = { id: as<PersonId>('bob'), name: 'Bob', avatar };
    const ghost = await wing.api.ghost(as<NetworkId>('pigeon'), as<PersonId>('bob'), person);
    const profile = await fetch(`${hs.url}/_matrix/client/v3/profile/${encodeURIComponent(ghost.user)}`);
    expect(await profile.json()).toEqual({ displayname: 'Bob (Pigeon)' });
  } finally {
    await wing.close();
  }
});
