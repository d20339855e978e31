// How the person of a login keeps their chats on their telephone: each change is told once, also when it comes while nobody listens.
import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import type { ChatMarks } from '../../../src/model/chat.ts';
import { FencedError, RefusedError } from '../../../src/model/errors.ts';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { CREDS_KEY, Names, openCreds } from '../../../src/networks/whatsapp/state/values.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { House } from '../../support/house.ts';
import { paired } from './support/linked.ts';
import { OWNER, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, newPerson } from './support/world.ts';

setStage();

const settings = {
  mute: (end?: number) => ({
    muteAction: { muted: end !== 0, ...(end === undefined ? {} : { muteEndTimestamp: end }) },
  }),
  pin_v1: (pinned = true) => ({ pinAction: { pinned } }),
  archive: (archived = true) => ({ archiveChatAction: { archived } }),
  markChatAsRead: (read = false) => ({ markChatAsReadAction: { read } }),
};

async function set(
  me: Person,
  about: string,
  kind: keyof typeof settings,
  value: object,
  remove = false,
): Promise<void> {
  const collection = kind === 'mute' ? 'regular_high' : 'regular_low';
  await sandbox.command('changeSetting', { by: me.id, collection, index: [kind, about], value, remove });
}

/** What was told of a chat, one after the other. */
function told(house: House, chat: ChatId): readonly ChatMarks[] {
  return house.events.flatMap((event) => (event.kind === 'marks' && event.portal.chat === chat ? [event.marks] : []));
}

const last = async (house: House, chat: ChatId, marks: ChatMarks): Promise<void> => {
  await house.until(() => {
    const now = Object.assign({}, ...told(house, chat)) as ChatMarks;
    return Object.entries(marks).every(([mark, on]) => now[mark as keyof ChatMarks] === on);
  });
};

/** As after the end of the process. */
async function again(
  { house, puppet }: Pick<Scene, 'house' | 'puppet'>,
  sink = house.sink(puppet),
): Promise<Scene['session']> {
  const session = scenes.open(house).openSession(puppet, sink);
  await session.connect();
  return session;
}

describe('a chat', () => {
  test('is told as muted, pinned, archived and unread when it is, and no longer when it is not', async () => {
    const { house, me, friend, chat, session } = await scenes.live();
    for (const [kind, on, off, mark] of [
      ['mute', settings.mute(), settings.mute(0), 'muted'],
      ['pin_v1', settings.pin_v1(), settings.pin_v1(false), 'pinned'],
      ['archive', settings.archive(), settings.archive(false), 'archived'],
      ['markChatAsRead', settings.markChatAsRead(), settings.markChatAsRead(true), 'unread'],
    ] as const) {
      await set(me, friend.lid, kind, on);
      await last(house, chat, { [mark]: true });
      expect((await session.describeChat(chat)).chat.marks).toEqual({ [mark]: true });
      await set(me, friend.lid, kind, off);
      await last(house, chat, { [mark]: false });
      expect((await session.describeChat(chat)).chat).not.toHaveProperty('marks');
    }
    expect(told(house, chat)).toHaveLength(8);
    expect(house.events.find(({ kind }) => kind === 'marks')).toMatchObject({ sender: expect.stringMatching(/^l/) });
  });

  test('is the same by number and by hidden id, and a group is one too', async () => {
    const { house, me, friend, chat } = await scenes.live();
    const group = await sandbox.createGroup(friend.id, 'Choir', [me.id]);
    const choir = `g${group.id.split('@')[0]}` as ChatId;
    await sandbox.write(friend.id, me.id, 'met');
    await house.until(() => house.texts(chat).includes('met'));
    await set(me, friend.pn, 'pin_v1', settings.pin_v1());
    await last(house, chat, { pinned: true });
    await set(me, friend.lid, 'archive', settings.archive());
    await last(house, chat, { archived: true });
    await set(me, group.id, 'mute', settings.mute());
    await last(house, choir, { muted: true });
    const portal = house.events.findLast(({ kind }) => kind === 'marks')?.portal;
    expect(portal).toEqual({ network: 'whatsapp', chat: choir });
  });

  test('whose setting is taken away is as it was before', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    await last(house, chat, { pinned: true });
    await set(me, friend.lid, 'pin_v1', settings.pin_v1(), true);
    await last(house, chat, { pinned: false });
    expect(told(house, chat)).toEqual([{ pinned: true }, { pinned: false }]);
  });

  test('that is deleted or cleared on the phone loses nothing here', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await sandbox.write(friend.id, me.id, 'met');
    await house.until(() => house.texts(chat).includes('met'));
    const before = house.events.length;
    for (const [index, value] of [
      [['deleteChat', friend.lid, '1'], { deleteChatAction: { messageRange: {} } }],
      [['clearChat', friend.lid, '1', '1'], { clearChatAction: { messageRange: {} } }],
    ] as const)
      await sandbox.command('changeSetting', { by: me.id, collection: 'regular_high', index, value });
    await set(me, friend.lid, 'mute', settings.mute());
    await last(house, chat, { muted: true });
    // Whoever wrote is asked for their picture meanwhile.
    const more = house.events.slice(before).filter(({ kind }) => kind !== 'person');
    expect(more.map(({ kind }) => kind)).toEqual(['marks']);
    await sandbox.write(friend.id, me.id, 'still here');
    await house.until(() => house.texts(chat).includes('still here'));
  });

  test('is told of once, whatever else is set and however often', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await set(me, friend.lid, 'mute', settings.mute());
    await set(me, friend.lid, 'mute', settings.mute(Date.now() + 3_600_000));
    await sandbox.command('changeSetting', {
      by: me.id,
      collection: 'regular_low',
      index: ['star', friend.lid, 'M1', '0', '0'],
      value: { starAction: { starred: true } },
    });
    for (const jid of ['status@broadcast', '120363000000000001@newsletter', 'nonsense'])
      await set(me, jid, 'pin_v1', settings.pin_v1());
    await set(me, friend.lid, 'archive', settings.archive());
    await last(house, chat, { muted: true, archived: true });
    expect(house.events.filter(({ kind }) => kind === 'marks')).toHaveLength(2);
  });

  test('muted until a moment is no longer muted then, of which no telephone says a word', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await set(me, friend.lid, 'mute', settings.mute(Date.now() + 1_500));
    await last(house, chat, { muted: true });
    await last(house, chat, { muted: false });
    expect(told(house, chat)).toEqual([{ muted: true }, { muted: false }]);
  });
});

describe('what changes while', () => {
  test('nobody listens is told with the next line', async () => {
    const scene = await scenes.live();
    const { house, me, friend, chat, session } = scene;
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    await last(house, chat, { pinned: true });
    await session.disconnect();
    await set(me, friend.lid, 'pin_v1', settings.pin_v1(false));
    await set(me, friend.lid, 'markChatAsRead', settings.markChatAsRead());
    await again(scene);
    await last(house, chat, { pinned: false, unread: true });
    expect(told(house, chat)).toEqual([{ pinned: true }, { pinned: false, unread: true }]);
  });

  test('the house cannot write it down is told by the next process', async () => {
    const scene = await scenes.live();
    const { house, me, friend, chat, session } = scene;
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    await last(house, chat, { pinned: true });
    const before = house.refused;
    house.refusing = new Error('the database is away');
    await set(me, friend.lid, 'archive', settings.archive());
    await house.until(() => house.refused > before);
    await session.disconnect();
    house.refusing = undefined;
    await again(scene);
    await last(house, chat, { archived: true });
    expect(told(house, chat)).toEqual([{ pinned: true }, { archived: true }]);
  });

  test('the house cannot write down for a moment is told as soon as it can again', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    await last(house, chat, { pinned: true });
    const before = house.refused;
    house.refusing = new Error('the database is away');
    await set(me, friend.lid, 'archive', settings.archive());
    await house.until(() => house.refused > before);
    house.refusing = undefined;
    await last(house, chat, { archived: true });
    expect(told(house, chat)).toEqual([{ pinned: true }, { archived: true }]);
  });

  test('the house does not take is not taken for told, and comes with what is next over the same line', async () => {
    const scene = await scenes.live();
    const { house, puppet, me, friend, chat } = scene;
    await scene.session.disconnect();
    const sink = house.sink(puppet);
    let refused = false;
    const session = await again(scene, {
      ...sink,
      accept: async (events, vault) => {
        if (!refused && events.some(({ kind }) => kind === 'marks')) {
          refused = true;
          throw new RefusedError('a mark');
        }
        await sink.accept(events, vault);
      },
    });
    await set(me, friend.lid, 'archive', settings.archive());
    await sandbox.waitFor(async () => await Promise.resolve(refused));
    expect((await session.describeChat(chat)).chat).not.toHaveProperty('marks');
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    await last(house, chat, { archived: true, pinned: true });
    expect(told(house, chat)).toEqual([{ archived: true, pinned: true }]);
  });

  test('nobody is linked is told after the next link', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await set(me, friend.lid, 'mute', settings.mute());
    await last(house, chat, { muted: true });
    await sandbox.command('unlink', { by: me.id });
    await house.until(() => house.states.some(({ state }) => state === 'signed-out'));
    await set(me, friend.lid, 'mute', settings.mute(0));
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    await scenes.link(house, me);
    await last(house, chat, { muted: false, pinned: true });
    expect(told(house, chat)[0]).toEqual({ muted: true });
  });
});

test('a key that was lost in a crash is asked of the telephone', async () => {
  const scene = await scenes.live();
  const { house, me, friend, chat, session, puppet } = scene;
  await set(me, friend.lid, 'pin_v1', settings.pin_v1());
  await last(house, chat, { pinned: true });
  const scope = vaultScope(puppet.id);
  const kept = async (): Promise<string | undefined> => {
    const creds = openCreds((await house.vault.read(scope, CREDS_KEY)) ?? Buffer.of());
    const name = new Names(creds).of('app-state-sync-key', creds.myAppStateKeyId ?? '');
    return (await house.vault.read(scope, name)) === undefined ? undefined : name;
  };
  // It is kept behind what it was good for.
  await sandbox.waitFor(async () => (await kept()) !== undefined);
  await session.disconnect();
  const lost = (await kept()) ?? '';
  await house.keep([{ scope, key: lost, value: null }]);
  expect(await kept()).toBeUndefined();
  await set(me, friend.lid, 'pin_v1', settings.pin_v1(false));
  await again(scene);
  await last(house, chat, { pinned: false });
  expect(told(house, chat)).toEqual([{ pinned: true }, { pinned: false }]);
});

test('the key is lost in no crash, whatever was written down last', async () => {
  let isOver = false;
  for (let most = 0; !isOver; most += 1) {
    const [me, friend] = [await newPerson(sandbox), await newPerson(sandbox)];
    const [house, chat] = [new House(), as<ChatId>(idOf(friend))];
    let left = most;
    const commit = async (work: () => Promise<void>): Promise<void> => {
      left -= 1;
      if (left < 0) throw new FencedError('dead');
      await work();
    };
    const adapter = scenes.open(house);
    const puppet = await paired(sandbox, { adapter, house, owner: OWNER, me });
    await set(me, friend.lid, 'pin_v1', settings.pin_v1());
    const sink = house.sink(puppet);
    const session = adapter.openSession(puppet, {
      ...sink,
      accept: async (events, vault) => await commit(async () => await sink.accept(events, vault)),
      keep: async (vault) => await commit(async () => await sink.keep(vault)),
    });
    // Called off where it dies while it connects.
    await session.connect().catch(() => undefined);
    await sandbox.waitFor(async () => await Promise.resolve(left < 0 || told(house, chat).length > 0));
    isOver = left >= 0;
    await session.disconnect();
    await adapter.close();
    await again({ house, puppet });
    await last(house, chat, { pinned: true });
    expect(told(house, chat)).toEqual([{ pinned: true }]);
  }
});

test('a service that refuses to tell costs nobody a message, and is asked again', async () => {
  const { house, me, friend, chat } = await scenes.live();
  await newPerson(sandbox);
  await sandbox.command('failNext', { person: me.id, what: 'w:sync:app:state', code: 500, times: 20 });
  await set(me, friend.lid, 'pin_v1', settings.pin_v1());
  await sandbox.write(friend.id, me.id, 'all the same');
  await house.until(() => house.texts(chat).includes('all the same'));
  await sandbox.command('clearFaults', {});
  await set(me, friend.lid, 'archive', settings.archive());
  await last(house, chat, { pinned: true, archived: true });
  // Together or, where it is asked between the two, apart: each once.
  expect(
    told(house, chat)
      .flatMap((marks) => Object.keys(marks))
      .toSorted(),
  ).toEqual(['archived', 'pinned']);
});
