// A contact whose WhatsApp was written by other hands (Rust, as WebAssembly) talks with a person on Matrix, so that the two ends of
// the conversation are not the same Signal code. The bridge is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeProto } from 'whatsapp-rust-bridge';
import type { WhatsAppSandbox, Person as OnWhatsApp } from '../../sandbox/whatsapp/control-client.ts';
import { rustClient, type RustClient, type RustStore } from '../sandbox/whatsapp/support/rust.ts';
import { eventually, type Person } from './journey/person.ts';
import type { Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;
let account: OnWhatsApp;
let ben: OnWhatsApp;
let rust: RustClient;
const store: RustStore = new Map();
let portal: string;
let ghost: string;

beforeAll(async () => {
  town = await openWhatsAppTown({});
  ({ sandbox: whatsapp, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  ben = await whatsapp.createPerson({ name: 'Ben' });
  await linkByCode(whatsapp, camille, account);

  rust = await rustClient(whatsapp.url, store);
  rust.client.run();
  const { data } = await rust.event('qr');
  await whatsapp.scanQr(ben.id, data.code);
  await rust.event('pair_success');
  await rust.event('connected');
}, 120_000);

afterAll(async () => {
  await rust?.stop();
  await town?.close();
}, 60_000);

const numbered = (text: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${text} ${at}`);

const linkedDevice = ({ devices }: OnWhatsApp): number => devices.find(({ simulated }) => !simulated)?.device ?? 0;

/** What Ben's ghost has said, in its order. */
async function heardOfBen(): Promise<readonly string[]> {
  const name = `${ghost.split(':')[0] ?? ''}: `;
  return (await camille.conversation(portal))
    .filter((line) => line.startsWith(name))
    .map((line) => line.slice(name.length));
}

describe('a contact who uses a client of another hand', () => {
  test('begins at the same time as the bridge: both can read what the other began with', async () => {
    await whatsapp.write(ben.id, account.id, 'hello from the telephone');
    portal = await camille.nextRoom();
    ({ sender: ghost } = await camille.answer(portal, 'hello from the telephone'));
    // Neither has heard of the other when it begins: what they send is kept back until both have.
    const [mine, theirs] = [
      linkedDevice(await whatsapp.person(account.id)),
      linkedDevice(await whatsapp.person(ben.id)),
    ];
    const ends = [
      { person: account.id, device: mine },
      { person: ben.id, device: theirs },
    ];
    for (const end of ends) await whatsapp.command('onDelivery', { ...end, how: 'hold', kind: 'message', times: 100 });
    const [there, here] = [numbered('first to Rust', 2), numbered('first to Matrix', 2)];
    for (const text of there) await camille.say(portal, text);
    for (const text of here) await rust.send(account.pn, text);
    await whatsapp.waitForText(ben.id, account.id, there.at(-1) ?? '');
    await whatsapp.waitForText(ben.id, account.id, here.at(-1) ?? '');
    await whatsapp.command('clearFaults', {});
    for (const end of ends) await whatsapp.command('release', end);

    await rust.message(there.at(-1) ?? '');
    await camille.answer(portal, here.at(-1) ?? '');
    const [back, forth] = [numbered('then to Rust', 2), numbered('then to Matrix', 2)];
    for (const text of back) await camille.say(portal, text);
    for (const text of forth) await rust.send(account.pn, text);
    await rust.message(back.at(-1) ?? '');
    await camille.answer(portal, forth.at(-1) ?? '');
    expect(await heardOfBen()).toEqual(['hello from the telephone', ...here, ...forth]);
    const read = rust.messages.filter(({ fromMe }) => !fromMe).map(({ text }) => text);
    expect(read.filter((text) => text.includes('to Rust'))).toEqual([...there, ...back]);
    // Nothing had to be asked for again.
    expect(await whatsapp.command('nodes', { kind: 'receipt retry' })).toEqual([]);
  });

  test('sees what is corrected, taken back and reacted to, and does the same', async () => {
    const slip = await camille.say(portal, 'tpyo');
    const there = await rust.message('tpyo');
    await camille.send(portal, {
      msgtype: 'm.text',
      body: '* typo',
      'm.new_content': { msgtype: 'm.text', body: 'typo' },
      'm.relates_to': { rel_type: 'm.replace', event_id: slip },
    });
    const mentions =
      (what: string, id: string) =>
      (message: { readonly content: unknown }): boolean => {
        const json = JSON.stringify(message.content);
        return json.includes(what) && json.includes(id);
      };
    await rust.heard(mentions('"typo"', there.id));
    const relation = (event: string): object => ({
      'm.relates_to': { rel_type: 'm.annotation', event_id: event, key: '👍' },
    });
    const said = await rust.send(account.pn, 'good news');
    const news = await camille.answer(portal, 'good news');
    await camille.send(portal, relation(news.event_id), 'm.reaction');
    await rust.heard(mentions('👍', said));
    await camille.redact(portal, slip);
    await rust.heard((message) => mentions('protocolMessage', there.id)(message) && !mentions('typo', '')(message));

    await rust.client.editMessageBytes(account.pn, said, encodeProto('Message', { conversation: 'better news' }));
    await camille.answer(portal, 'better news');
    const mine = await camille.say(portal, 'what do you say?');
    const { id } = await rust.message('what do you say?');
    await rust.client.sendReaction(account.pn, { id, fromMe: false }, '🎉');
    const reaction = await camille.heard(
      portal,
      'a reaction',
      ({ type, sender }) => type === 'm.reaction' && sender === ghost,
    );
    expect(reaction.content['m.relates_to']).toMatchObject({ event_id: mine, key: '🎉' });
    await rust.client.revokeMessage(account.pn, said);
    await camille.heard(portal, 'the deletion', ({ event_id: one, unsigned }) => {
      return one === news.event_id && unsigned?.redacted_because !== undefined;
    });
  });

  test('both write at once: everything can be read, once and in its order', async () => {
    const [there, here] = [numbered('to Rust', 6), numbered('to Matrix', 6)];
    const saying = (async () => {
      for (const text of there) await camille.say(portal, text);
    })();
    for (const text of here) await rust.send(account.pn, text);
    await saying;
    await rust.message(there.at(-1) ?? '');
    await camille.answer(portal, here.at(-1) ?? '');
    expect((await heardOfBen()).filter((text) => here.includes(text))).toEqual(here);
    expect(rust.messages.map(({ text }) => text).filter((text) => there.includes(text))).toEqual(there);
  });

  test('talks in a group, with keys that the group shares', async () => {
    const group = await whatsapp.createGroup(ben.id, 'Rust and others', [account.id]);
    await rust.send(group.id, 'hello group');
    const room = await camille.nextRoom();
    expect((await camille.answer(room, 'hello group')).sender).toBe(ghost);
    await camille.say(room, 'hello back');
    expect(await rust.message('hello back')).toMatchObject({ chat: group.id });
    await rust.send(group.id, 'and once more');
    await camille.answer(room, 'and once more');
  });

  test('hears of each change of a group that is made on Matrix, and makes changes that are seen there', async () => {
    const eve = await whatsapp.createPerson({ name: 'Eve' });
    const { id: group } = await whatsapp.createGroup(ben.id, 'Quay', [account.id, eve.id]);
    await whatsapp.write(eve.id, group, 'I am Eve');
    const room = await camille.nextRoom();
    const { sender: hers } = await camille.answer(room, 'I am Eve');
    const levels = async (): Promise<Record<string, unknown>> => ({
      ...(await camille.state(room, 'm.room.power_levels')),
    });
    const of = async (user: string): Promise<unknown> => ((await levels())['users'] as Record<string, unknown>)[user];

    // By Ben, on his other device.
    await rust.client.groupParticipantsUpdate(group, [account.pn], 'promote');
    await eventually('Camille’s power', async () => (await of(camille.id)) === 60);
    await rust.client.groupUpdateSubject(group, 'The old quay');
    await eventually('the name', async () => (await camille.state(room, 'm.room.name'))?.['name'] === 'The old quay');
    const named = (await camille.events(room)).findLast(({ type }) => type === 'm.room.name');
    expect(named?.sender).toBe(ghost);
    await rust.client.groupMemberAddMode(group, 'admin_add');
    await eventually('invitations by admins', async () => (await levels())['invite'] === 50);
    await rust.client.groupSettingUpdate(group, 'announce', true);
    await eventually('an announcement room', async () => (await levels())['events_default'] === 50);
    await rust.client.groupParticipantsUpdate(group, [eve.pn], 'remove');
    await eventually('Eve’s going', async () => {
      return (await camille.state(room, 'm.room.member', hers))?.['membership'] === 'leave';
    });

    // By Camille, on Matrix.
    const told = async (what: string, more: (action: object) => boolean = () => true): Promise<void> => {
      const change = await rust.changed((one) => {
        const by = `${one.participant?.user ?? ''} ${one.participant_pn?.user ?? ''}`;
        const hers = [account.pn, account.lid].some((address) => by.includes(address.split('@')[0] ?? '-'));
        return hers && `${one.group_jid.user}@g.us` === group && one.action.type === what && more(one.action);
      });
      expect(change.has_incomplete_participant_information).toBe(false);
    };
    const about = (text: string) => (action: object) => JSON.stringify(action).includes(text);
    const numberOf = ({ pn }: OnWhatsApp): string => pn.split('@')[0] ?? '';
    await camille.setState(room, 'm.room.name', { name: 'The new quay' });
    await told('subject', about('The new quay'));
    await camille.setState(room, 'm.room.topic', { topic: 'Ships and tides' });
    await told('description', about('Ships and tides'));
    await camille.invite(room, hers);
    await told('add', about(numberOf(eve)));
    await eventually('Eve’s return', async () => {
      return (await camille.state(room, 'm.room.member', hers))?.['membership'] === 'join';
    });
    const now = await levels();
    const users = now['users'] as Record<string, unknown>;
    const changed = { ...now, users: { ...users, [hers]: 50 }, events_default: 0, invite: 0 };
    await camille.setState(room, 'm.room.power_levels', changed);
    await told('promote', about(numberOf(eve)));
    await told('not_announcement');
    await told('member_add_mode', about('all_member_add'));
    await camille.setState(room, 'm.room.power_levels', { ...changed, users });
    await told('demote', about(numberOf(eve)));
    await camille.kick(room, hers);
    await told('remove', about(numberOf(eve)));

    const { subject, description, participants, isAnnouncement } = await rust.client.getGroupMetadata(group);
    expect({ subject, description, isAnnouncement }).toEqual({
      subject: 'The new quay',
      description: 'Ships and tides',
      isAnnouncement: false,
    });
    expect(participants.filter(({ isAdmin }) => isAdmin)).toHaveLength(2);
    expect(participants).toHaveLength(2);
    expect(await whatsapp.command('unknown', {})).toEqual([]);
  });

  test('goes on after the bridge was killed and the client has started anew', async () => {
    const before = numbered('before the kill', 4);
    for (const text of before) await rust.send(account.pn, text);
    await town?.bridge.stop('SIGKILL');
    await rust.send(account.pn, 'while the bridge was away');
    await rust.stop();
    await camille.say(portal, 'while both were away');
    await town?.bridge.start();
    await whatsapp.waitForText(ben.id, account.id, 'while both were away');
    rust = await rustClient(whatsapp.url, store);
    rust.client.run();
    await rust.message('while both were away');
    await rust.send(account.pn, 'both are back');
    await camille.answer(portal, 'both are back');
    const all = [...before, 'while the bridge was away', 'both are back'];
    expect((await heardOfBen()).filter((text) => all.includes(text))).toEqual(all);
  });
});
