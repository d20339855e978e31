// The journal inside the Signal repository: what was decrypted is kept with the ratchet, comes again when it was not taken, and is
// known when it is delivered twice.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { WAMessageStubType, type BinaryNode } from '@whiskeysockets/baileys';
import { allCures } from '../../../src/networks/whatsapp/cures.ts';
import { DraftLedger, type LedgerChange } from '../../../src/networks/whatsapp/state/ledger.ts';
import { mendLibsignal } from '../../../src/networks/whatsapp/state/libsignal.ts';
import { rereadMessage } from '../../../src/networks/whatsapp/state/reread.ts';
import { withTransactions } from '../../../src/networks/whatsapp/state/repository.ts';
import type { Row } from '../../../src/networks/whatsapp/state/row.ts';
import { Party } from './support/party.ts';
import { copyOf, Post } from './support/post.ts';
import { silent } from './support/silent.ts';

const GROUP = '9@g.us';

class Watched extends DraftLedger {
  readonly commits: (readonly LedgerChange[])[] = [];

  override async write(changes: readonly LedgerChange[]): Promise<void> {
    this.commits.push(changes);
    await super.write(changes);
  }

  /** Names of what each commit touched, by their kind. */
  kinds(): readonly string[] {
    return this.commits.map((changes) =>
      [
        ...new Set(
          changes.map(({ key }) =>
            key
              .split('/')
              .slice(0, key.startsWith('signal/') ? 2 : 1)
              .join('/'),
          ),
        ),
      ]
        .toSorted()
        .join(' '),
    );
  }
}

interface Scene {
  readonly post: Post;
  readonly ledger: Watched;
  readonly anna: Party;
  readonly boris: Party;
  /** Another process opens what was committed. */
  readonly again: () => Promise<Party>;
}

async function scene(): Promise<Scene> {
  const post = new Post();
  const ledger = new Watched();
  const again = async (): Promise<Party> => await Party.open({ number: 1, ledger, post });
  const anna = await again();
  const boris = await Party.open({ number: 2, ledger: new DraftLedger(), post });
  await anna.uploadPreKeys(3);
  await boris.uploadPreKeys(3);
  ledger.commits.length = 0;
  return { post, ledger, anna, boris, again };
}

async function read(party: Party, row: Row | undefined): Promise<unknown> {
  if (row === undefined) return undefined;
  const message = await rereadMessage(row, party.state.creds, silent);
  return [message?.key.id, message?.message?.conversation];
}

function only(post: Post, party: Party): BinaryNode {
  const [node] = post.waiting(party.jid);
  if (node === undefined) throw new Error('nothing waits');
  return node;
}

beforeAll(() => mendLibsignal(allCures));

describe('defect 1: the receipt leaves before the message is anybody’s', () => {
  test('the ratchet, the used prekey and the plaintext are one commit', async () => {
    const { ledger, anna, boris } = await scene();
    await boris.send(anna, 'b1', 'hello');
    await anna.catchUp();
    expect(ledger.kinds()).toEqual(['journal signal/identity-key signal/pre-key signal/session']);
    await anna.send(boris, 'a1', 'hello');
    await boris.catchUp();
    await boris.send(anna, 'b2', 'again');
    ledger.commits.length = 0;
    await anna.catchUp();
    expect(ledger.kinds()).toEqual(['journal signal/session']);
  });

  test('a message that nobody took comes again at the start, as the library made it', async () => {
    const { anna, boris, again } = await scene();
    const told: Row[] = [];
    anna.state.journal.onRow((row) => told.push(row));
    await boris.send(anna, 'b1', 'hello');
    await boris.send(anna, 'b2', 'and again');
    await anna.catchUp();
    expect(told).toHaveLength(2);
    const next = await again();
    const rows = next.state.journal.unread();
    expect(await Promise.all(rows.map(async (row) => await read(next, row)))).toEqual([
      ['b1', 'hello'],
      ['b2', 'and again'],
    ]);
    expect(next.unread).toEqual([]);
  });

  test('what was on its way to us when the process died has its place before what came after it', async () => {
    const { post, ledger, anna, boris, again } = await scene();
    const carol = await Party.open({ number: 3, ledger: new DraftLedger(), post });
    await carol.uploadPreKeys(3);
    await boris.send(anna, 'b1', 'first');
    await carol.send(anna, 'c1', 'second');
    const [first, second] = post.waiting(anna.jid);
    if (first === undefined || second === undefined) throw new Error('nothing waits');
    // Both have come, the later one is kept already.
    expect(await anna.state.journal.heard(first)).toBeUndefined();
    await anna.receive(second);

    const next = await again();
    const { journal } = next.state;
    const [kept] = journal.unread();
    expect(await read(next, kept)).toEqual(['c1', 'second']);
    expect(journal.underWay(0)).toBeLessThan(kept?.seq ?? 0);
    const told: Row[] = [];
    journal.onRow((row) => told.push(row));
    await next.catchUp();
    expect(told.map(({ seq }) => seq)).toEqual([1]);
    expect(journal.underWay(0)).toBeUndefined();
    expect(ledger.commits.length).toBeGreaterThan(0);
  });

  test('what is read at last though its connection ended is waited for no more', async () => {
    const { post, anna, boris } = await scene();
    const { journal } = anna.state;
    await boris.send(anna, 'b1', 'first');
    const node = only(post, anna);
    const reading = anna.receive(node);
    journal.forgetIncomplete();
    expect(journal.underWay(0)).toBe(1);
    await reading;
    expect(journal.underWay(0)).toBeUndefined();
    expect(journal.unread()).toHaveLength(1);
  });

  test('what was on its way when a connection ended has its place on the next one, but not for ever', async () => {
    const { post, anna, boris } = await scene();
    const { journal } = anna.state;
    await boris.send(anna, 'b1', 'first');
    await journal.heard(only(post, anna));
    for (const line of [1, 2, 3, 4]) {
      journal.forgetIncomplete();
      expect([line, journal.underWay(0)]).toEqual([line, 1]);
    }
    journal.forgetIncomplete();
    expect(journal.underWay(0)).toBeUndefined();
    expect(anna.state.journal.unread()).toEqual([]);
  });

  test('a second delivery gives the same plaintext and does not touch the ratchet', async () => {
    const { post, ledger, anna, boris, again } = await scene();
    await boris.send(anna, 'b1', 'hello');
    const node = only(post, anna);
    await anna.receive(copyOf(node));
    const next = await again();
    ledger.commits.length = 0;
    await next.receive(copyOf(node));
    await next.receive({ ...copyOf(node), attrs: { ...node.attrs, offline: '1', notify: 'Boris' } });
    expect(next.heard.map(({ text }) => text)).toEqual(['hello', 'hello']);
    expect([next.unread, ledger.commits]).toEqual([[], []]);
    expect(next.state.journal.unread()).toHaveLength(1);
  });

  test('two deliveries at the same moment decrypt once', async () => {
    const { post, anna, boris } = await scene();
    await boris.send(anna, 'b1', 'hello');
    const node = only(post, anna);
    const twin = copyOf(node);
    for (const one of [node, twin]) await anna.state.journal.heard(one);
    const bytes = (of: BinaryNode): Uint8Array => (of.content as BinaryNode[])[0]?.content as Uint8Array;
    const [first, second] = await Promise.all(
      [node, twin].map(
        async (one) => await anna.repository.decryptMessage({ jid: boris.jid, type: 'pkmsg', ciphertext: bytes(one) }),
      ),
    );
    expect(first).toEqual(second);
  });

  test('a taken message leaves a mark: its second delivery is read as nothing, and not told', async () => {
    const { post, ledger, anna, boris, again } = await scene();
    await boris.send(anna, 'b1', 'a secret');
    const node = only(post, anna);
    await anna.receive(copyOf(node));
    const { changes, taken } = anna.state.journal.take(anna.state.journal.unread());
    await ledger.write(changes);
    taken();
    expect(Buffer.concat(changes.map(({ value }) => value ?? new Uint8Array())).toString()).not.toContain('secret');
    for (const party of [anna, await again()]) {
      party.heard.length = 0;
      await party.receive(copyOf(node));
      expect([party.heard, party.unread, party.state.journal.unread()]).toEqual([[], [], []]);
    }
  });

  test('a group’s key that was not kept is given again by the mark', async () => {
    const { post, ledger, anna, boris, again } = await scene();
    await boris.sendToGroup(GROUP, anna, 'g1', 'to all');
    const node = only(post, anna);
    await anna.receive(copyOf(node));
    const { changes, taken } = anna.state.journal.take(anna.state.journal.unread());
    // The process ended between the message that brought the key and the key itself.
    const names = [...(await ledger.readAll()).keys()].filter((key) => key.startsWith('signal/sender-key/'));
    await ledger.write([...changes, ...names.map((key) => ({ key, value: null }))]);
    taken();
    expect(names).toHaveLength(1);
    const next = await again();
    await next.receive(copyOf(node));
    await boris.sendToGroup(GROUP, next, 'g2', 'more');
    await next.catchUp();
    expect([next.heard, next.unread]).toEqual([[{ id: 'g2', text: 'more' }], []]);
  });

  test('a stanza of two ciphertexts is told once, when both are known', async () => {
    const { anna, boris } = await scene();
    const told: Row[] = [];
    anna.state.journal.onRow((row) => told.push(row));
    await boris.sendToGroup(GROUP, anna, 'g1', 'to all');
    await anna.catchUp();
    expect(await Promise.all(told.map(async (row) => await read(anna, row)))).toEqual([['g1', 'to all']]);
  });

  test('what cannot be read is told as that, also after a crash, and heals when it comes again', async () => {
    const { post, ledger, anna, boris, again } = await scene();
    await boris.send(anna, 'b1', 'hello');
    await anna.catchUp();
    await boris.send(anna, 'b2', 'spoilt');
    const good = only(post, anna);
    const bad = copyOf(good);
    const spoilt = (bad.content as BinaryNode[])[0]?.content as Buffer;
    spoilt.fill(7, spoilt.length - 12);
    await anna.receive(bad);
    const next = await again();
    const row = next.state.journal.unread().find(({ node }) => node.attrs['id'] === 'b2');
    if (row === undefined) throw new Error('not kept');
    expect((await rereadMessage(row, next.state.creds, silent))?.messageStubType).toBe(WAMessageStubType.CIPHERTEXT);
    const { changes, taken } = next.state.journal.take([row]);
    await ledger.write(changes);
    taken();
    await next.receive(copyOf(good));
    expect(next.heard).toEqual([{ id: 'b2', text: 'spoilt' }]);
  });

  test('marks are few', async () => {
    const { ledger, anna } = await scene();
    for (let number = 0; number < 600; number += 1) {
      await anna.state.journal.heard({ tag: 'call', attrs: { id: String(number) } });
      const { changes, taken } = anna.state.journal.take(anna.state.journal.unread());
      await ledger.write(changes);
      taken();
    }
    const kept = [...(await ledger.readAll()).keys()].filter((key) => key.startsWith('journal/'));
    expect(kept.length).toBeLessThanOrEqual(512);
    expect(kept.length).toBeGreaterThan(500);
  });
});

test('a lookup under the lock may wait for a mapping that is being written', async () => {
  const { anna } = await scene();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const keys = withTransactions(anna.state.keys, silent);
  const ask = async (): Promise<{ pn: string; lid: string }[]> => {
    asked.resolve();
    await answered.promise;
    return [{ pn: '5@s.whatsapp.net', lid: '55@lid' }];
  };
  const { lidMapping } = anna.state.makeSignalRepository({ creds: anna.state.creds, keys }, silent, ask);
  const outside = lidMapping.getLIDForPN('5@s.whatsapp.net');
  await asked.promise;
  const inside = keys.transaction(async () => {
    const lookup = lidMapping.getLIDForPN('5@s.whatsapp.net');
    answered.resolve();
    return await lookup;
  }, 'anything');
  expect(await Promise.all([outside, inside])).toEqual(['55@lid', '55@lid']);
});
