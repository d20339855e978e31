// The defects of the Signal library under Baileys, each mended and not mended (docs/whatsapp-library.md).
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { allCures } from '../../../src/networks/whatsapp/cures.ts';
import { DraftLedger, type LedgerChange } from '../../../src/networks/whatsapp/state/ledger.ts';
import { digestOf, mendLibsignal, refuseOther, signalLibrary } from '../../../src/networks/whatsapp/state/libsignal.ts';
import { Pauses } from './support/chance.ts';
import { Party } from './support/party.ts';
import { copyOf, Post } from './support/post.ts';
import { slow } from './support/slow.ts';

const METHODS = ['debug', 'info', 'log', 'warn', 'error', 'trace', 'dir'] as const;

afterEach(() => {
  mendLibsignal(allCures);
  jest.restoreAllMocks();
});

async function pair(): Promise<{ post: Post; anna: Party; boris: Party }> {
  const post = new Post();
  const anna = await Party.open({ number: 1, ledger: new DraftLedger(), post });
  const boris = await Party.open({ number: 2, ledger: new DraftLedger(), post });
  await anna.uploadPreKeys(5);
  await boris.uploadPreKeys(5);
  return { post, anna, boris };
}

/** Both begin at once, each has two sessions then; messages of both, and one that nobody can read. */
async function glareOnce({ anna, boris, post }: Awaited<ReturnType<typeof pair>>): Promise<void> {
  await anna.send(boris, 'a1', 'from anna');
  await boris.send(anna, 'b1', 'from boris');
  await Promise.all([anna.catchUp(), boris.catchUp()]);
  await anna.send(boris, 'a2', 'again from anna');
  await boris.send(anna, 'b2', 'again from boris');
  await Promise.all([anna.catchUp(), boris.catchUp()]);
  await boris.send(anna, 'b3', 'spoilt');
  const [spoilt] = post.waiting(anna.jid);
  if (spoilt === undefined) throw new Error('nothing was sent');
  const bad = copyOf(spoilt);
  if (Array.isArray(bad.content) && bad.content[0]?.content instanceof Uint8Array) bad.content[0].content.fill(7, 40);
  await anna.receive(bad);
}

describe('defect 8: private keys are printed', () => {
  test('the console stays silent', async () => {
    const spies = METHODS.map((method) => jest.spyOn(console, method).mockImplementation(() => undefined));
    mendLibsignal(allCures);
    await glareOnce(await pair());
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
  });

  test('the library prints sessions by itself (cure silence: false)', async () => {
    const spies = METHODS.map((method) => jest.spyOn(console, method).mockImplementation(() => undefined));
    mendLibsignal({ copies: false, ownContext: true, silence: false });
    await glareOnce(await pair());
    const printed = spies.flatMap((spy) => spy.mock.calls.flat() as unknown[]);
    expect(printed.filter((one) => typeof one === 'object' && one !== null && 'currentRatchet' in one)).not.toEqual([]);
  });

  test('others may print as before', () => {
    const spy = jest.spyOn(console, 'info').mockImplementation(() => undefined);
    mendLibsignal(allCures);
    globalThis['console']['info']('somebody else');
    expect(spy.mock.calls).toEqual([['somebody else']]);
  });
});

describe('defect 5: work on a session runs in the transaction of another', () => {
  /** Two logins of this process read a message of the same contact at once. @returns commits that moved a ratchet without keeping the plaintext */
  async function ratchetsAlone(ownContext: boolean): Promise<number> {
    mendLibsignal({ ...allCures, ownContext });
    let alone = 0;
    for (const seed of [1, 2, 3, 4, 5, 6]) alone += await twoAtOnce(new Pauses(seed));
    return alone;
  }

  async function twoAtOnce(pauses: Pauses): Promise<number> {
    const post = new Post();
    const commits: (readonly LedgerChange[])[] = [];
    const watched = (): DraftLedger => {
      const ledger = new DraftLedger();
      const write = ledger.write.bind(ledger);
      ledger.write = async (changes) => {
        commits.push(changes);
        await write(changes);
      };
      return ledger;
    };
    const cora = await Party.open({ number: 3, ledger: new DraftLedger(), post });
    const two = [
      await Party.open({ number: 1, ledger: slow(watched(), pauses), post }),
      await Party.open({ number: 2, ledger: slow(watched(), pauses), post }),
    ];
    for (const party of two) {
      await party.uploadPreKeys(2);
      await cora.send(party, `for ${party.jid}`, 'hello');
    }
    commits.length = 0;
    await Promise.all(two.map(async (party) => await party.catchUp()));
    const hasKey = (changes: readonly LedgerChange[], prefix: string): boolean =>
      changes.some(({ key }) => key.startsWith(prefix));
    return commits.filter((changes) => hasKey(changes, 'signal/session/') && !hasKey(changes, 'journal/')).length;
  }

  test('each commit that moves a ratchet has the plaintext in it', async () => {
    expect(await ratchetsAlone(true)).toBe(0);
  });

  test('a ratchet moves alone when two logins meet (cure ownContext: false)', async () => {
    expect(await ratchetsAlone(false)).toBeGreaterThan(0);
  });

  test('what a caller is in, its work is in', async () => {
    mendLibsignal(allCures);
    const context = new AsyncLocalStorage<string>();
    const { SessionCipher } = signalLibrary();
    const cipher = Object.assign(Object.create(SessionCipher.prototype) as typeof SessionCipher.prototype, {
      addr: { id: '1', toString: () => '1.0' },
      storage: { isTrustedIdentity: () => true },
    });
    const seen = await Promise.all(
      ['first', 'second'].map(async (name) =>
        context.run(name, async () => await cipher.queueJob(async () => await Promise.resolve(context.getStore()))),
      ),
    );
    expect(seen).toEqual(['first', 'second']);
  });
});

describe('defect 3: a failed try moves a ratchet', () => {
  /** @returns of four messages how many were read, and how many sessions one of them changed at most */
  async function afterGlare(copies: boolean): Promise<{ readonly read: number; readonly most: number }> {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    mendLibsignal({ ...allCures, copies });
    const scene = await pair();
    const { anna, boris } = scene;
    await glareOnce(scene);
    let most = 0;
    for (const number of [4, 5, 6, 7]) {
      const before = await sessionsOf(anna);
      await boris.send(anna, `b${number}`, 'after');
      await anna.catchUp();
      const after = await sessionsOf(anna);
      most = Math.max(most, [...after].filter(([baseKey, session]) => before.get(baseKey) !== session).length);
    }
    return { read: anna.heard.filter(({ text }) => text === 'after').length, most };
  }

  async function sessionsOf(party: Party): Promise<ReadonlyMap<string, string>> {
    const [record] = Object.values(await party.keys.get('session', ['2_1.0']));
    const { _sessions: sessions } = record as unknown as { _sessions: Record<string, { _chains: unknown }> };
    return new Map(Object.entries(sessions).map(([key, session]) => [key, JSON.stringify(session._chains)]));
  }

  test('one message changes one session', async () => {
    expect(await afterGlare(true)).toEqual({ read: 4, most: 1 });
  });

  test('messages cannot be read after others were tried in place (cure copies: false)', async () => {
    expect((await afterGlare(false)).read).toBeLessThan(4);
  });
});

test('another library than the known one is refused', () => {
  const { SessionBuilder, SessionRecord } = signalLibrary();
  const SessionCipher = (): void => undefined;
  const other = { ...signalLibrary(), SessionCipher, SessionBuilder, SessionRecord } as unknown as Parameters<
    typeof digestOf
  >[0];
  expect(() => refuseOther(digestOf(other))).toThrow('another than the one');
  expect(() => refuseOther(digestOf(signalLibrary()))).not.toThrow();
});
