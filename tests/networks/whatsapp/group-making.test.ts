// A group that was asked for is made once, whatever happens in between; what is remembered for that is not kept for ever.
import { expect, test } from '@jest/globals';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { realClock } from '../../support/house.ts';
import { effect } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf } from './support/world.ts';

const DAY = 86_400_000;

setStage();

test('whether the account is in a group is asked about that group alone, and known when it is in no longer', async () => {
  const { session, me, friend, house } = await scenes.live();
  const [ours, theirs] = [
    await sandbox.createGroup(friend.id, 'Choir', [me.id]),
    await sandbox.createGroup(friend.id, 'Choir', []),
  ];
  const inside = async ({ id }: { readonly id: string }): Promise<boolean | undefined> => {
    const chat = as<ChatId>(`g${id.split('@')[0]}`);
    return (await session.askGroup?.({ kind: 'inside', chat }, effect()))?.inside;
  };
  expect([await inside(ours), await inside(theirs)]).toEqual([true, false]);
  await sandbox.command('members', { by: friend.id, group: ours.id, people: [me.id], change: 'remove' });
  await house.until(() => house.events.some(({ kind }) => kind === 'membership'));
  expect(await inside(ours)).toBe(false);
});

test('of a group that was made it is remembered for a month that it was', async () => {
  const start = Date.now();
  let days = 0;
  const scene = await scenes.live({ paced: false }, { ...realClock, now: () => start + days * DAY });
  const make = async (name: string, id = effect()): Promise<ReturnType<typeof effect>> => {
    await scene.session.askGroup?.({ kind: 'create', name, people: [idOf(scene.friend)] }, id);
    return id;
  };
  const kept = async (): Promise<readonly string[]> => {
    const all = await scene.house.vault.readAll(vaultScope(scene.puppet.id));
    return [...all.keys()].filter((key) => key.startsWith('making/')).toSorted();
  };
  const first = await make('first');
  // Asked once more, as after a crash.
  await make('first', first);
  days = 20;
  const second = await make('second');
  expect(await kept()).toEqual([`making/${first}`, `making/${second}`].toSorted());
  days = 31;
  const third = await make('third');
  expect(await kept()).toEqual([`making/${second}`, `making/${third}`].toSorted());
  expect(await sandbox.command('groups', { of: scene.me.id })).toHaveLength(3);
});
