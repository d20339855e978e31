// People on WhatsApp and the one person behind each of their names: who is named, who reads and types. The bridge is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../sandbox/whatsapp/control-types.ts';
import { eventually, type ClientEvent, type Person } from './journey/person.ts';
import { BOT, type Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;
let account: Contact;
let alice: Contact;
let bob: Contact;
let group: GroupInfo;
let choir: string;
let portal: string;
let management: string;
let [aliceGhost, bobGhost] = ['', ''];

beforeAll(async () => {
  // WhatsApp tells who types to those alone who are shown as online themselves.
  town = await openWhatsAppTown({}, { presence: true });
  ({ sandbox: whatsapp, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  alice = await whatsapp.createPerson({ name: 'Alice' });
  bob = await whatsapp.createPerson({ name: 'Bob', addressing: 'lid' });
  management = await linkByCode(whatsapp, camille, account);
  group = await whatsapp.createGroup(alice.id, 'Choir', [account.id, bob.id]);
  await whatsapp.write(alice.id, group.id, 'I am Alice');
  choir = await camille.nextRoom();
  aliceGhost = (await camille.answer(choir, 'I am Alice')).sender;
  await whatsapp.write(bob.id, group.id, 'I am Bob');
  bobGhost = (await camille.answer(choir, 'I am Bob')).sender;
  await whatsapp.write(alice.id, account.id, 'only for you');
  portal = await camille.nextRoom();
  await camille.answer(portal, 'only for you');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

function pill(user: string, name: string): string {
  return `<a href="https://matrix.to/#/${encodeURIComponent(user)}">${name}</a>`;
}

function userOf(address: string): string {
  return address.split('@')[0] ?? '';
}

/** The number by which the group calls a person. */
function named(who: Contact): string {
  return userOf(group.addressing === 'lid' ? who.lid : who.pn);
}

function mentions({ content }: ClientEvent): unknown {
  return (content['m.mentions'] as { user_ids?: unknown }).user_ids;
}

describe('somebody who is named', () => {
  test('in a group on WhatsApp is a pill here, the person of this login as themselves', async () => {
    const text = `@${named(bob)} and @${named(account)}: tenor`;
    await whatsapp.write(alice.id, group.id, text, { mentions: [bob.id, account.id] });
    const said = await camille.answer(choir, 'tenor');
    expect(said.content['body']).not.toContain(named(bob));
    expect(mentions(said)).toEqual([bobGhost, camille.id]);
    expect(said.content['formatted_body']).toContain(
      `<a href="https://matrix.to/#/${encodeURIComponent(bobGhost)}">@Bob`,
    );
  });

  test('by what was typed on one’s own telephone as well', async () => {
    await whatsapp.write(account.id, group.id, `@${named(bob)}: my turn`, { mentions: [bob.id] });
    const said = await camille.heard(choir, 'own words', ({ content }) => String(content['body']).includes('my turn'));
    expect(said.sender).toBe(camille.id);
    expect(mentions(said)).toEqual([bobGhost]);
  });

  test('by a pill here is mentioned there, by an edit too, and a stranger keeps their name', async () => {
    const html = `${pill(bobGhost, 'Bob')} and ${pill('@dave:hs.test', 'Dave')}: <b>alto</b>`;
    const formatted = { msgtype: 'm.text', body: 'Bob and Dave: alto', format: 'org.matrix.custom.html' };
    const event = await camille.send(choir, { ...formatted, formatted_body: html });
    const text = `@${named(bob)} and Dave: *alto*`;
    const there = await whatsapp.waitForText(bob.id, group.id, text);
    expect(there.mentions.map(userOf)).toEqual([named(bob)]);
    const fresh = { ...formatted, body: 'Alice: alto', formatted_body: `${pill(aliceGhost, 'Alice')}: alto` };
    await camille.send(choir, {
      ...fresh,
      'm.new_content': fresh,
      'm.relates_to': { rel_type: 'm.replace', event_id: event },
    });
    const edited = await whatsapp.waitForText(bob.id, group.id, `@${named(alice)}: alto`);
    expect([edited.target, edited.mentions.map(userOf)]).toEqual([there.id, [named(alice)]]);
  });
});

async function readersOf(event: string, room = portal): Promise<string[]> {
  const receipts = (await camille.beside(room, 'ephemeral')).get('m.receipt')?.[event];
  return Object.keys((receipts as Record<string, object> | undefined)?.['m.read'] ?? {});
}

describe('who reads and types', () => {
  test('is seen typing there when they type here, until they stop', async () => {
    await camille.type(portal, true);
    const states = async (): Promise<string[]> =>
      (await whatsapp.command('chatStates', { viewer: alice.id })).map(({ state }) => state);
    await eventually('typing', async () => (await states()).at(-1) === 'composing');
    await camille.type(portal, false);
    await eventually('the end of typing', async () => (await states()).at(-1) === 'paused');
    expect(await states()).toEqual(['composing', 'paused']);
  });

  test('is seen typing here when they type there, until they stop, in a group too', async () => {
    for (const room of [portal, choir]) {
      const to = room === portal ? account.id : group.id;
      const typing = async (): Promise<unknown> =>
        (await camille.beside(room, 'ephemeral')).get('m.typing')?.['user_ids'] ?? [];
      await whatsapp.type(alice.id, to);
      await eventually('typing', async () => JSON.stringify(await typing()) === JSON.stringify([aliceGhost]));
      await whatsapp.type(alice.id, to, 'paused');
      await eventually('the end of typing', async () => JSON.stringify(await typing()) === '[]');
      expect(await typing()).toEqual([]);
    }
  });

  test('is shown as online while they are there, once the chat with them is in use', async () => {
    await camille.say(portal, 'who is there?');
    await whatsapp.waitForText(alice.id, account.id, 'who is there?');
    for (const [available, presence] of [
      [true, 'online'],
      [false, 'offline'],
    ] as const) {
      await whatsapp.command('setAvailable', { by: alice.id, available });
      await eventually(presence, async () => (await camille.presence(aliceGhost)) === presence);
      expect(await camille.presence(aliceGhost)).toBe(presence);
    }
  });

  test('here marks everything up to there as read', async () => {
    const ids: string[] = [];
    for (const text of ['read one', 'read two', 'read three'])
      ids.push(await whatsapp.write(alice.id, account.id, text));
    const second = await camille.answer(portal, 'read two');
    await camille.answer(portal, 'read three');
    await camille.read(portal, second.event_id);
    const readers = async (id = ''): Promise<number> =>
      (await whatsapp.receipts(alice.id, id)).filter(({ type }) => type === 'read').length;
    await eventually('two read', async () => (await readers(ids[0])) > 0 && (await readers(ids[1])) > 0);
    expect(await readers(ids[2])).toBe(0);
  });

  test('there shows as read here, by their ghost', async () => {
    const event = await camille.say(portal, 'did you read it?');
    const { id } = await whatsapp.waitForText(alice.id, account.id, 'did you read it?');
    await whatsapp.read(alice.id, account.id, [id]);
    await eventually('a receipt', async () => (await readersOf(event)).includes(aliceGhost));
    expect(await readersOf(event)).not.toContain(bobGhost);
  });

  test('on one’s own phone shows as read here, by oneself', async () => {
    await whatsapp.write(alice.id, account.id, 'seen on the phone');
    const { event_id: event } = await camille.answer(portal, 'seen on the phone');
    await whatsapp.read(account.id, alice.id);
    await eventually('an own receipt', async () => (await readersOf(event)).includes(camille.id));
    expect(await readersOf(event)).toContain(camille.id);
  });
});

describe('what one writes has arrived', () => {
  const leaves = async (room: string, text: string): Promise<{ event: string; id: string }> => {
    const event = await camille.say(room, text);
    const phone = { viewer: account.id, with: room === portal ? alice.id : group.id } as const;
    const sent = async () => (await whatsapp.command('messages', phone)).find((one) => one.text === text);
    return { event, id: (await eventually(text, sent)).id };
  };
  const online = async (who: Contact, now: boolean): Promise<void> => {
    await whatsapp.command('setOnline', { id: who.id, online: now });
  };

  test('when it is on the other person’s telephone: then the bot has read it', async () => {
    await online(alice, false);
    const { event, id } = await leaves(portal, 'are you there?');
    expect(await readersOf(event)).not.toContain(BOT);
    await online(alice, true);
    await eventually('the bot’s receipt', async () => (await readersOf(event)).includes(BOT));
    expect(await readersOf(event)).not.toContain(aliceGhost);
    await whatsapp.read(alice.id, account.id, [id]);
    await eventually('a receipt', async () => (await readersOf(event)).includes(aliceGhost));
  });

  test('in a group when it is on everybody’s', async () => {
    await online(bob, false);
    const { event, id } = await leaves(choir, 'are you all there?');
    const confirmed = async (): Promise<boolean> =>
      (await whatsapp.receipts(account.id, id)).some(({ type }) => type === 'delivery');
    await eventually('the receipt of one of the two', confirmed);
    // What the account's telephone has heard, the bridge has heard as well: a second message comes behind it.
    const next = await leaves(portal, 'behind it');
    await eventually('the bot’s receipt', async () => (await readersOf(next.event)).includes(BOT));
    expect(await readersOf(event, choir)).not.toContain(BOT);
    await online(bob, true);
    await eventually('the bot’s receipt in the group', async () => (await readersOf(event, choir)).includes(BOT));
  });

  test('also when it arrives while the bridge is away', async () => {
    await online(alice, false);
    const { event } = await leaves(portal, 'sleep well');
    await town?.bridge.stop('SIGKILL');
    await online(alice, true);
    await town?.bridge.start();
    await eventually('the bot’s receipt', async () => (await readersOf(event)).includes(BOT));
    expect(await readersOf(event)).not.toContain(aliceGhost);
  });
});

describe('what WhatsApp lets people know', () => {
  test.each([
    [false, 'Voice call: answer it on your phone.', 'Missed voice call.'],
    [true, 'Video call: answer it on your phone.', 'Missed video call.'],
  ])('is a call, when it rings, and that it was missed (with video: %s)', async (video, words, missed) => {
    const { call } = await whatsapp.command('call', { by: alice.id, to: account.id, video });
    const told = await camille.answer(portal, words);
    expect([told.sender, told.content['msgtype']]).toEqual([aliceGhost, 'm.notice']);
    await whatsapp.command('endCall', { by: alice.id, to: account.id, call, reason: 'hangup' });
    const edit = await camille.answer(portal, missed);
    expect([edit.sender, edit.content['m.relates_to']]).toEqual([
      aliceGhost,
      { rel_type: 'm.replace', event_id: told.event_id },
    ]);
  });

  test('is a call in the group, in the group', async () => {
    const { call } = await whatsapp.command('call', { by: bob.id, to: group.id });
    const told = await camille.answer(choir, 'Voice call in this group: join it on your phone.');
    expect([told.sender, told.content['msgtype']]).toEqual([bobGhost, 'm.notice']);
    await whatsapp.command('endCall', { by: bob.id, to: group.id, call });
    const edit = await camille.answer(choir, 'Voice call in this group: it is over.');
    expect(edit.content['m.relates_to']).toEqual({ rel_type: 'm.replace', event_id: told.event_id });
  });

  test.each([
    [86_400, 'after 24 hours'],
    [7 * 86_400, 'after 7 days'],
    [90 * 86_400, 'after 90 days'],
    [0, 'no longer disappear'],
  ])(
    'is that messages disappear after %d seconds, and what is said here then disappears as well',
    async (seconds, words) => {
      await whatsapp.command('setTimer', { by: alice.id, to: account.id, seconds });
      const told = await camille.answer(portal, words);
      expect(told.content['msgtype']).toBe('m.notice');
      await camille.say(portal, `said with ${seconds}`);
      const there = await whatsapp.waitForText(alice.id, account.id, `said with ${seconds}`);
      expect(there.expiration).toBe(seconds);
    },
  );

  test('is that a message can be seen once, on the phone', async () => {
    await whatsapp.command('sendUnavailable', { by: alice.id, to: account.id });
    const told = await camille.answer(portal, 'view-once message');
    expect(told.content['msgtype']).toBe('m.notice');
  });

  test('is a channel’s post, once', async () => {
    for (const text of ['news of the day', 'more news'])
      await whatsapp.command('postInChannel', { to: account.id, channel: '120363000000000001', text });
    await camille.answer(management, 'Posts of channels are not brought here');
    await whatsapp.write(alice.id, account.id, 'behind the news');
    await camille.answer(portal, 'behind the news');
    const all = (await camille.events(management)).filter(({ content }) =>
      String(content['body']).includes('Posts of channels'),
    );
    expect(all).toHaveLength(1);
  });
});

describe('a message', () => {
  test('that was forwarded says so, and what an address leads to is quoted below it', async () => {
    await whatsapp.write(alice.id, account.id, 'heard elsewhere', { forwarded: true });
    expect((await camille.answer(portal, 'heard elsewhere')).content['body']).toBe('↪ heard elsewhere');
    const preview = { url: 'https://matrix.org', title: 'Matrix', description: 'An open network' };
    await whatsapp.write(alice.id, account.id, 'look: https://matrix.org', { preview });
    const said = await camille.answer(portal, 'look:');
    expect(said.content['body']).toBe('look: https://matrix.org\nMatrix\nAn open network');
    expect(said.content['formatted_body']).toContain('<blockquote>');
  });

  test('that cannot be read waits in its place until its text comes', async () => {
    await whatsapp.command('damage', { by: alice.id, times: 1 });
    await whatsapp.write(alice.id, account.id, 'readable at last');
    const notice = await camille.answer(portal, 'cannot be read yet');
    const healed = await camille.answer(portal, 'readable at last');
    expect(healed.content['m.relates_to']).toMatchObject({ rel_type: 'm.replace', event_id: notice.event_id });
    expect(healed.sender).toBe(aliceGhost);
  });
});

describe('what a phone calls its contacts', () => {
  const call = async (owner: Contact, whom: Contact, name: string): Promise<void> => {
    const value = { contactAction: { fullName: name, lidJid: whom.lid } };
    const about = { by: owner.id, collection: 'critical_unblock_low', index: ['contact', whom.pn] };
    await whatsapp.command('changeSetting', { ...about, ...(name === '' ? { value: {}, remove: true } : { value }) });
  };
  const nameOf = async (who: Person, room: string): Promise<unknown> =>
    (await who.state(room, 'm.room.name'))?.['name'];
  const called = async (who: Person, room: string, name: string): Promise<void> => {
    await eventually(name, async () => (await nameOf(who, room)) === name);
  };

  test('is what each person’s own room with them is called, and nobody else sees it', async () => {
    if (town === undefined) throw new Error('no town');
    const robin = await town.person('robin');
    const other = await whatsapp.createPerson({ name: 'Robin' });
    const dora = await whatsapp.createPerson({ name: 'Dora' });
    const robins = await linkByCode(whatsapp, robin, other);
    await call(account, dora, 'My dentist');
    await call(other, dora, 'Sweetheart');
    // Both phones’ settings have been followed when what they say behind them can be asked.
    for (const [who, room, name] of [
      [camille, management, 'My dentist'],
      [robin, robins, 'Sweetheart'],
    ] as const) {
      await eventually(name, async () => {
        await who.say(room, 'contacts');
        const answers = (await who.events(room)).map(({ content }) => String(content['body']));
        return answers.some((body) => body.includes(`- ${name}: +${dora.phone}`));
      });
    }
    const both = await whatsapp.createGroup(dora.id, 'Teeth', [account.id, other.id]);
    await whatsapp.write(dora.id, both.id, 'to both');
    const [teeth, theirs] = [await camille.nextRoom(), await robin.nextRoom()];
    expect(theirs).toBe(teeth);
    const { sender } = await camille.answer(teeth, 'to both');
    await camille.say(management, 'start-chat my DENTIST');
    const mine = await camille.nextRoom();
    await whatsapp.write(dora.id, other.id, 'love');
    const yours = await robin.nextRoom();
    await robin.answer(yours, 'love');
    expect([await nameOf(camille, mine), await nameOf(robin, yours)]).toEqual(['My dentist', 'Sweetheart']);
    expect((await camille.state(mine, 'm.room.member', sender))?.['membership']).toBe('join');

    await call(account, dora, 'Dr Dora');
    await called(camille, mine, 'Dr Dora');
    await call(other, dora, '');
    await called(robin, yours, 'Dora');
    const seen = async (who: Person, room: string): Promise<string> => JSON.stringify(await who.wholeState(room));
    expect((await camille.profile(sender))['displayname']).toMatch(/^Dora/);
    expect(await seen(camille, mine)).not.toContain('Sweetheart');
    expect(await seen(robin, yours)).not.toMatch(/dentist|Dr Dora/);
    expect(await seen(robin, teeth)).not.toMatch(/dentist|Dr Dora|Sweetheart/);
    expect(town.bridge.log()).not.toMatch(/dentist|Dr Dora|Sweetheart/);
    await robin.say(robins, 'start-chat whatsapp Dr Dora');
    await robin.answer(robins, 'Dr Dora was not found on WhatsApp');
  });
});

describe('somebody with a new phone number', () => {
  test('stays who they were: the same ghost, the same room, both ways', async () => {
    alice = await whatsapp.command('changePerson', { id: alice.id, phone: '33700000099' });
    await camille.answer(portal, 'has a new phone number');
    await whatsapp.write(alice.id, account.id, 'it is still me');
    expect((await camille.answer(portal, 'it is still me')).sender).toBe(aliceGhost);
    await camille.say(portal, 'good to know');
    expect((await whatsapp.waitForText(alice.id, account.id, 'good to know')).chat).toBe(account.id);
  });
});
