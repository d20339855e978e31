// Keys are read through an outage of the database: the library would refuse messages to the server for good.
import { beforeAll, expect, test } from '@jest/globals';
import { BridgeError, FencedError } from '../../../src/model/errors.ts';
import { allCures } from '../../../src/networks/whatsapp/cures.ts';
import { DraftLedger } from '../../../src/networks/whatsapp/state/ledger.ts';
import { mendLibsignal } from '../../../src/networks/whatsapp/state/libsignal.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { Party } from './support/party.ts';
import { Post } from './support/post.ts';

/** Its database is away for so many reads. */
class Away extends DraftLedger {
  away = 0;
  why: Error = new BridgeError('database-unreachable', 'later', 'fault.internal');

  override async read(key: string): Promise<Uint8Array | undefined> {
    this.away -= 1;
    if (this.away >= 0) throw this.why;
    return await super.read(key);
  }
}

beforeAll(() => mendLibsignal(allCures));

test('a message that comes while the database is away is read when it is back', async () => {
  const [post, ledger, clock] = [new Post(), new Away(), new MemoryClock()];
  const anna = await Party.open({ number: 1, ledger, post, clock });
  const boris = await Party.open({ number: 2, ledger: new DraftLedger(), post });
  await anna.uploadPreKeys(2);
  await boris.send(anna, 'b1', 'hello');
  ledger.away = 3;
  const coming = anna.catchUp();
  while (ledger.away >= 0) {
    clock.pass(10_000);
    await new Promise(setImmediate);
  }
  await coming;
  expect(anna.heard).toEqual([{ id: 'b1', text: 'hello' }]);
  expect(anna.unread).toEqual([]);
});

test('whoever has lost the login, or closes it, does not wait', async () => {
  const ledger = new Away();
  const anna = await Party.open({ number: 1, ledger, post: new Post() });
  [ledger.away, ledger.why] = [1, new FencedError('login')];
  await expect(anna.state.keys.get('session', ['x'])).rejects.toThrow(FencedError);
  [ledger.away, ledger.why] = [10, new BridgeError('database-unreachable', 'later', 'fault.internal')];
  const read = anna.state.keys.get('session', ['x']);
  await anna.close();
  await expect(read).rejects.toThrow();
});
