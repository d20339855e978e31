// The adapter against the simulated Telegram, over real MTProto: login, text both ways, own messages, edits, deletions, people.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { as, type MessageId } from '../../../src/model/ids.ts';
import { plainText } from '../../../src/model/message.ts';
import { TelegramSandbox, type Person } from '../../../sandbox/telegram/control-client.ts';
import { House } from './support/house.ts';
import {
  adapterFor,
  chatWith,
  first,
  liveLogin,
  newEffect,
  newPerson,
  OWNER,
  sendText,
  Steps,
  type Scene,
} from './support/telegram.ts';

let sandbox: TelegramSandbox;

beforeAll(async () => {
  sandbox = await TelegramSandbox.start();
});

afterAll(async () => {
  await sandbox.stop();
});

describe('a login by phone', () => {
  test('asks for phone, code and password, tells what was wrong, and brings all a session needs', async () => {
    const house = new House();
    const adapter = adapterFor(sandbox, house);
    const me = await newPerson(sandbox, { password: 'open sesame', phone: '33600000001', dc: 2 });
    const login = adapter.beginLogin('phone', OWNER);
    const steps = new Steps(login);
    expect((await steps.next('ask')).fields).toMatchObject([{ name: 'phone', secret: false }]);
    login.answer({ phone: '+33 0' });
    expect((await steps.next('ask')).say.key).toBe('telegram.phone-invalid');
    for (const typed of ['06 00 00 00 01', '0600000001']) {
      login.answer({ phone: typed });
      expect((await steps.next('ask')).say.key).toBe('network.no-country-code');
    }
    expect(await sandbox.calls({ method: 'auth.sendCode' })).toEqual([]);
    login.answer({ phone: '+33 (0)6 00 00 00 01' });
    expect((await steps.next('ask')).fields).toMatchObject([{ name: 'code', secret: true }]);
    const { code } = await sandbox.waitForCode(me.phone);
    login.answer({ code: code === '00000' ? '00001' : '00000' });
    expect((await steps.next('ask')).say.key).toBe('telegram.code-wrong');
    login.answer({ code: `${code.slice(0, 2)} ${code.slice(2)}` });
    expect((await steps.next('ask')).fields).toMatchObject([{ name: 'password', secret: true }]);
    login.answer({ password: 'wrong' });
    expect((await steps.next('ask')).say.key).toBe('telegram.password-wrong');
    login.answer({ password: 'open sesame' });
    const { login: done } = await steps.next('done');
    expect(done.self).toBe(`u${me.id}`);
    expect(done.facts).toEqual(
      expect.arrayContaining(['phone:+33600000001', `username:${me.username}`, `user:${me.id}`]),
    );
    expect(done.vault.map((one) => one.key)).toEqual(expect.arrayContaining(['session', 'cursor']));
    await login.cancel();
    expect(await sandbox.sessions(me.id)).toHaveLength(1);
    await adapter.close();
  });

  test('that the rules refuse is logged out at once', async () => {
    const adapter = adapterFor(sandbox, new House());
    const me = await newPerson(sandbox);
    const login = adapter.beginLogin('phone', OWNER);
    const steps = new Steps(login);
    await steps.next('ask');
    login.answer({ phone: `+${me.phone}` });
    await steps.next('ask');
    login.answer({ code: (await sandbox.waitForCode(me.phone)).code });
    await steps.next('done');
    await login.abandon();
    expect(await sandbox.sessions(me.id)).toHaveLength(0);
    await adapter.close();
  });
});

describe('a live login', () => {
  const house = new House();
  let scene: Scene;
  let alice: Person;

  beforeAll(async () => {
    scene = await liveLogin(sandbox, house);
    alice = await newPerson(sandbox, { firstName: 'Alice', lastName: 'Doe', username: 'alice_doe', photo: true });
  });

  afterAll(async () => {
    await scene.session.disconnect();
    await scene.adapter.close();
  });

  test('hears what others write', async () => {
    await sandbox.write(alice.id, scene.me.id, 'hello from Telegram');
    const event = await house.until(() => house.events.find((one) => one.kind === 'message'));
    expect(event).toMatchObject({
      sender: `u${alice.id}`,
      portal: { network: 'telegram', chat: `u${alice.id}`, receiver: scene.puppet.id },
      parts: [{ kind: 'text', text: { text: 'hello from Telegram' } }],
    });
  });

  test('writes', async () => {
    const receipt = await scene.session.perform(sendText(alice, 'hello from Matrix'), newEffect(), first());
    const [message] = (await sandbox.messages(alice.id, scene.me.id)).filter((one) => one.text === 'hello from Matrix');
    expect(message?.peerMessageId).toBe(Number(receipt.message));
    expect(house.texts()).not.toContain('hello from Matrix');
  });

  test('hears what its person writes on the phone', async () => {
    await sandbox.write(scene.me.id, alice.id, 'from my phone');
    const event = await house.until(() =>
      house.events.find((one) => house.texts().includes('from my phone') && one.sender === scene.puppet.self),
    );
    expect(event.portal.chat).toBe(`u${alice.id}`);
  });

  test('edits and takes back, twice as well as once', async () => {
    const sent = await scene.session.perform(sendText(alice, 'fisrt'), newEffect(), first());
    const target = sent.message ?? as<MessageId>('0');
    const edit = {
      kind: 'edit',
      chat: chatWith(alice),
      target,
      body: { kind: 'text', as: 'text', text: plainText('first') },
    } as const;
    const effect = newEffect();
    const edited = await scene.session.perform(edit, effect, first());
    expect(edited.editedAt).toBeGreaterThan(0);
    await scene.session.perform(edit, effect, first());
    expect((await sandbox.messages(alice.id, scene.me.id)).at(-1)).toMatchObject({ text: 'first', edits: ['fisrt'] });
    const remove = { kind: 'remove', chat: chatWith(alice), target } as const;
    await scene.session.perform(remove, newEffect(), first());
    await scene.session.perform(remove, newEffect(), first());
    expect((await sandbox.messages(alice.id, scene.me.id)).at(-1)).toMatchObject({ deleted: true });
  });

  test('hears edits and deletions', async () => {
    const { id } = await sandbox.write(alice.id, scene.me.id, 'soon gone');
    await sandbox.edit(alice.id, id, 'gone soon');
    const edit = await house.until(() => house.events.find((one) => one.kind === 'edit'));
    expect(edit).toMatchObject({ parts: [{ text: { text: 'gone soon' } }], sender: `u${alice.id}` });
    await sandbox.remove(alice.id, [id]);
    const removal = await house.until(() => house.events.find((one) => one.kind === 'removal'));
    expect(removal).toMatchObject({
      target: edit.kind === 'edit' ? edit.target : '',
      portal: { chat: `u${alice.id}` },
    });
  });

  test('finds people by what is typed', async () => {
    for (const typed of ['@alice_doe', 'https://t.me/alice_doe', `+${alice.phone}`, alice.id]) {
      const found = await scene.session.resolve(typed);
      expect(found.chat).toMatchObject({ id: `u${alice.id}`, kind: 'direct' });
      expect(found.facts).toEqual(expect.arrayContaining([`direct:${alice.id}`, 'username:alice_doe']));
    }
    const resolved = async (): Promise<number> => (await sandbox.calls({ method: 'contacts.resolvePhone' })).length;
    const before = await resolved();
    await expect(scene.session.resolve('06 12 34 56 78')).rejects.toMatchObject({
      human: { key: 'network.no-country-code' },
    });
    expect(await resolved()).toBe(before);
    expect((await scene.session.resolve(`00${alice.phone}`)).chat.id).toBe(`u${alice.id}`);
    expect(await resolved()).toBe(before + 1);
    await expect(scene.session.resolve('@nobody_at_all')).rejects.toMatchObject({
      retry: 'never',
      human: { key: 'network.not-found' },
    });
  });

  test('describes people as everybody sees them', async () => {
    const person = await scene.session.describePerson(as(`u${alice.id}`));
    expect(person).toMatchObject({ name: 'Alice Doe', username: 'alice_doe', avatar: { hash: `tg-${alice.photoId}` } });
    await sandbox.addContact(scene.me.id, alice.id, 'My', 'Secret Name');
    const contact = await scene.session.describePerson(as(`u${alice.id}`));
    expect(JSON.stringify(contact)).not.toMatch(/Secret|My/);
    expect(contact.username).toBe('alice_doe');
  });

  test('brings a picture', async () => {
    const { avatar } = await scene.session.describePerson(as(`u${alice.id}`));
    if (!avatar) throw new Error('no avatar');
    const media = await scene.session.openMedia(JSON.parse(JSON.stringify(avatar.source)) as typeof avatar.source);
    let bytes = 0;
    for await (const chunk of media.chunks) bytes += chunk.length;
    expect(bytes).toBeGreaterThan(0);
  });
});
