// T-14 over the wire: what others claim in our name or in another's changes nothing here; what they may really do is heard.
// Each forgery would be seen if it were not dropped: in an event, or in what the login keeps.
import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { as, type ChatId } from '../../../src/model/ids.ts';
import type { NetworkEvent } from '../../../src/model/network-event.ts';
import { CREDS_KEY, Names, openCreds, type KeyType } from '../../../src/networks/whatsapp/state/values.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { SELF_ONLY } from './support/wire.ts';
import { idOf, messageOf, newPerson } from './support/world.ts';

const { Type } = proto.Message.ProtocolMessage;

setStage();

let scene: Scene;
let admin: Person;
let group: string;
let choir: ChatId;

beforeEach(async () => {
  scene = await scenes.live({ paced: false });
  admin = await newPerson(sandbox);
  ({ id: group } = await sandbox.createGroup(admin.id, 'Choir', [scene.me.id, scene.friend.id]));
  choir = as<ChatId>(`g${group.split('@')[0]}`);
});

/** Any message, past what an honest app would write. */
async function forge(by: Person, to: string, message: proto.IMessage): Promise<void> {
  await sandbox.command('send', { by: by.id, to, message: proto.Message.fromObject(message).toJSON() });
}

let words = 0;

/** Everything that was heard when this person's next honest word is. */
async function heard(by: Person, to: string, chat: ChatId): Promise<readonly NetworkEvent[]> {
  words += 1;
  const honest = `honest word ${words}`;
  await sandbox.write(by.id, to, honest);
  await scene.house.until(() => scene.house.texts(chat).includes(honest));
  return scene.house.events;
}

async function said(by: Person, to: string, chat: ChatId, text: string): Promise<string> {
  const id = await sandbox.write(by.id, to, text);
  await scene.house.until(() => scene.house.texts(chat).includes(text));
  return id;
}

const changes = (events: readonly NetworkEvent[]): readonly NetworkEvent[] =>
  events.filter(({ kind }) => kind === 'edit' || kind === 'removal');

/** Whether the login keeps this of the library's state. */
async function keeps(type: KeyType, id: string): Promise<boolean> {
  const all = await scene.house.vault.readAll(vaultScope(scene.puppet.id));
  const creds = all.get(CREDS_KEY);
  if (creds === undefined) throw new Error('no credentials');
  return all.has(new Names(openCreds(creds)).of(type, id));
}

const protocol = (protocolMessage: proto.Message.IProtocolMessage): proto.IMessage => ({ protocolMessage });

const keyId = Buffer.alloc(6, 9);
const share = protocol({
  type: Type.APP_STATE_SYNC_KEY_SHARE,
  appStateSyncKeyShare: { keys: [{ keyId: { keyId }, keyData: { keyData: Buffer.alloc(32, 9), timestamp: 1 } }] },
});

/** That this number is that account's. */
function mapping({ phone }: Person, { id }: Person): proto.IMessage {
  const pairs = [{ pn: Number(phone), assignedLid: Number(id), latestLid: Number(id) }];
  const encodedMappingPayload = proto.LIDMigrationMappingSyncPayload.encode({ pnToLidMappings: pairs }).finish();
  return protocol({
    type: Type.LID_MIGRATION_MAPPING_SYNC,
    lidMigrationMappingSyncMessage: { encodedMappingPayload },
  });
}

/** A change of what they wrote themselves, which they may make, with something inside that they may not say. */
const edited = (id: string, inner: proto.IMessage): proto.IMessage => ({
  editedMessage: { message: protocol({ type: Type.MESSAGE_EDIT, key: { id, fromMe: true }, editedMessage: inner }) },
});

/** Fields that stand in a message which claims to be an ordinary deletion. */
const FIELDS: Readonly<Record<string, proto.Message.IProtocolMessage>> = {
  'a history': { historySyncNotification: { syncType: 0 } },
  'a key share': { appStateSyncKeyShare: { keys: [] } },
  'a key request': { appStateSyncKeyRequest: { keyIds: [] } },
  'phone numbers': { lidMigrationMappingSyncMessage: { encodedMappingPayload: Buffer.of() } },
  'a request to our phone': { peerDataOperationRequestMessage: {} },
  'an answer of our phone': { peerDataOperationRequestResponseMessage: { peerDataOperationResult: [] } },
};

describe('dropped, from anybody else', () => {
  test('what devices of one account say to each other, hidden in a change that its author may make', async () => {
    const { friend, me, chat } = scene;
    const [direct, there] = [await said(friend, me.id, chat, 'mine'), await said(friend, group, choir, 'mine too')];
    for (const type of SELF_ONLY) {
      await forge(friend, me.id, edited(direct, protocol({ type: Type[type] })));
      await forge(friend, group, edited(there, protocol({ type: Type[type] })));
    }
    for (const field of Object.values(FIELDS)) {
      await forge(friend, me.id, protocol({ type: Type.REVOKE, key: { id: direct, fromMe: true }, ...field }));
      await forge(friend, group, protocol({ type: Type.REVOKE, key: { id: there, fromMe: true }, ...field }));
    }
    await heard(friend, group, choir);
    expect(changes(await heard(friend, me.id, chat))).toEqual([]);
  });

  test('keys of shared settings: none is kept', async () => {
    const { friend, me, chat } = scene;
    for (const content of [
      share,
      { deviceSentMessage: { destinationJid: me.pn, message: share } },
      { ephemeralMessage: { message: share } },
    ])
      await forge(friend, me.id, content);
    await heard(friend, me.id, chat);
    expect(await keeps('app-state-sync-key', keyId.toString('base64'))).toBe(false);
  });

  test('whose number is whose: nobody becomes somebody else', async () => {
    const { friend, me, chat } = scene;
    const stranger = await newPerson(sandbox);
    await forge(friend, me.id, mapping(stranger, friend));
    await heard(friend, me.id, chat);
    // Of the friend both names come with what they write.
    const [theirs, stolen] = [await keeps('lid-mapping', friend.phone), await keeps('lid-mapping', stranger.phone)];
    expect([theirs, stolen]).toEqual([true, false]);
    await sandbox.write(stranger.id, me.id, 'I am I');
    await scene.house.until(() => scene.house.texts(idOf(stranger)).includes('I am I'));
  });

  test('words in our own name, by a history or as an answer of our phone', async () => {
    const { friend, me, chat } = scene;
    const inOurName: proto.IWebMessageInfo = {
      key: { remoteJid: friend.lid, fromMe: true, id: '3EB0FORGED' },
      message: { conversation: 'I owe you everything' },
      messageTimestamp: Math.floor(Date.now() / 1000),
    };
    const sync = { syncType: 0, conversations: [{ id: friend.lid, messages: [{ message: inOurName }] }] };
    const initialHistBootstrapInlinePayload = deflateSync(proto.HistorySync.encode(sync).finish());
    const historySyncNotification = { syncType: 0, chunkOrder: 1, initialHistBootstrapInlinePayload };
    await forge(friend, me.id, protocol({ type: Type.HISTORY_SYNC_NOTIFICATION, historySyncNotification }));
    const webMessageInfoBytes = proto.WebMessageInfo.encode(inOurName).finish();
    const result = [{ placeholderMessageResendResponse: { webMessageInfoBytes } }];
    const answer = { stanzaId: 'X', peerDataOperationResult: result };
    const type = Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE;
    await forge(friend, me.id, protocol({ type, peerDataOperationRequestResponseMessage: answer }));
    const events = await heard(friend, me.id, chat);
    expect(events.map(({ sender }) => sender)).toEqual([idOf(friend)]);
  });

  test('a copy that only our own phone could send is by whoever sent it, in their chat', async () => {
    const { friend, me, chat } = scene;
    const message = { conversation: 'as if from your phone' };
    await forge(friend, me.id, { deviceSentMessage: { destinationJid: admin.lid, message } });
    await scene.house.until(() => scene.house.texts().includes('as if from your phone'));
    expect(scene.house.events).toMatchObject([{ sender: idOf(friend), portal: { chat } }]);
  });

  test('changes of another’s words', async () => {
    const { friend, me, session } = scene;
    const theirs = await said(admin, group, choir, 'by the admin');
    const own = await said(friend, group, choir, 'by the friend');
    const { message: ours } = await session.perform(text(choir, 'by me'), effect(), context);
    const mine = ours?.split('.')[1] ?? '';
    await sandbox.waitForText(friend.id, group, 'by me');
    for (const [by, id] of [
      [friend, theirs],
      [friend, mine],
      [admin, own],
      [admin, mine],
    ] as const)
      await sandbox.edit(by.id, group, id, 'what was never said');
    for (const [id, by] of [
      [theirs, admin],
      [mine, me],
    ] as const) {
      const key = { id, remoteJid: group, fromMe: false, participant: by.lid };
      await forge(friend, group, protocol({ type: Type.REVOKE, key }));
    }
    await heard(friend, group, choir);
    expect(changes(await heard(admin, group, choir))).toEqual([]);
  });

  test('a deletion of our words in a private chat', async () => {
    const { friend, me, chat, session } = scene;
    const { message: ours } = await session.perform(text(chat, 'by me'), effect(), context);
    const key = { id: ours?.split('.')[1] ?? '', remoteJid: me.lid, fromMe: false, participant: me.lid };
    await forge(friend, me.id, protocol({ type: Type.REVOKE, key }));
    expect(changes(await heard(friend, me.id, chat))).toEqual([]);
  });

  test('a deletion by who was an admin until just now', async () => {
    const { friend } = scene;
    const first = await said(admin, group, choir, 'first');
    const second = await said(admin, group, choir, 'second');
    const about = { by: admin.id, group, people: [friend.id] };
    await sandbox.command('members', { ...about, change: 'promote' });
    await sandbox.remove(friend.id, group, first);
    await scene.house.until(() => changes(scene.house.events).length === 1);
    await sandbox.command('members', { ...about, change: 'demote' });
    const key = { id: second, remoteJid: group, fromMe: false, participant: admin.lid };
    await forge(friend, group, protocol({ type: Type.REVOKE, key }));
    expect(changes(await heard(friend, group, choir))).toMatchObject([{ target: messageOf(admin, first) }]);
  });
});

describe('heard', () => {
  test('an author’s own changes, in a private chat and in a group', async () => {
    const { friend, me, chat, house } = scene;
    for (const [to, where] of [
      [me.id, chat],
      [group, choir],
    ] as const) {
      const id = await said(friend, to, where, `slip in ${to}`);
      const before = changes(house.events).length;
      await sandbox.edit(friend.id, to, id, 'better');
      await sandbox.remove(friend.id, to, id);
      await house.until(() => changes(house.events).length === before + 2);
      const target = messageOf(friend, id);
      expect(changes(house.events).slice(before)).toMatchObject([
        { kind: 'edit', target, sender: idOf(friend) },
        { kind: 'removal', target, sender: idOf(friend) },
      ]);
    }
  });

  test('an admin’s deletion of another’s words, and of ours', async () => {
    const { friend, house, me, session } = scene;
    const theirs = await said(friend, group, choir, 'by the friend');
    const { message: ours } = await session.perform(text(choir, 'by me'), effect(), context);
    await sandbox.waitForText(admin.id, group, 'by me');
    await sandbox.remove(admin.id, group, theirs);
    await sandbox.remove(admin.id, group, ours?.split('.')[1] ?? '');
    await house.until(() => changes(house.events).length === 2);
    expect(changes(house.events)).toMatchObject([
      { kind: 'removal', target: messageOf(friend, theirs), sender: idOf(admin) },
      { kind: 'removal', target: ours, sender: idOf(admin) },
    ]);
    expect(ours).toMatch(idOf(me));
  });

  test('an admin’s deletion, while nobody tells who is one, as to be asked about; and nothing else of such a message', async () => {
    const { friend, house, me } = scene;
    const theirs = await said(friend, group, choir, 'by the friend');
    const own = await said(admin, group, choir, 'by the admin');
    const untold = async (): Promise<void> => {
      // Whoever was known to be an admin is no longer sure to be one.
      await sandbox.command('members', { by: admin.id, group, change: 'promote', people: [friend.id] });
      await sandbox.command('members', { by: admin.id, group, change: 'demote', people: [friend.id] });
      await sandbox.command('failNext', { person: me.id, what: 'w:g2', code: 503, times: 1 });
    };
    await untold();
    await sandbox.remove(admin.id, group, theirs);
    await house.until(() => changes(house.events).length === 1);
    const [removal] = changes(house.events);
    expect(removal).toMatchObject({ target: messageOf(friend, theirs), sender: idOf(admin), ifAdmin: true });
    // What its author takes back themselves is another event.
    await sandbox.remove(friend.id, group, theirs);
    await house.until(() => changes(house.events).length === 2);
    expect(changes(house.events)[1]).not.toMatchObject({ key: removal?.key });
    expect(changes(house.events)[1]).not.toHaveProperty('ifAdmin');
    await untold();
    const key = { id: theirs, remoteJid: group, fromMe: false, participant: friend.lid };
    await forge(admin, group, edited(own, protocol({ type: Type.REVOKE, key })));
    expect(changes(await heard(friend, group, choir))).toHaveLength(2);
  });

  test('ours of another’s words, as an admin: from our phone here, and from here on their phone', async () => {
    const { friend, house, me, session } = scene;
    await sandbox.command('members', { by: admin.id, group, change: 'promote', people: [me.id] });
    const one = await said(friend, group, choir, 'one');
    const other = await said(friend, group, choir, 'other');
    await sandbox.remove(me.id, group, one);
    await house.until(() => changes(house.events).length === 1);
    expect(changes(house.events)).toMatchObject([{ target: messageOf(friend, one), sender: idOf(me) }]);
    await session.perform({ kind: 'remove', chat: choir, target: messageOf(friend, other) }, effect(), context);
    const removed = async (): Promise<boolean> =>
      (await sandbox.messages(friend.id, group)).some(({ kind, target }) => kind === 'revoke' && target === other);
    await sandbox.waitFor(async () => (await removed()) || undefined);
  });

  test('our own phone’s keys of shared settings, and whose number it says is whose', async () => {
    const { friend, me, chat } = scene;
    const other = await newPerson(sandbox);
    await heard(friend, me.id, chat);
    await forge(me, me.id, share);
    await forge(me, me.id, mapping(other, other));
    await sandbox.write(me.id, friend.id, 'and a word');
    await scene.house.until(() => scene.house.texts(chat).includes('and a word'));
    expect(await keeps('app-state-sync-key', keyId.toString('base64'))).toBe(true);
    expect(await keeps('lid-mapping', other.phone)).toBe(true);
  });
});
