// A person's whole way: sign in by code and password, talk with a contact both ways, over a restart and a kill of the bridge.
// The bridge is a process of its own, between the homeserver double and the simulated Telegram.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TelegramSandbox, type MessageKind, type Person as Contact } from '../../sandbox/telegram/control-client.ts';
import type { Bridge } from './journey/bridge.ts';
import { eventually, numbered, type Person } from './journey/person.ts';
import { BOT, openTown, type Town } from './journey/town.ts';

const PASSWORD = 'correct horse battery staple';

let town: Town<TelegramSandbox> | undefined;
let telegram: TelegramSandbox;
let bridge: Bridge;
let camille: Person;
let account: Contact;
let alice: Contact;
/** The room of commands, and the one of the conversation with Alice. */
let management: string;
let portal: string;
let loginCode: string;
/** Groups that nothing is brought of. */
const unbridged: string[] = [];

beforeAll(async () => {
  town = await openTown(
    'telegram',
    async () => await TelegramSandbox.start(),
    ({ dcs, rsa }) => ({
      apiId: 12345,
      apiHash: '0123456789abcdef0123456789abcdef',
      test: {
        dcs: Object.fromEntries(Object.entries(dcs).map(([dc, at]) => [dc, `127.0.0.1:${at}`])),
        rsa: [rsa.pem],
      },
    }),
  );
  ({ sandbox: telegram, bridge, camille } = town);
  account = await telegram.createPerson({ firstName: 'Camille', password: PASSWORD, dc: 2 });
  alice = await telegram.createPerson({ firstName: 'Alice', lastName: 'Martin', username: 'alice_m', photo: true });
  await telegram.addContact(account.id, alice.id, 'My', 'Secret Flame');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const said = async (text: string): Promise<void> => void (await telegram.write(alice.id, account.id, text));
const onTelegram = async (): Promise<string[]> =>
  (await telegram.messages(alice.id, account.id)).map(({ text, out }) => `${out ? 'alice' : 'camille'}: ${text}`);
const ghost = async (): Promise<string> => {
  const spoke = await camille.heard(portal, 'a ghost', ({ sender }) => sender.startsWith('@_tg_'));
  return spoke.sender;
};

describe('a person on Matrix with a contact on Telegram', () => {
  test('signs in by code and password in the management room, where the secrets do not stay', async () => {
    management = await camille.directRoom(BOT);
    await camille.answer(management, 'I am the bridge');
    await camille.say(management, 'login telegram');
    await camille.answer(management, 'Send the phone number');
    await camille.say(management, `+${account.phone}`);
    await camille.answer(management, 'Telegram sent you a login code');
    loginCode = (await telegram.waitForCode(account.phone)).code;
    const code = await camille.say(management, loginCode);
    await camille.answer(management, 'second password');
    const password = await camille.say(management, PASSWORD);
    await camille.answer(management, 'groups and channels stay in the Telegram app');
    await camille.answer(management, 'You are signed in to Telegram as Camille.');
    for (const secret of [code, password]) {
      const left = await camille.heard(management, 'a redaction', (event) => {
        return event.event_id === secret && event.content['body'] === undefined;
      });
      expect(left.content).toEqual({});
    }
  });

  test('is invited by the first message, to a room that shows the contact as everybody sees them', async () => {
    await said('hello from Telegram');
    portal = await camille.nextRoom();
    const first = await camille.answer(portal, 'hello from Telegram');
    const profile = await camille.profile(first.sender);
    expect(JSON.stringify(profile)).not.toMatch(/Secret|Flame|My/);
    expect(profile['displayname']).toMatch(/alice_m/);
    expect(first.sender).not.toContain(alice.phone);
  });

  test('answers there and back, with edits and deletions', async () => {
    await camille.say(portal, 'hello from Matrix');
    await eventually('the answer', async () => (await onTelegram()).includes('camille: hello from Matrix'));
    const slip = await camille.say(portal, 'tpyo');
    await eventually('the slip', async () => (await onTelegram()).includes('camille: tpyo'));
    await camille.send(portal, {
      msgtype: 'm.text',
      body: '* typo',
      'm.new_content': { msgtype: 'm.text', body: 'typo' },
      'm.relates_to': { rel_type: 'm.replace', event_id: slip },
    });
    await eventually('the edit', async () => (await onTelegram()).includes('camille: typo'));
    await camille.redact(portal, slip);
    await eventually('the deletion', async () => (await telegram.messages(alice.id, account.id)).at(-1)?.deleted);
    await said('heard you');
    expect((await camille.answer(portal, 'heard you')).sender).toBe(await ghost());
  });

  test('sees what was typed on the telephone as their own', async () => {
    await telegram.write(account.id, alice.id, 'typed on the phone');
    const own = await camille.heard(portal, 'own words', ({ content }) => content['body'] === 'typed on the phone');
    expect(own.sender).toBe(camille.id);
    await said('and heard');
    await camille.answer(portal, 'and heard');
    expect((await onTelegram()).filter((line) => line.endsWith('typed on the phone'))).toHaveLength(1);
  });

  test('sends a long text in parts that break nothing', async () => {
    const text = Array.from({ length: 900 }, (_, number) => `word${number} 🕊️`).join(' ');
    const bold = `${text} <strong>${'very '.repeat(300)}bold</strong>`;
    const plain = `${text} ${'very '.repeat(300)}bold`;
    const content = { msgtype: 'm.text', body: plain, format: 'org.matrix.custom.html', formatted_body: bold };
    const before = (await onTelegram()).length;
    await camille.send(portal, content);
    await eventually('its end', async () => (await onTelegram()).at(-1)?.endsWith('bold'));
    const parts = (await telegram.messages(alice.id, account.id)).slice(before);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map((part) => part.text.trim()).join(' ')).toBe(plain);
    for (const { text: part, entities } of parts) {
      expect(part.length).toBeLessThanOrEqual(4096);
      expect(part.isWellFormed()).toBe(true);
      for (const { offset, length } of entities) expect(offset + length).toBeLessThanOrEqual(part.length);
    }
    const marked = parts.flatMap((part) =>
      part.entities.map(({ type, offset, length }) => `${type} ${part.text.slice(offset, offset + length)}`),
    );
    expect(marked.join(' ').replaceAll('messageEntityBold ', '').trim()).toBe(`${'very '.repeat(300)}bold`);
  });

  test.each([
    ['a picture', { msgtype: 'm.image', body: 'cat.jpg', url: 'mxc://hs.test/cat' }, 'm.room.message', 'photo'],
    ['a place', { msgtype: 'm.location', body: 'here', geo_uri: 'geo:1,2' }, 'm.room.message', 'location'],
    ['a sticker', { body: 'wave', url: 'mxc://hs.test/wave', info: {} }, 'm.sticker', 'sticker'],
  ])('is told that %s is not carried yet', async (_what, content, type, word) => {
    const sent = await camille.send(portal, content, type);
    const notice = await camille.heard(portal, `a notice about ${word}`, (event) => {
      const relation = event.content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined;
      return relation?.['m.in_reply_to']?.event_id === sent && event.sender !== camille.id;
    });
    expect(notice.content).toMatchObject({ msgtype: 'm.notice', body: expect.stringContaining(word) });
  });

  test('brings reactions, takes them back, and says that it cannot carry any', async () => {
    const sent = await camille.say(portal, 'good news');
    const message = await eventually('the news', async () =>
      (await telegram.messages(alice.id, account.id)).find(({ text }) => text === 'good news'),
    );
    await telegram.react(alice.id, message.id, '🎉');
    const reaction = await camille.heard(portal, 'a reaction', ({ type }) => type === 'm.reaction');
    expect(reaction.content['m.relates_to']).toMatchObject({ event_id: sent, key: '🎉' });
    expect(reaction.sender).toBe(await ghost());
    await telegram.react(alice.id, message.id, null);
    const gone = await camille.heard(portal, 'no reaction', ({ event_id: id, content }) => {
      return id === reaction.event_id && content['m.relates_to'] === undefined;
    });
    expect(gone.content).toEqual({});
    const relation = { 'm.relates_to': { rel_type: 'm.annotation', event_id: sent, key: '👍' } };
    await camille.send(portal, relation, 'm.reaction');
    expect((await camille.answer(portal, 'this cannot be carried to Telegram yet')).sender).not.toBe(camille.id);
  });

  test('shows a word for everything that is not brought yet, with what was written under it', async () => {
    const kinds: readonly MessageKind[] = [
      'photo',
      'sticker',
      'voice',
      'file',
      'location',
      'contact',
      'call',
      'screenshot',
    ];
    const before = (await camille.conversation(portal)).length;
    for (const kind of kinds) await telegram.write(alice.id, account.id, kind === 'photo' ? 'my cat' : '', { kind });
    await said('after all these');
    await camille.answer(portal, 'after all these');
    const lines = (await camille.conversation(portal)).slice(before);
    const words = ['photo', 'sticker', 'voice message', 'file', 'location', 'contact card', 'call', 'service message'];
    expect(lines).toHaveLength(words.length + 1);
    for (const [index, word] of words.entries()) expect(lines[index]).toContain(`[${word}: not bridged yet`);
    expect(lines[0]).toContain('my cat');
  });

  test('is not told that a contact has joined Telegram: nobody wrote', async () => {
    const before = (await camille.conversation(portal)).length;
    await telegram.write(alice.id, account.id, '', { kind: 'joined' });
    await said('and after it');
    await camille.answer(portal, 'and after it');
    const lines = (await camille.conversation(portal)).slice(before);
    expect(lines).toEqual([expect.stringContaining('and after it')]);
  });

  test('is told once of a group, a supergroup and a channel that are not bridged', async () => {
    for (const kind of ['group', 'supergroup', 'channel'] as const) {
      const { id } = await telegram.createGroup(kind, `The ${kind}`, [account.id, alice.id]);
      unbridged.push(id);
      await telegram.writeIn(alice.id, id, 'said in a room of many');
    }
    const told = await camille.answer(management, 'not bridged yet: read them in the Telegram app');
    for (const kind of ['group', 'supergroup', 'channel']) expect(told.content['body']).toContain(`\n- The ${kind}`);
    expect(told.sender).toBe(BOT);
  });

  test('opens a conversation by username, number or id', async () => {
    const others = await Promise.all(
      ['Bob', 'Carol'].map(
        async (firstName) =>
          await telegram.createPerson({
            firstName,
            username: `${firstName.toLowerCase()}_there`,
            phone: phoneOf(firstName),
          }),
      ),
    );
    for (const [index, identifier] of ['@bob_there', `+${phoneOf('Carol')}`].entries()) {
      await camille.say(management, `start-chat ${identifier}`);
      const room = await camille.nextRoom();
      await camille.say(room, `hello ${index}`);
      const other = others[index];
      await eventually('the first word', async () =>
        (await telegram.messages(String(other?.id), account.id)).some(({ text }) => text === `hello ${index}`),
      );
    }
    await camille.say(management, `start-chat ${others[0]?.id}`);
    await camille.answer(management, 'Your conversation with');
    await camille.say(management, 'start-chat @nobody_of_this_name');
    const refusal = await camille.answer(management, '@nobody_of_this_name was not found on Telegram.');
    expect(refusal.sender).toBe(BOT);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('misses nothing while the bridge is away after %s', async (signal) => {
    const code = await bridge.stop(signal);
    expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
    const before = (await camille.conversation(portal)).length;
    const there = numbered(`there after ${signal}`, 5);
    const here = numbered(`here after ${signal}`, 5);
    for (const text of there) await said(text);
    for (const id of unbridged) await telegram.writeIn(alice.id, id, 'said in a room of many');
    await telegram.write(account.id, alice.id, `phone after ${signal}`);
    for (const text of here) await camille.say(portal, text);
    await bridge.start();
    await eventually('everything on Telegram', async () => (await onTelegram()).includes(`camille: ${here[4]}`));
    await camille.answer(portal, String(there[4]));
    await camille.heard(portal, 'own words', ({ content }) => content['body'] === `phone after ${signal}`);
    await said(`back after ${signal}`);
    await camille.answer(portal, `back after ${signal}`);
    const name = (await ghost()).split(':')[0] ?? '';
    const heard = (await camille.conversation(portal)).slice(before);
    expect(heard.filter((line) => line.startsWith(name))).toEqual(
      [...there, `back after ${signal}`].map((text) => `${name}: ${text}`),
    );
    expect(heard.filter((line) => line.startsWith('@camille'))).toEqual(
      expect.arrayContaining([...here, `phone after ${signal}`].map((text) => `@camille: ${text}`)),
    );
    expect(heard).toHaveLength(there.length + here.length + 2);
    const sent = (await onTelegram()).filter((line) => line.includes(`after ${signal}`));
    expect(sent).toEqual([
      ...there.map((text) => `alice: ${text}`),
      `camille: phone after ${signal}`,
      ...here.map((text) => `camille: ${text}`),
      `alice: back after ${signal}`,
    ]);
  });

  test('is told what to do when Telegram ends the login, and what was written meanwhile is sent afterwards', async () => {
    await telegram.revoke(account.id, 'SESSION_REVOKED', true);
    await camille.answer(management, 'Telegram ended this login. Send `login telegram` to sign in again.');
    await camille.say(portal, 'too early');
    const told = await camille.answer(portal, 'so this message waits');
    expect(told.content['body']).toContain('`login telegram`');
    expect(await onTelegram()).not.toContain('camille: too early');
    await camille.say(management, 'login telegram');
    await camille.answer(management, 'Send the phone number', 2);
    await camille.say(management, `+${account.phone}`);
    await camille.answer(management, 'Telegram sent you a login code', 2);
    await camille.say(management, (await telegram.waitForCode(account.phone)).code);
    await camille.answer(management, 'second password', 2);
    await camille.say(management, PASSWORD);
    await eventually('what waited', async () => (await onTelegram()).includes('camille: too early'));
  });

  test('was told of no group twice, whatever was restarted', async () => {
    const told = (await camille.conversation(management)).filter((line) => line.includes('The supergroup'));
    expect(told).toHaveLength(1);
  });

  test('leaves no secret and no text in the logs', async () => {
    const log = bridge.log();
    expect(log).toContain('the bridge is open');
    for (const secret of [
      PASSWORD,
      `"${loginCode}"`,
      account.phone,
      alice.phone,
      'hello from',
      'typed on',
      'Flame',
      'room of many',
      'The supergroup',
    ])
      expect(log).not.toContain(secret);
  });
});

function phoneOf(name: string): string {
  return name === 'Bob' ? '33600000011' : '33600000012';
}
