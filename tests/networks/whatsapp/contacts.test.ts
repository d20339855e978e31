// The address book of a phone: what its settings say, kept for this login alone, on the simulated WhatsApp.
import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import type { Setting } from '../../../src/networks/whatsapp/chat-marks.ts';
import { ContactBook } from '../../../src/networks/whatsapp/contacts.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import type { Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { newPerson } from './support/world.ts';

setStage();

const set = (jid: string, fullName: string, more: object = {}): Setting => ({
  index: ['contact', jid],
  value: { contactAction: { fullName, ...more } },
  removed: false,
});

describe('a book', () => {
  const book = (kept = new Map<string, Uint8Array>()): ContactBook => new ContactBook('login:me', kept);

  test('knows people by number and by LID, whatever their case and accents', () => {
    const one = book();
    one
      .take([set('3365@s.whatsapp.net', 'Zoé', { lidJid: '5@lid' }), set('6@lid', 'zoe'), set('7@lid', 'Max')], false)
      .written();
    expect([one.nameOf({ lid: '5' }), one.nameOf({ pn: '3365' }), one.nameOf({ lid: '6' }), one.nameOf({})]).toEqual([
      'Zoé',
      'Zoé',
      'zoe',
      undefined,
    ]);
    expect(one.named(' ZOE ').map(({ lid }) => lid)).toEqual(['5', '6']);
    expect(one.lines().map(({ name }) => name)).toEqual(['Max', 'zoe', 'Zoé']);
  });

  test('changes nothing before it is written, tells only what changed, and is the same from its vault', () => {
    const one = book();
    const first = one.take([set('5@lid', 'Zoé'), set('nonsense', 'Nobody'), set('6@lid', ' ')], false);
    expect(one.lines()).toEqual([]);
    first.written();
    expect(first.called).toEqual([{ handles: { lid: '5' }, name: 'Zoé' }]);
    const again = new Map(first.changes.flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const])));
    const kept = book(again);
    expect(kept.nameOf({ lid: '5' })).toBe('Zoé');
    expect(kept.take([set('5@lid', 'Zoé')], false)).toMatchObject({ changes: [], called: [] });
    const gone = kept.take([], true);
    expect(gone.called).toEqual([{ handles: { lid: '5' }, name: undefined }]);
    expect(gone.changes).toEqual([{ scope: 'login:me', key: 'contact/5@lid', value: null }]);
    gone.written();
    expect(kept.lines()).toEqual([]);
  });
});

describe('on the simulated WhatsApp', () => {
  const call = async (me: Person, whom: Person, name: string): Promise<void> => {
    await sandbox.command('changeSetting', {
      by: me.id,
      collection: 'critical_unblock_low',
      index: ['contact', whom.pn],
      value: { contactAction: { fullName: name } },
    });
  };
  const listed = async ({ house, session }: Scene, name: string): Promise<void> => {
    const commits = house.commits;
    if ((await session.contacts?.())?.some((one) => one.name === name) === true) return;
    await house.until(() => house.commits > commits);
    await listed({ house, session } as Scene, name);
  };

  test('nobody is named for being in an address book, and what a phone says of who is who binds nobody else', async () => {
    const scene = await scenes.live();
    const { house, me, session } = scene;
    const [stranger, victim] = [await newPerson(sandbox), await newPerson(sandbox)];
    await sandbox.command('changeSetting', {
      by: me.id,
      collection: 'critical_unblock_low',
      index: ['contact', stranger.pn],
      value: { contactAction: { fullName: 'Both', lidJid: victim.lid } },
    });
    await listed(scene, 'Both');
    expect(house.events.filter(({ kind }) => kind === 'chat')).toEqual([]);
    const people = await house.vault.readAll('whatsapp:people');
    expect([...people.keys()].filter((key) => key.includes(victim.lid.split('@')[0] ?? '?'))).toEqual([]);
    expect(await session.contacts?.()).toEqual([{ name: 'Both', identifier: `+${stranger.phone}` }]);
  });

  test('is thrown away when its login ends, and read anew with the next', async () => {
    const scene = await scenes.live();
    const { house, me, friend, puppet } = scene;
    await call(me, friend, 'Friend');
    await listed(scene, 'Friend');
    const keys = async (): Promise<readonly string[]> =>
      [...(await house.vault.readAll(vaultScope(puppet.id))).keys()].filter((key) => key.startsWith('contact/'));
    expect(await keys()).toHaveLength(1);
    await sandbox.command('unlink', { by: me.id });
    await house.until(() => house.states.some(({ state }) => state === 'signed-out'));
    expect(await keys()).toEqual([]);
    await listed({ ...scene, ...(await scenes.link(house, me)) }, 'Friend');
  });

  test('two of one name are told apart by their number', async () => {
    const scene = await scenes.live();
    const { me, friend, session, chat } = scene;
    const second = await newPerson(sandbox);
    await call(me, friend, 'Zoé');
    await listed(scene, 'Zoé');
    expect((await session.resolve('zoe')).chat).toMatchObject({ id: chat, name: 'Zoé' });
    await call(me, second, 'ZOE');
    await listed(scene, 'ZOE');
    await expect(session.resolve('zoe')).rejects.toMatchObject({ human: { key: 'whatsapp.several-contacts' } });
    await expect(session.resolve('nobody')).rejects.toMatchObject({ human: { key: 'network.not-found' } });
  });
});
