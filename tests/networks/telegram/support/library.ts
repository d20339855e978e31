// The library's own client against the simulated Telegram, with nothing of ours around it but the way there; for tests that show
// what it does by itself.
import { allCures } from '../../../../src/networks/telegram/cures.ts';
import { LibraryClient } from '../../../../src/networks/telegram/wire/library.ts';
import { LibraryLog } from '../../../../src/networks/telegram/wire/library-log.ts';
import { TapSession } from '../../../../src/networks/telegram/wire/session.ts';
import { socketClass } from '../../../../src/networks/telegram/wire/socket.ts';
import type { Person, TelegramSandbox } from '../../../../sandbox/telegram/control-client.ts';
import { quiet } from '../../../support/quiet.ts';

/** A socket that goes to the simulator and is told of by nobody. */
export function socketTo(
  { dcs }: Pick<TelegramSandbox, 'dcs'>,
  ended: AbortSignal = new AbortController().signal,
): ReturnType<typeof socketClass> {
  return socketClass({
    connectMs: 5_000,
    opening: () => undefined,
    closed: () => undefined,
    ended,
    redirect: new Map(Object.entries(dcs).map(([dc, port]) => [`10.255.0.${dc}`, { host: '127.0.0.1', port }])),
  });
}

/** Connected; signed in as `person`, if one is given. All cures off but those that a test can say. */
export async function bareLibrary(
  sandbox: TelegramSandbox,
  person?: Person,
  more: { readonly ownPings?: boolean } = {},
): Promise<LibraryClient> {
  const off = Object.fromEntries(Object.keys(allCures).map((cure) => [cure, false])) as unknown as typeof allCures;
  const session = new TapSession(() => undefined, false);
  if (person === undefined) session.setDC(4, '10.255.0.4', 443);
  else {
    const { dc, address, key } = await sandbox.command('createKey', { account: person.id });
    await session.restore({ dc, address, key: Buffer.from(key, 'base64') });
  }
  const client = new LibraryClient({
    session,
    apiId: 1,
    apiHash: '0'.repeat(32),
    deviceModel: 'test',
    appVersion: '0',
    log: new LibraryLog(quiet, () => undefined),
    socket: socketTo(sandbox),
    // Its ping loop would go on for seconds after the test.
    cures: { ...off, ownPings: true, ...more },
  });
  await client.connect();
  return client;
}
