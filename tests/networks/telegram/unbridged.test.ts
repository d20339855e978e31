// Groups and channels that are not bridged: their person is told of each once, many in one notice, over restarts.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { FencedError } from '../../../src/model/errors.ts';
import { as, type ChatId, type PuppetId } from '../../../src/model/ids.ts';
import type { Say } from '../../../src/model/say.ts';
import { UnbridgedTeller } from '../../../src/networks/telegram/tell-unbridged.ts';
import { UNBRIDGED_PREFIX } from '../../../src/networks/telegram/cursor.ts';
import { chatFacts, hearAll, UnbridgedBook, unbridgedOf } from '../../../src/networks/telegram/unbridged.ts';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import type { Clock, VaultChange } from '../../../src/ports/stores.ts';
import { render } from '../../../src/words/index.ts';
import { TelegramSandbox } from '../../../sandbox/telegram/control-client.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { quiet } from '../../support/quiet.ts';
import { House, realClock } from './support/house.ts';
import { adapterFor, liveLogin, newPerson } from './support/telegram.ts';

const HOUR = 3_600_000;
const group = new Api.PeerChat({ chatId: long('7') });
const channel = new Api.PeerChannel({ channelId: long('8') });
const said = (peerId: Api.TypePeer): Api.Message => new Api.Message({ id: 1, peerId, date: 5, message: 'x' });
const done = (peerId: Api.TypePeer, action: Api.TypeMessageAction): Api.MessageService =>
  new Api.MessageService({ id: 1, peerId, date: 5, action });
const counted = { pts: 1, ptsCount: 1 };
const news = (message: Api.TypeMessage): Api.TypeUpdate => new Api.UpdateNewMessage({ message, ...counted });
const post = (message: Api.TypeMessage): Api.TypeUpdate => new Api.UpdateNewChannelMessage({ message, ...counted });
const photo = new Api.ChatPhotoEmpty();
const titled = (id: string, title: string): Api.Chat =>
  new Api.Chat({ id: long(id), title, photo, participantsCount: 2, date: 1, version: 1 });

describe('what concerns a chat that is not bridged', () => {
  const grown = new Api.MessageActionChannelMigrateFrom({ title: 'x', chatId: long('7') });
  test.each<[string, Api.TypeUpdate, { chat: string; was?: string } | undefined]>([
    ['a message in a group', news(said(group)), { chat: 'g7' }],
    ['a message in a channel', post(said(channel)), { chat: 'c8' }],
    ['somebody who joins', news(done(group, new Api.MessageActionChatDeletePhoto())), { chat: 'g7' }],
    ['news of a channel while away', new Api.UpdateChannelTooLong({ channelId: long('8') }), { chat: 'c8' }],
    ['a supergroup that was a group', post(done(channel, grown)), { chat: 'c8', was: 'g7' }],
    [
      'a group that becomes one',
      news(done(group, new Api.MessageActionChatMigrateTo({ channelId: long('8') }))),
      undefined,
    ],
    ['a message of a person', news(said(new Api.PeerUser({ userId: long('9') }))), undefined],
    ['nothing any more', news(new Api.MessageEmpty({ id: 1 })), undefined],
    ['an edit', new Api.UpdateEditMessage({ message: said(group), ...counted }), undefined],
  ])('%s', (_name, update, expected) => {
    expect(unbridgedOf(update)).toEqual(expected);
  });

  test.each([
    ['Choir', 'Choir'],
    ['one\ntwo\u2028three', 'one two three'],
    ['\u202egnol', 'gnol'],
    ['🕊️'.repeat(60), `${'🕊️'.repeat(40)}…`],
  ])('bears its name in one short line: %j', (title, name) => {
    expect(chatFacts(as<ChatId>('g7'), [titled('8', 'other'), titled('7', title)])).toEqual({ kind: 'group', name });
  });
});

/** A login's vault, and the book as each process finds it there. */
class Kept {
  readonly values = new Map<string, Uint8Array>();

  book(): UnbridgedBook {
    return new UnbridgedBook('login:x', this.values);
  }

  write(changes: readonly VaultChange[]): void {
    for (const { key, value } of changes) if (value !== null) this.values.set(key, value);
  }

  /** Messages in these groups, written down. */
  hear(book: UnbridgedBook, ids: readonly number[]): number {
    const chats = ids.map((id) => titled(String(id), `Group ${id}`));
    const happenings = chats.map(({ id }) => ({ update: news(said(new Api.PeerChat({ chatId: id }))), date: 5 }));
    const fresh = hearAll(book, happenings, chats);
    const { changes, saved } = book.changes();
    this.write(changes);
    saved();
    return fresh.length;
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const named = (words: Say | undefined): string[] => String(words?.with?.['chats']).split('\n- ').slice(1);

describe('the book', () => {
  test('names a chat once, over restarts, and what was heard but not told waits there', () => {
    const kept = new Kept();
    const first = kept.book();
    expect(kept.hear(first, [1, 2])).toBe(2);
    expect(kept.hear(first, [1])).toBe(0);
    const second = kept.book();
    const notice = second.notice(1_000);
    expect(named(notice?.words)).toEqual(['Group 1', 'Group 2']);
    // Tried again by whoever does not know whether it was written down: the same cause.
    expect(kept.book().notice(2_000)?.cause).toBe(notice?.cause);
    kept.write(notice?.changes ?? []);
    notice?.told();
    expect([second.notice(3_000), kept.book().notice(3_000)]).toEqual([undefined, undefined]);
    const third = kept.book();
    expect(kept.hear(third, [2, 3])).toBe(1);
    expect(named(third.notice(4_000)?.words)).toEqual(['Group 3']);
    expect(third.notice(4_000)?.cause).not.toBe(notice?.cause);
  });

  test('says nothing of what is not written down yet', () => {
    const book = new Kept().book();
    hearAll(book, [{ update: news(said(group)), date: 5 }], []);
    expect([book.notBefore(), book.notice(0)]).toEqual([undefined, undefined]);
  });

  test('knows a group again in the supergroup that it becomes', () => {
    const kept = new Kept();
    const book = kept.book();
    kept.hear(book, [7]);
    const grown = done(channel, new Api.MessageActionChannelMigrateFrom({ title: 'x', chatId: long('7') }));
    expect(hearAll(book, [{ update: post(grown), date: 6 }], [])).toEqual([]);
    kept.write(book.changes().changes);
    expect(hearAll(kept.book(), [{ update: post(said(channel)), date: 7 }], [])).toEqual([]);
    expect(named(kept.book().notice(0)?.words)).toEqual(['Group 7']);
  });

  test('is read in both languages, with at most twenty names', () => {
    const kept = new Kept();
    const book = kept.book();
    kept.hear(book, upTo(23));
    const words = book.notice(0)?.words;
    if (words === undefined) throw new Error('nothing to say');
    expect(render(words, 'en')).toMatch(
      /not bridged yet: read them in the Telegram app.*\n- Group 1\n.*\n- and 3 more$/s,
    );
    expect(render(words, 'fr')).toMatch(/pas encore reliés\s: lisez-les.*\n- Group 20\n- et 3 autres$/s);
  });
});

describe('the notices', () => {
  function stage() {
    const kept = new Kept();
    const book = kept.book();
    const clock = new MemoryClock();
    const told: Say[] = [];
    const failures: Error[] = [];
    const tell = async (_cause: string, words: Say, vault: readonly VaultChange[] = []): Promise<void> => {
      await Promise.resolve();
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      kept.write(vault);
      told.push(words);
    };
    const teller = new UnbridgedTeller({ puppet: as<PuppetId>('p'), book, sink: { tell }, clock, log: quiet });
    const pass = async (ms: number): Promise<void> => {
      clock.pass(ms);
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const hear = (ids: readonly number[]): void => {
      if (kept.hear(book, ids) > 0) teller.nudge();
    };
    return { kept, told, failures, teller, pass, hear };
  }

  test('are few, however many the groups: three hundred in a day, one every three minutes', async () => {
    const { told, teller, pass, hear } = stage();
    for (const id of upTo(300)) {
      hear([id]);
      await pass(180_000);
    }
    await pass(24 * HOUR);
    await teller.close();
    const counts = told.map((words) => named(words).length + Number(words.with?.['count'] ?? 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(told.length).toBeLessThanOrEqual(6);
  });

  test('wait for the rest of what comes at once', async () => {
    const { told, teller, pass, hear } = stage();
    hear([1]);
    await pass(1_000);
    hear([2]);
    expect(told).toEqual([]);
    await pass(5_000);
    await teller.close();
    expect(told.map(named)).toEqual([['Group 1', 'Group 2']]);
  });

  test('are tried again until they are written down, and left to whoever has the login now', async () => {
    const { kept, told, failures, teller, pass, hear } = stage();
    failures.push(new Error('no database'));
    hear([1]);
    await pass(5_000);
    expect(told).toEqual([]);
    await pass(60_000);
    expect(told.map(named)).toEqual([['Group 1']]);
    failures.push(new FencedError('elsewhere'));
    hear([2]);
    await pass(HOUR);
    await pass(HOUR);
    await teller.close();
    expect(told).toHaveLength(1);
    expect(named(kept.book().notice(0)?.words)).toEqual(['Group 2']);
  });
});

/** Of a login's clock: whoever waits for the rest of what comes at once waits until a test says that it is there. */
class Gathering implements Clock {
  readonly #over = Promise.withResolvers<void>();
  readonly #house: House;

  constructor(house: House) {
    this.#house = house;
  }

  now(): number {
    return Date.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const slept = realClock.sleep(ms, signal);
    // The adapter's other waits are shorter, or far longer.
    await (ms > 4_000 && ms <= 5_000 ? Promise.race([slept, this.#over.promise]) : slept);
  }

  /** Over as soon as so many chats are written down. */
  async end(puppet: PuppetId, chats: number): Promise<void> {
    const heard = async (): Promise<number> =>
      [...(await this.#house.vault.readAll(vaultScope(puppet))).keys()].filter((key) =>
        key.startsWith(UNBRIDGED_PREFIX),
      ).length;
    while ((await heard()) < chats) await realClock.sleep(10);
    this.#over.resolve();
  }
}

describe('on the wire', () => {
  let sandbox: TelegramSandbox;
  const endings: (() => Promise<void>)[] = [];
  /** A day later, and without the time between. */
  const tomorrow: Clock = {
    now: () => Date.now() + 24 * HOUR,
    sleep: async (ms, signal) => await realClock.sleep(Math.min(ms, 100), signal),
  };

  beforeAll(async () => {
    sandbox = await TelegramSandbox.start();
  });

  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  afterAll(async () => {
    await sandbox.stop();
  });

  test('basic groups, supergroups and channels are told of together, and not again after a restart', async () => {
    const house = new House();
    const clock = new Gathering(house);
    const { adapter, session, puppet, me } = await liveLogin(sandbox, house, { callMs: 10_000 }, clock);
    endings.push(async () => await adapter.close());
    const alice = await newPerson(sandbox);
    const groups = await Promise.all(
      (['group', 'supergroup', 'channel'] as const).map(
        async (kind) => await sandbox.createGroup(kind, `A ${kind}`, [me.id, alice.id]),
      ),
    );
    // The second message of a basic group comes in the short form, without a name.
    for (const text of ['one', 'two']) for (const { id } of groups) await sandbox.writeIn(alice.id, id, text);
    await clock.end(puppet.id, 3);
    await house.until(() => house.told.length > 0);
    expect(house.told.map(({ words }) => named(words).toSorted())).toEqual([['A channel', 'A group', 'A supergroup']]);
    expect(house.events).toEqual([]);
    await session.disconnect();

    // Some of it while nobody listens.
    const newest = await sandbox.createGroup('supergroup', 'Another one', [me.id, alice.id]);
    for (const { id } of [...groups, newest]) await sandbox.writeIn(alice.id, id, 'while away');
    const later = adapterFor(sandbox, house, { callMs: 5_000 }, tomorrow);
    const again = later.openSession(puppet, house.sink(puppet));
    endings.push(async () => {
      await again.disconnect();
      await later.close();
    });
    await again.connect();
    for (const { id } of groups) await sandbox.writeIn(alice.id, id, 'and back');
    await house.until(() => house.told.length > 1);
    await sandbox.write(alice.id, me.id, 'the end');
    await house.until(() => house.texts().includes('the end'));
    expect(house.told.slice(1).map(({ words }) => named(words))).toEqual([['Another one']]);
    expect(
      [...(await house.vault.readAll(vaultScope(puppet.id))).keys()].filter((key) => key.startsWith('unbridged')),
    ).toHaveLength(5);
  });

  test('once they are known, what is said in them costs no commit', async () => {
    const house = new House();
    const clock = new Gathering(house);
    const { adapter, session, puppet, me } = await liveLogin(sandbox, house, { callMs: 10_000 }, clock);
    endings.push(async () => {
      await session.disconnect();
      await adapter.close();
    });
    const alice = await newPerson(sandbox);
    const groups = await Promise.all(
      (['group', 'supergroup', 'channel'] as const).map(
        async (kind) => await sandbox.createGroup(kind, `A ${kind}`, [me.id, alice.id]),
      ),
    );
    for (const { id } of groups) await sandbox.writeIn(alice.id, id, 'hello');
    await sandbox.write(alice.id, me.id, 'they are known');
    await clock.end(puppet.id, 3);
    await house.until(() => house.told.length > 0 && house.texts().includes('they are known'));
    const before = house.commits;
    for (let count = 0; count < 5; count += 1)
      for (const { id } of groups) await sandbox.writeIn(alice.id, id, 'and more');
    await sandbox.write(alice.id, me.id, 'the end');
    await house.until(() => house.texts().includes('the end'));
    expect(house.commits - before).toBe(1);
  });

  test('what was heard before a restart and not told is told after it', async () => {
    const house = new House();
    const { adapter, session, puppet, me } = await liveLogin(sandbox, house, { callMs: 5_000 });
    endings.push(async () => await adapter.close());
    const alice = await newPerson(sandbox);
    const choir = await sandbox.createGroup('group', 'Choir', [me.id, alice.id]);
    await sandbox.writeIn(alice.id, choir.id, 'hello');
    await sandbox.write(alice.id, me.id, 'behind it');
    await house.until(() => house.texts().includes('behind it'));
    await session.disconnect();
    expect(house.told).toEqual([]);
    const clock = new Gathering(house);
    const later = adapterFor(sandbox, house, { callMs: 10_000 }, clock);
    endings.push(async () => await later.close());
    await later.openSession(puppet, house.sink(puppet)).connect();
    await clock.end(puppet.id, 1);
    await house.until(() => house.told.length > 0);
    expect(house.told.map(({ words }) => named(words))).toEqual([['Choir']]);
  });

  test('a first message in the short form is told of by its name', async () => {
    await sandbox.setOptions({ pushForm: 'short' });
    endings.push(async () => void (await sandbox.setOptions({ pushForm: 'mixed' })));
    const house = new House();
    const clock = new Gathering(house);
    const { adapter, session, puppet, me } = await liveLogin(sandbox, house, { callMs: 10_000 }, clock);
    endings.push(async () => {
      await session.disconnect();
      await adapter.close();
    });
    const alice = await newPerson(sandbox);
    const choir = await sandbox.createGroup('group', 'Choir', [me.id, alice.id]);
    await sandbox.writeIn(alice.id, choir.id, 'hello');
    await clock.end(puppet.id, 1);
    await house.until(() => house.told.length > 0);
    expect(house.told.map(({ words }) => named(words))).toEqual([['Choir']]);
  });

  test('an absence too long for a difference is no silence', async () => {
    await sandbox.setOptions({ differenceTooLong: 3 });
    endings.push(async () => void (await sandbox.setOptions({ differenceTooLong: 5_000 })));
    const house = new House();
    const clock = new Gathering(house);
    const { adapter, session, puppet, me } = await liveLogin(sandbox, house, { callMs: 10_000 }, clock);
    endings.push(async () => await adapter.close());
    await session.disconnect();
    const alice = await newPerson(sandbox);
    const choir = await sandbox.createGroup('group', 'Choir', [me.id, alice.id]);
    const press = await sandbox.createGroup('channel', 'Press', [me.id, alice.id]);
    for (const text of ['1', '2', '3', '4', '5']) await sandbox.writeIn(alice.id, choir.id, text);
    await sandbox.writeIn(alice.id, press.id, 'news');
    const again = adapter.openSession(puppet, house.sink(puppet));
    endings.push(async () => await again.disconnect());
    await again.connect();
    await clock.end(puppet.id, 2);
    await house.until(() => house.told.length > 0);
    expect(house.told.map(({ words }) => named(words).toSorted())).toEqual([['Choir', 'Press']]);
  });
});
