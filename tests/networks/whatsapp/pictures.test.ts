// Pictures of people on the simulated WhatsApp: fetched once, known by their ids, hidden from whom they are hidden, in nobody's way.
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { jpegFrame, labelledJpeg } from '../../../sandbox/jpeg.ts';
import type { GroupInfo, Person } from '../../../sandbox/whatsapp/control-client.ts';
import { WebHost } from '../../../sandbox/whatsapp/web/host.ts';
import type { PersonSnapshot, Picture } from '../../../src/model/chat.ts';
import { as, type ChatId, type EffectId, type MxcUri, type UserId } from '../../../src/model/ids.ts';
import type { MediaSource } from '../../../src/model/message.ts';
import { vaultScope, type MediaStream, type NetworkSession } from '../../../src/ports/network.ts';
import type { Line } from '../../../src/networks/whatsapp/line.ts';
import { Pictures, type PictureDoors } from '../../../src/networks/whatsapp/pictures.ts';
import { WebDoor } from '../../../src/networks/whatsapp/web-door.ts';
import { House, realClock } from '../../support/house.ts';
import { LeapingClock } from './support/leaping-clock.ts';
import { linked, type Linked } from './support/linked.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, newPerson } from './support/world.ts';

const DAY_MS = 86_400_000;

setStage();

/** A clock that a test moves on. */
const clock = { ...realClock, ahead: 0, now: () => Date.now() + clock.ahead };

class Scene {
  readonly house = new House();
  readonly adapter = scenes.open(this.house, { linksADay: 10 }, clock);
  #texts = 0;

  async login(me: Person): Promise<Linked> {
    const owner = as<UserId>(`@${me.id}:example.org`);
    return await linked(sandbox, { adapter: this.adapter, house: this.house, owner, me });
  }

  /** `by` says something, and it has arrived. */
  async hears(by: Person, to: string): Promise<void> {
    const text = `word ${++this.#texts}`;
    await sandbox.write(by.id, to, text);
    await this.house.until(() => this.house.texts().includes(text));
  }

  /** What came about a person's picture, oldest first. */
  news(of: Person): PersonSnapshot['avatar'][] {
    return this.house.events.flatMap((event) =>
      event.kind === 'person' && event.person.id === idOf(of) && 'avatar' in event.person ? [event.person.avatar] : [],
    );
  }

  async newsOf(person: Person, count: number): Promise<PersonSnapshot['avatar']> {
    return await this.house
      .until(() => this.news(person).length === count && (this.news(person).at(-1) ?? 'none'))
      .then((last) => (last === 'none' ? null : last));
  }
}

async function bytesOf(session: NetworkSession, picture: PersonSnapshot['avatar']): Promise<Buffer> {
  const { source } = JSON.parse(JSON.stringify(picture)) as Picture;
  const { chunks, mime } = await session.openMedia(source);
  expect(mime).toBe('image/jpeg');
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const jpeg = (label: string): string => labelledJpeg(label).toString('base64');

async function friends(picture: boolean | string = false): Promise<{ me: Person; friend: Person }> {
  const me = await newPerson(sandbox, 'Account');
  const friend = await newPerson(sandbox, 'Friend');
  if (picture !== false) await sandbox.command('changePerson', { id: friend.id, picture });
  return { me, friend: await sandbox.person(friend.id) };
}

const looks = async (me: Person): Promise<number> =>
  (await sandbox.command('nodes', { person: me.id, way: 'in' })).filter(({ text }) =>
    text.includes('w:profile:picture'),
  ).length;

describe('the picture of somebody who speaks', () => {
  test('comes behind what they said, and is fetched from the host under its name', async () => {
    const scene = new Scene();
    const { me, friend } = await friends(jpeg('of a friend'));
    const { session } = await scene.login(me);
    await scene.hears(friend, me.id);
    const picture = await scene.newsOf(friend, 1);
    expect(picture?.hash).toBe(`wa-${friend.pictureId ?? ''}`);
    expect(await bytesOf(session, picture)).toEqual(labelledJpeg('of a friend'));
    const kinds = scene.house.events.map(({ kind }) => kind);
    expect(kinds.indexOf('message')).toBeLessThan(kinds.lastIndexOf('person'));
    expect(await session.describePerson(idOf(friend))).toMatchObject({ name: friend.name, avatar: picture });
  });

  test('is not asked for again while it is fresh, and not told again when it is still that one', async () => {
    const scene = new Scene();
    const { me, friend } = await friends(true);
    await scene.login(me);
    await scene.hears(friend, me.id);
    await scene.newsOf(friend, 1);
    await scene.hears(friend, me.id);
    await scene.hears(friend, me.id);
    expect(await looks(me)).toBe(1);
    clock.ahead += DAY_MS + 1;
    await scene.hears(friend, me.id);
    await sandbox.waitFor(async () => (await looks(me)) === 2);
    await scene.hears(friend, me.id);
    expect(scene.news(friend)).toHaveLength(1);
    const asked = await sandbox.command('nodes', { person: me.id, way: 'in' });
    expect(
      asked.map(({ text }) => text).filter((text) => text.includes(`id="${friend.pictureId ?? ''}"`)),
    ).toHaveLength(1);
  });

  test('is another when they have another, and none when they take it away', async () => {
    const scene = new Scene();
    const { me, friend } = await friends();
    const { session } = await scene.login(me);
    await scene.hears(friend, me.id);
    await sandbox.waitFor(async () => (await looks(me)) === 1);
    await scene.hears(friend, me.id);
    expect(scene.news(friend)).toEqual([null]);
    const { pictureId } = await sandbox.command('changePerson', { id: friend.id, picture: jpeg('first') });
    const first = await scene.newsOf(friend, 2);
    expect(first?.hash).toBe(`wa-${pictureId ?? ''}`);
    await sandbox.command('changePerson', { id: friend.id, picture: jpeg('second') });
    expect(await bytesOf(session, await scene.newsOf(friend, 3))).toEqual(labelledJpeg('second'));
    await expect(
      bytesOf(session, {
        ...first,
        source: { from: 'network', handle: { kind: 'picture', of: idOf(friend), id: pictureId } },
      } as Picture),
    ).rejects.toThrow('whatsapp-picture-gone');
    await sandbox.command('changePerson', { id: friend.id, picture: false });
    expect(await scene.newsOf(friend, 4)).toBeNull();
    expect((await session.describePerson(idOf(friend))).avatar).toBeNull();
  });

  test('is another also of one’s own account, whose picture was changed on the phone', async () => {
    const scene = new Scene();
    const { me, friend } = await friends();
    const { session } = await scene.login(me);
    await scene.hears(me, friend.id);
    await scene.newsOf(me, 1);
    const { pictureId } = await sandbox.command('changePerson', { id: me.id, picture: jpeg('me') });
    const mine = await scene.newsOf(me, 2);
    expect(mine?.hash).toBe(`wa-${pictureId ?? ''}`);
    expect(await bytesOf(session, mine)).toEqual(labelledJpeg('me'));
    await sandbox.command('changePerson', { id: me.id, picture: false });
    expect(await scene.newsOf(me, 3)).toBeNull();
  });

  test('is forgotten when its person has not spoken for a quarter of a year, and what became of it is told when they do', async () => {
    const scene = new Scene();
    const { me, friend } = await friends(true);
    const [other, shy] = [await newPerson(sandbox, 'Other'), await newPerson(sandbox, 'Shy')];
    const { puppet } = await scene.login(me);
    const seen = async (): Promise<readonly string[]> =>
      [...(await scene.house.vault.readAll(vaultScope(puppet.id))).keys()].filter((key) => key.startsWith('picture/'));
    const refused = async (): Promise<number> =>
      (await scene.house.vault.readAll(`whatsapp:hidden-picture:${idOf(shy)}`)).size;
    await sandbox.command('setPrivacy', { id: shy.id, name: 'profile', value: 'none' });
    await scene.hears(friend, me.id);
    expect(await scene.newsOf(friend, 1)).not.toBeNull();
    await scene.hears(shy, me.id);
    await sandbox.waitFor(async () => (await refused()) === 1);
    clock.ahead += 60 * DAY_MS;
    await scene.hears(other, me.id);
    await sandbox.waitFor(async () => (await seen()).length === 3);
    clock.ahead += 31 * DAY_MS;
    await scene.hears(other, me.id);
    await sandbox.waitFor(async () => (await seen()).length === 1);
    expect([await seen(), await refused()]).toEqual([[`picture/${idOf(other)}`], 0]);
    await sandbox.command('changePerson', { id: friend.id, picture: false });
    await scene.hears(friend, me.id);
    expect(await scene.newsOf(friend, 2)).toBeNull();
    expect(await seen()).toHaveLength(2);
  });

  test('is not asked for when a stranger has a new one', async () => {
    const scene = new Scene();
    const { me, friend } = await friends();
    const stranger = await newPerson(sandbox, 'Stranger');
    await sandbox.createGroup(friend.id, 'Group', [me.id, stranger.id]);
    await scene.login(me);
    await sandbox.command('changePerson', { id: stranger.id, picture: true });
    await scene.hears(friend, me.id);
    await sandbox.waitFor(async () => (await looks(me)) === 1);
    expect(scene.news(stranger)).toEqual([]);
  });

  test('is found at its address again when that has expired, by whichever login', async () => {
    const scene = new Scene();
    const { me, friend } = await friends(jpeg('lasting'));
    const other = await newPerson(sandbox, 'Other');
    await scene.login(me);
    const { session } = await scene.login(other);
    await scene.hears(friend, me.id);
    const picture = await scene.newsOf(friend, 1);
    await sandbox.command('advance', { ms: 8 * DAY_MS });
    expect(await bytesOf(session, picture)).toEqual(labelledJpeg('lasting'));
  });
});

describe('the picture of a group', () => {
  const chatOf = (group: GroupInfo): ChatId => as<ChatId>(`g${group.id.split('@')[0] ?? ''}`);
  const changes = (scene: Scene) =>
    scene.house.events.flatMap((event) => (event.kind === 'chat' && 'picture' in event.change ? [event] : []));

  async function inGroup(): Promise<{ scene: Scene; session: NetworkSession; friend: Person; group: GroupInfo }> {
    const scene = new Scene();
    const { me, friend } = await friends();
    const group = await sandbox.createGroup(friend.id, 'Allotments', [me.id]);
    const { session } = await scene.login(me);
    return { scene, session, friend, group };
  }

  const png = async (): Promise<MediaStream> => {
    const bytes = await sharp({ create: { width: 80, height: 60, channels: 3, background: '#080' } })
      .png()
      .toBuffer();
    return { mime: 'image/png', chunks: Readable.from([bytes]) };
  };
  const perform = async (session: NetworkSession, group: GroupInfo, picture: MediaSource | null) =>
    await session.perform({ kind: 'set-picture', chat: chatOf(group), picture }, as<EffectId>(`picture-${group.id}`), {
      since: 0,
      again: false,
      isLinked: async () => await Promise.resolve(false),
      open: png,
    });
  const mine = { from: 'matrix', uri: as<MxcUri>('mxc://hs.test/mine') } as const;

  test('changed over there comes as its author’s, and is fetched when it is wanted', async () => {
    const { scene, session, friend, group } = await inGroup();
    expect((await session.describeChat(chatOf(group))).chat.picture).toBeNull();
    const { pictureId } = await sandbox.command('changeGroup', {
      by: friend.id,
      group: group.id,
      picture: jpeg('ours'),
    });
    const [set] = await scene.house.until(() => changes(scene).length === 1 && changes(scene));
    expect(set).toMatchObject({ sender: idOf(friend), portal: { chat: chatOf(group) } });
    expect(set?.change.picture?.hash).toBe(`wa-${pictureId ?? ''}`);
    expect(await bytesOf(session, set?.change.picture)).toEqual(labelledJpeg('ours'));
    expect((await session.describeChat(chatOf(group))).chat.picture?.hash).toBe(`wa-${pictureId ?? ''}`);
    await sandbox.command('changeGroup', { by: friend.id, group: group.id, picture: false });
    await scene.house.until(() => changes(scene).length === 2);
    expect(changes(scene)[1]?.change.picture).toBeNull();
  });

  test('that cannot be looked at keeps nobody from describing the group', async () => {
    const { session, group } = await inGroup();
    await sandbox.command('failNext', { what: 'w:profile:picture', code: 503, times: 1 });
    const { chat } = await session.describeChat(chatOf(group));
    expect(chat).toMatchObject({ name: 'Allotments' });
    expect(chat).not.toHaveProperty('picture');
  });

  test('set from here is a square JPEG, comes back under the name that the answer gave, and goes again', async () => {
    const { scene, session, group } = await inGroup();
    const { picture } = await perform(session, group, mine);
    const kept = await sandbox.command('picture', { of: group.id });
    expect(jpegFrame(Buffer.from(kept?.jpeg ?? '', 'base64'))).toEqual({ width: 640, height: 640 });
    expect(picture).toBe(`wa-${kept?.id ?? ''}`);
    await scene.house.until(() => changes(scene)[0]?.change.picture?.hash === picture);
    expect(await perform(session, group, null)).not.toHaveProperty('picture');
    expect(await sandbox.command('picture', { of: group.id })).toBeNull();
    // The same again is another one over there.
    expect((await perform(session, group, mine)).picture).not.toBe(picture);
  });

  test('is left to admins where the group is locked', async () => {
    const { session, friend, group } = await inGroup();
    await sandbox.command('changeGroup', { by: friend.id, group: group.id, locked: true });
    const refused = { retry: 'never', human: { key: 'whatsapp.not-admin' } };
    await expect(perform(session, group, mine)).rejects.toMatchObject(refused);
    await expect(perform(session, group, null)).rejects.toMatchObject(refused);
  });
});

describe('more pictures than may be looked at in a minute', () => {
  const MOST = 30;
  const chatOf = ({ id }: GroupInfo): ChatId => as<ChatId>(`g${id.split('@')[0] ?? ''}`);

  /** An account in `count` groups, whose clock a test moves on; the last group and the friend have a picture. */
  async function inGroups(count: number) {
    const [standing, house] = [new LeapingClock(), new House()];
    const { me, friend } = await friends(jpeg('of a friend'));
    const groups = [];
    for (let n = 1; n <= count; n += 1) groups.push(await sandbox.createGroup(friend.id, `Group ${n}`, [me.id]));
    const last = groups.at(-1);
    if (last === undefined) throw new Error('no group');
    const shown = { by: friend.id, group: last.id, picture: jpeg('of the last') };
    const { pictureId } = await sandbox.command('changeGroup', shown);
    const adapter = scenes.open(house, { openMs: DAY_MS }, standing);
    const { session } = await linked(sandbox, { adapter, house, owner: as<UserId>(`@${me.id}:example.org`), me });
    const ofFriend = () =>
      house.events.flatMap((event) => (event.kind === 'person' && event.person.avatar ? [event.person.avatar] : []));
    const ofGroups = () =>
      house.events.flatMap((event) => (event.kind === 'chat' && 'picture' in event.change ? [event] : []));
    return { standing, house, me, friend, groups, last, pictureId, session, ofFriend, ofGroups };
  }

  test('are looked at later: groups that are described and people who speak count alike, and none is lost', async () => {
    const { standing, house, me, friend, groups, last, pictureId, session, ofFriend, ofGroups } = await inGroups(
      MOST + 2,
    );
    const described = [];
    for (const group of groups) described.push((await session.describeChat(chatOf(group))).chat);
    expect(described.map((chat) => 'picture' in chat)).toEqual(groups.map((_, n) => n < MOST));
    await sandbox.write(friend.id, me.id, 'hello');
    await house.until(() => house.texts().includes('hello'));
    expect([await looks(me), ofGroups(), ofFriend()]).toEqual([MOST, [], []]);
    await standing.pass(60_000);
    await house.until(() => ofFriend().length === 1);
    expect(await looks(me)).toBe(MOST + 3);
    expect(ofGroups().map(({ portal, change }) => [portal.chat, change.picture?.hash ?? null])).toEqual([
      [chatOf(groups[MOST] as GroupInfo), null],
      [chatOf(last), `wa-${pictureId ?? ''}`],
    ]);
    expect(await bytesOf(session, ofGroups()[1]?.change.picture)).toEqual(labelledJpeg('of the last'));
  });

  test('are looked at with the next message when the line was away in between', async () => {
    const { standing, house, me, friend, groups, session, ofFriend, ofGroups } = await inGroups(MOST);
    await sandbox.write(friend.id, me.id, 'hello');
    await house.until(() => ofFriend()[0]);
    for (const group of groups) await session.describeChat(chatOf(group));
    await sandbox.command('refuseConnections', { ms: 60_000 });
    await sandbox.command('killSockets', { person: me.id });
    await house.until(() => house.states.at(-1)?.state === 'offline');
    await standing.pass(60_000);
    await sandbox.command('refuseConnections', { ms: 0 });
    await standing.passUntil(() => house.states.at(-1)?.state === 'online', 1_000);
    expect(ofGroups()).toEqual([]);
    await sandbox.write(friend.id, me.id, 'again');
    await house.until(() => ofGroups().length === 1);
  });

  test('are told anew when their address has expired meanwhile', async () => {
    const { standing, house, me, friend, groups, last, session, ofFriend, ofGroups } = await inGroups(MOST);
    await sandbox.write(friend.id, me.id, 'hello');
    const before = await house.until(() => ofFriend()[0]);
    await standing.pass(60_000);
    for (const group of groups) await session.describeChat(chatOf(group));
    await sandbox.command('advance', { ms: 8 * DAY_MS });
    const later = { code: 'whatsapp-pace-pictures', retry: 'later' };
    await expect(bytesOf(session, before)).rejects.toMatchObject(later);
    const ofLast = { from: 'network', handle: { kind: 'picture', of: chatOf(last), id: '1' } } as const;
    await expect(session.openMedia(ofLast)).rejects.toMatchObject(later);
    expect(await looks(me)).toBe(MOST + 1);
    await standing.pass(60_000);
    const again = await house.until(() => ofFriend()[1]);
    expect(again.hash).toBe(before.hash);
    expect(await bytesOf(session, again)).toEqual(labelledJpeg('of a friend'));
    const told = await house.until(() => ofGroups()[0]);
    expect(await bytesOf(session, told.change.picture)).toEqual(labelledJpeg('of the last'));
  });
});

describe('a picture that is not for everybody', () => {
  test('is on no ghost from when a login was refused it, until that one may see it', async () => {
    const scene = new Scene();
    const { me, friend } = await friends(true);
    const other = await newPerson(sandbox, 'Other');
    await sandbox.command('setPrivacy', { id: friend.id, name: 'profile', value: 'contacts' });
    await sandbox.command('addContact', { owner: friend.id, person: me.id, name: 'Me' });
    const { session } = await scene.login(me);
    await scene.hears(friend, me.id);
    expect((await scene.newsOf(friend, 1))?.hash).toBe(`wa-${friend.pictureId ?? ''}`);

    const { session: second } = await scene.login(other);
    await scene.hears(friend, other.id);
    expect(await scene.newsOf(friend, 2)).toBeNull();
    expect((await session.describePerson(idOf(friend))).avatar).toBeNull();
    expect((await second.describePerson(idOf(friend))).avatar).toBeNull();
    await sandbox.command('changePerson', { id: friend.id, picture: true });
    await scene.newsOf(friend, 3);
    expect(scene.news(friend).at(-1)).toBeNull();

    await sandbox.command('addContact', { owner: friend.id, person: other.id, name: 'Other' });
    const { pictureId } = await sandbox.command('changePerson', { id: friend.id, picture: true });
    expect((await scene.newsOf(friend, 4))?.hash).toBe(`wa-${pictureId ?? ''}`);
    // Each login looks for itself; the one that was told first may be either.
    const seen = async (): Promise<unknown> => (await session.describePerson(idOf(friend))).avatar?.hash;
    await sandbox.waitFor(async () => (await seen()) === `wa-${pictureId ?? ''}`);
  });
});

describe('a picture that cannot be had', () => {
  async function unanswered(code: number): Promise<{ scene: Scene; me: Person; friend: Person }> {
    const scene = new Scene();
    const { me, friend } = await friends(true);
    const { session } = await scene.login(me);
    await sandbox.command('failNext', { person: me.id, what: 'w:profile:picture', code, times: 1 });
    await scene.hears(friend, me.id);
    await sandbox.waitFor(async () => (await looks(me)) === 1);
    expect(await session.describePerson(idOf(friend))).toEqual({ id: idOf(friend), name: friend.name });
    return { scene, me, friend };
  }

  test('because the server is unwell is looked at with the next message', async () => {
    const { scene, me, friend } = await unanswered(503);
    await scene.hears(friend, me.id);
    expect((await scene.newsOf(friend, 1))?.hash).toBe(`wa-${friend.pictureId ?? ''}`);
  });

  test('because WhatsApp wants fewer questions is looked at ten minutes later', async () => {
    const { scene, me, friend } = await unanswered(429);
    await scene.hears(friend, me.id);
    await scene.hears(friend, me.id);
    expect(await looks(me)).toBe(1);
    clock.ahead += 600_001;
    await scene.hears(friend, me.id);
    expect((await scene.newsOf(friend, 1))?.hash).toBe(`wa-${friend.pictureId ?? ''}`);
  });

  test.each([
    ['is away', 503, 'later'],
    ['is closed to it', 403, 'never'],
  ] as const)('because its host %s is a failure of its own', async (_why, status, retry) => {
    const scene = new Scene();
    const { me, friend } = await friends(true);
    const { session } = await scene.login(me);
    await scene.hears(friend, me.id);
    const picture = await scene.newsOf(friend, 1);
    await sandbox.command('failWeb', { status, times: 2 });
    await expect(bytesOf(session, picture)).rejects.toMatchObject({ retry });
  });

  test.each([
    ['it is no picture', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'whatsapp-picture-gone'],
    [
      'it is far too long',
      Buffer.concat([labelledJpeg('long'), Buffer.alloc(5 * 1_048_576)]),
      'the answer is too long',
    ],
  ])('because %s is refused', async (_why, bytes, why) => {
    const host = await WebHost.open(
      new Map([['pps.whatsapp.net', () => ({ status: 200, mime: 'image/jpeg', bytes })]]),
    );
    const web = new WebDoor(true, { web: host.url, certificate: host.certificate });
    const pictures = new Pictures({} as PictureDoors);
    const handle = { kind: 'picture', of: 'l1', id: '7', url: 'https://pps.whatsapp.net/v/7_n.jpg' };
    await expect(pictures.open({ web, socket: {} as Line['socket'] }, { from: 'network', handle })).rejects.toThrow(
      why,
    );
    await web.close();
    await host.close();
  });

  test('is no file of ours either', async () => {
    const scene = new Scene();
    const { me } = await friends();
    const { session } = await scene.login(me);
    const refused = { code: 'whatsapp-no-media', retry: 'never' };
    await expect(session.openMedia({ from: 'network', handle: { kind: 'file' } })).rejects.toMatchObject(refused);
    await expect(session.openMedia({ from: 'matrix', uri: as('mxc://hs.test/a') })).rejects.toMatchObject(refused);
  });
});
