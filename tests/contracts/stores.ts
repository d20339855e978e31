// The contract of the small stores, run on Postgres and on the in-memory twins: what is saved is found again, by every key.
import { describe, expect, test } from '@jest/globals';
import { PortalDirectory } from '../../src/bridge/directory.ts';
import {
  as,
  portalKeyText,
  type PortalKey,
  type ChatId,
  type EventId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type RoomId,
  type UserId,
} from '../../src/model/ids.ts';
import type { Ghost, Person, Portal, Puppet } from '../../src/model/records.ts';
import type { Rule } from '../../src/model/rules.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { at, claimOne, direct, entry, link, portal, twoWorkers, type Doors, type World } from './world.ts';

const puppet: Puppet = {
  id: as('login@1'),
  network: as('pigeon'),
  owner: as('@marie:server'),
  self: as('42'),
  name: 'Marie',
  state: 'offline',
};
const rule: Rule = { id: 'r1', effect: 'allow', action: 'login', source: 'command', by: as('@root:server'), madeAt: 5 };

/** Does something that changes this portal, until the worker has heard of it; of any portal, when it has only begun to listen. */
async function heard(worker: Doors, key: PortalKey | undefined, work: () => Promise<unknown>): Promise<void> {
  const notice = Promise.withResolvers<void>();
  const stop = worker.portals.onChange((changed) => {
    if (key === undefined || changed === portalKeyText(key)) notice.resolve();
  });
  await work();
  await notice.promise;
  stop();
}

export function storesContract(name: string, make: () => Promise<World>): void {
  describe(`the stores of ${name}`, () => {
    let a: Doors;
    let b: Doors;
    twoWorkers(make, (_world, ...of) => {
      [a, b] = of;
    });

    test('persons by user and by management room', async () => {
      const person: Person = { user: as('@marie:server'), language: 'en' };
      expect(await a.persons.find(person.user)).toBeUndefined();
      await a.persons.setLanguage(person.user, 'en');
      expect(await b.persons.find(person.user)).toEqual(person);
      await a.persons.setRoom(person.user, as('!m'), 'fr');
      await b.persons.setLanguage(person.user, 'fr');
      const settled: Person = { ...person, language: 'fr', managementRoom: as('!m') };
      expect(await b.persons.byManagementRoom(as('!m'))).toEqual(settled);
      await a.persons.setRoom(as('@paul:server'), as('!p'), 'fr');
      expect(await a.persons.find(as('@paul:server'))).toEqual({
        user: '@paul:server',
        language: 'fr',
        managementRoom: '!p',
      });
      expect(await b.persons.forgetRoom(as('!m'))).toBe(person.user);
      expect(await a.persons.forgetRoom(as('!m'))).toBeUndefined();
      expect(await a.persons.find(person.user)).toEqual({ ...person, language: 'fr' });
    });

    test('a management room is made once, whichever workers ask for it at the same time', async () => {
      const user = as<UserId>('@marie:server');
      let made = 0;
      let finish: () => void = () => undefined;
      const slow = new Promise<void>((resolve) => (finish = resolve));
      const make = async (): Promise<RoomId> => {
        made += 1;
        const room = as<RoomId>(`!${made}`);
        await slow;
        return room;
      };
      // So that nobody is late for want of a connection.
      await Promise.all([a, a, b, b].map(async (worker) => await worker.persons.find(user)));
      const asked = [a, b, a].map(async (worker) => await worker.persons.ensureRoom(user, 'fr', make));
      // Meanwhile all have asked: what they do without waiting for the maker is done before these are answered.
      for (let n = 0; n < 20; n += 1) await Promise.all([a.persons.find(user), b.persons.find(user)]);
      finish();
      expect(await Promise.all(asked)).toEqual(['!1', '!1', '!1']);
      expect(made).toBe(1);
      expect(await b.persons.find(user)).toEqual({ user, language: 'fr', managementRoom: '!1' });
    });

    test('a management room that could not be made is made for the next who asks', async () => {
      const user = as<UserId>('@marie:server');
      await a.persons.setLanguage(user, 'en');
      const broken = async (): Promise<RoomId> => await Promise.reject(new Error('no homeserver'));
      const asked = [
        a.persons.ensureRoom(user, 'fr', broken),
        a.persons.ensureRoom(user, 'fr', async () => await Promise.resolve(as<RoomId>('!2'))),
      ];
      const ends = await Promise.allSettled(asked);
      expect(ends.map((end) => end.status)).toEqual(['rejected', 'fulfilled']);
      expect(await b.persons.find(user)).toEqual({ user, language: 'en', managementRoom: '!2' });
    });

    test('logins by owner, network and account', async () => {
      const other: Puppet = { ...puppet, id: as('2'), owner: as('@paul:server'), self: as('43') };
      await a.puppets.save(puppet);
      await a.puppets.save(other);
      expect(await b.puppets.find(puppet.id)).toEqual(puppet);
      expect(await b.puppets.find(as('3'))).toBeUndefined();
      expect(await b.puppets.ofOwner(puppet.owner)).toEqual([puppet]);
      expect(await b.puppets.ofOwner(puppet.owner, puppet.network)).toEqual([puppet]);
      expect(await b.puppets.ofOwner(puppet.owner, as<NetworkId>('elsewhere'))).toEqual([]);
      expect(await b.puppets.ofAccount(puppet.network, other.self)).toEqual([other]);
      expect(await b.puppets.ofNetwork(as('telegram'))).toEqual([]);
      expect(new Set((await b.puppets.ofNetwork(puppet.network)).map((one) => one.id))).toEqual(
        new Set([puppet.id, other.id]),
      );
      expect(await b.puppets.all()).toHaveLength(2);
    });

    test('a login’s state and why', async () => {
      await a.puppets.save(puppet);
      const why = { key: 'policy.login-denied', with: { network: 'P', reason: 'é' } } as const;
      await a.puppets.setState(puppet.id, 'paused', why);
      expect(await b.puppets.find(puppet.id)).toEqual({ ...puppet, state: 'paused', why });
      await a.puppets.setState(puppet.id, 'online');
      expect(await b.puppets.find(puppet.id)).toEqual({ ...puppet, state: 'online' });
    });

    test('what a login’s person waits for, which a login saved anew leaves as it is', async () => {
      await a.puppets.save(puppet);
      const why = { key: 'whatsapp.restricted', with: { network: 'é' } } as const;
      const waits = [{ state: 'online', why, since: 1, until: 2 }] as const;
      await a.puppets.setState(puppet.id, 'online', why, waits);
      expect(await b.puppets.find(puppet.id)).toEqual({ ...puppet, state: 'online', why, waits });
      await a.puppets.save(puppet);
      expect(await b.puppets.find(puppet.id)).toEqual({ ...puppet, waits });
      await a.puppets.setState(puppet.id, 'signed-out');
      expect(await b.puppets.find(puppet.id)).toEqual({ ...puppet, state: 'signed-out' });
    });

    test('ghosts by person and by user', async () => {
      const ghost: Ghost = { network: as('pigeon'), person: as('7'), user: as('@_pg_x:server'), registered: false };
      await a.ghosts.save(ghost);
      expect(await b.ghosts.find(ghost.network, ghost.person)).toEqual(ghost);
      expect(await b.ghosts.find(as('telegram'), ghost.person)).toBeUndefined();
      const named: Ghost = {
        ...ghost,
        name: 'Zoé \ud83d\udd4a',
        avatarHash: 'h',
        profiledAt: 1_700_000_000_123,
        registered: true,
      };
      await a.ghosts.save(named);
      expect(await b.ghosts.byUser(ghost.user)).toEqual(named);
    });

    test('portals by key and by room', async () => {
      const bare: Portal = { key: portal, kind: 'group', state: 'open', encrypted: false, facts: [], away: false };
      const full: Portal = {
        key: direct,
        kind: 'direct',
        room: as('!r'),
        name: 'Zoé',
        person: as('7'),
        state: 'read-only',
        reader: as('login@1'),
        encrypted: true,
        facts: ['direct:42', 'username:zoé'],
        away: true,
      };
      expect(await a.portals.add(bare)).toEqual(bare);
      expect(await a.portals.add(full)).toEqual(full);
      expect(await b.portals.byKey(portal)).toEqual(bare);
      expect(await b.portals.byKey(direct)).toEqual(full);
      expect(await b.portals.byRoom(as('!r'))).toEqual(full);
      expect(await b.portals.byRoom(as('!s'))).toBeUndefined();
      expect(await b.portals.byKey({ ...direct, receiver: as('2') })).toBeUndefined();
      expect(await b.portals.count()).toBe(2);
      expect(await b.portals.list({})).toHaveLength(2);
      expect(await b.portals.list({ state: 'read-only', network: as('pigeon') })).toEqual([full]);
      expect(await b.portals.list({ receiver: as('login@1') })).toEqual([full]);
      expect(await b.portals.list({ state: 'closed' })).toEqual([]);
      const { room: _room, ...closed } = { ...full, state: 'closed' as const };
      expect(await a.portals.change(direct, { state: 'closed', room: null })).toEqual(closed);
      expect(await b.portals.byKey(direct)).toEqual(closed);
      expect(await b.portals.byRoom(as('!r'))).toBeUndefined();
    });

    test('a portal that is there already is kept as it is', async () => {
      const made: Portal = { key: portal, kind: 'group', state: 'open', encrypted: false, facts: [], away: false };
      const known = { ...made, room: as<RoomId>('!r'), name: 'Zoé' };
      await a.portals.add(known);
      expect(await b.portals.add(made)).toEqual(known);
      expect(await b.portals.byKey(portal)).toEqual(known);
    });

    test('changes of one portal by several workers at once are all kept', async () => {
      const made: Portal = { key: portal, kind: 'group', state: 'open', encrypted: false, facts: [], away: false };
      await a.portals.add(made);
      for (let round = 0; round < 20; round += 1) {
        const room = as<RoomId>(`!${round}`);
        await Promise.all([
          a.portals.change(portal, { name: `n${round}`, facts: [`f${round}`] }),
          b.portals.change(portal, { away: round % 2 === 0 }),
          b.portals.change(portal, { encrypted: round % 3 === 0, room }),
        ]);
        expect(await a.portals.byKey(portal)).toEqual({
          ...made,
          name: `n${round}`,
          facts: [`f${round}`],
          away: round % 2 === 0,
          encrypted: round % 3 === 0,
          room,
        });
      }
      expect(await a.portals.change({ ...portal, chat: as('unknown') }, { name: 'x' })).toBeUndefined();
      expect(await a.portals.count()).toBe(1);
    });

    test('a change that is meant for one room leaves another alone', async () => {
      const made: Portal = { key: portal, kind: 'group', state: 'open', encrypted: false, facts: [], away: false };
      const moved = { ...made, room: as<RoomId>('!new') };
      await a.portals.add(moved);
      expect(await b.portals.change(portal, { room: null, away: true }, as('!old'))).toBeUndefined();
      expect(await a.portals.byKey(portal)).toEqual(moved);
      expect(await b.portals.change(portal, { room: null }, as('!new'))).toEqual(made);
      const named = { ...made, facts: ['username:zoé', 'phone:+33'] };
      expect(await b.portals.change(portal, { facts: named.facts }, undefined, made.facts)).toEqual(named);
      expect(await a.portals.change(portal, { facts: [] }, undefined, made.facts)).toBeUndefined();
      expect(await a.portals.change(portal, { facts: [] }, undefined, named.facts)).toEqual(made);
    });

    describe('two chats that are one', () => {
      const former = { ...direct, chat: as<ChatId>('41') };
      const bare = { kind: 'direct', state: 'open', encrypted: false, facts: [], away: false } as const;

      test('are joined with the room of the former, its links and reactions, once and for every worker', async () => {
        const room = as<RoomId>('!r');
        await a.portals.add({ ...bare, key: former, room, encrypted: true, away: true });
        await a.portals.add({ ...bare, key: direct });
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        const here = link('e1', { portal: former, room });
        const elsewhere = link('e2', { portal: former, room: as('!before') });
        const reaction = {
          portal: former,
          message: as<MessageId>('7'),
          person: as<PersonId>('p'),
          event: as<EventId>('$r'),
        };
        await a.queue.settle(claim, at(claim.entries, 0), {
          links: [here, elsewhere],
          reactions: [{ ...reaction, emoji: '🕊' }],
        });
        const joined = { ...bare, key: direct, room, encrypted: true, away: true };
        expect(await a.portals.join(former, direct)).toEqual(joined);
        expect(await b.portals.join(former, direct)).toEqual(joined);
        expect(await b.portals.byKey(former)).toEqual({ ...bare, key: former, into: direct.chat });
        expect(await b.portals.byRoom(room)).toEqual(joined);
        expect(await b.links.byMessage(direct, as('7'))).toEqual([{ ...here, portal: direct }]);
        expect(await b.links.byMessage(former, as('7'))).toEqual([elsewhere]);
        expect(await b.links.reaction(direct, as('7'), as('p'))).toMatchObject({ portal: direct, event: '$r' });
        expect(await b.portals.list({ network: former.network, chat: former.chat })).toHaveLength(1);
        const leading = await b.portals.list({ network: former.network, into: direct.chat });
        expect(leading.map(({ key }) => key)).toEqual([former]);
      });

      test('that are one have the facts of both, for rules about either', async () => {
        for (const [round, [mine, theirs]] of [
          [['direct:1', 'phone:+1'], ['direct:2']],
          [[], ['direct:2', 'username:"odd\\u0000"']],
          [['direct:1'], []],
        ].entries()) {
          const [one, other] = [`${round}`, `${round}'`].map((chat) => ({ ...direct, chat: as<ChatId>(chat) }));
          if (one === undefined || other === undefined) throw new Error('two were named');
          await a.portals.add({ ...bare, key: one, facts: theirs ?? [] });
          await a.portals.add({ ...bare, key: other, facts: mine ?? [] });
          for (const { portals } of [a, b])
            expect((await portals.join(one, other))?.facts).toEqual([...(mine ?? []), ...(theirs ?? [])]);
        }
      });

      test('are left as they are where both have a room, and lead nowhere twice', async () => {
        const third = { ...direct, chat: as<ChatId>('40') };
        await a.portals.add({ ...bare, key: former, room: as('!1') });
        await a.portals.add({ ...bare, key: direct, room: as('!2') });
        await a.portals.add({ ...bare, key: third });
        expect(await b.portals.join(former, direct)).toBeUndefined();
        expect(await b.portals.join(former, { ...direct, chat: as('unknown') })).toBeUndefined();
        expect(await a.portals.byKey(former)).toEqual({ ...bare, key: former, room: '!1' });
        expect(await a.portals.byKey(direct)).toEqual({ ...bare, key: direct, room: '!2' });
        expect(await a.portals.join(third, former)).toMatchObject({ room: '!1' });
        expect(await b.portals.join(former, third)).toBeUndefined();
        expect(await b.portals.byKey(former)).toEqual({ ...bare, key: former, room: '!1' });
      });

      test('joined both ways at once become one of the two', async () => {
        for (let round = 0; round < 10; round += 1) {
          const [one, other] = [`${round}`, `${round}'`].map((chat) => ({ ...direct, chat: as<ChatId>(chat) }));
          if (one === undefined || other === undefined) throw new Error('two were named');
          await a.portals.add({ ...bare, key: one, room: as(`!${round}`) });
          await a.portals.add({ ...bare, key: other });
          const ends = await Promise.all([a.portals.join(one, other), b.portals.join(other, one)]);
          expect(ends.filter((end) => end !== undefined)).toHaveLength(1);
          expect(
            at(
              ends.flatMap((end) => end ?? []),
              0,
            ).room,
          ).toBe(`!${round}`);
        }
      });
    });

    test('a change by one worker is at once seen by the other, which remembers portals', async () => {
      const former = { ...direct, chat: as<ChatId>('41') };
      const bare = { kind: 'direct', state: 'open', encrypted: false, facts: [], away: false } as const;
      // Time stands still: nothing that is remembered grows old.
      const [mine, theirs] = [a, b].map(({ portals }) => new PortalDirectory(portals, new MemoryClock()));
      if (mine === undefined || theirs === undefined) throw new Error('two workers');
      await heard(
        b,
        undefined,
        async () => await a.portals.change((await a.portals.add({ ...bare, key: portal })).key, { away: true }),
      );
      const room = as<RoomId>('!r');
      await mine.add({ ...bare, key: former, room });
      await mine.add({ ...bare, key: direct });
      expect((await theirs.byRoom(room))?.key).toEqual(former);
      expect(await theirs.byKey(direct)).toEqual({ ...bare, key: direct });
      await heard(b, direct, async () => await mine.join(former, direct));
      expect((await theirs.byRoom(room))?.key).toEqual(direct);
      expect(await theirs.byKey(former)).toEqual({ ...bare, key: former, into: direct.chat });
      await heard(b, direct, async () => await mine.change(direct, { name: 'Zoé' }));
      expect((await theirs.byKey(direct))?.name).toBe('Zoé');
    });

    test('links by event, message, effect and receiver', async () => {
      await a.queue.accept({ entries: [entry('1', 'x')] });
      const claim = await claimOne(a);
      const links = [
        link('e2', { part: 1, event: as('$same'), message: as('8') }),
        link('e1', { part: 0, event: as('$same') }),
        link('e3', { portal: direct, message: as('9'), at: 5, direction: 'to-network', editedAt: 6, removed: true }),
        link('e4', { portal: { ...direct, chat: as('43') }, message: as('9'), at: 7 }),
      ];
      await a.queue.settle(claim, at(claim.entries, 0), { links });
      expect(await b.links.byEvent(as('$same'))).toEqual([at(links, 1), at(links, 0)]);
      const several = async (...events: string[]): Promise<ReadonlySet<unknown>> =>
        new Set(await b.links.byEvents(events.map((event) => as<EventId>(event))));
      expect(await several('$same', '$none')).toEqual(new Set(links.slice(0, 2)));
      expect(await several('$same', '$event')).toEqual(new Set(links));
      expect(await b.links.byEvents([])).toEqual([]);
      expect(await b.links.byMessage(portal, as('8'))).toEqual([at(links, 0)]);
      const [absent, none] = [b.links.byMessage(portal, as('0')), b.links.byMessage(direct, as('8'))];
      const [first, again] = [b.links.byMessage(direct, as('9')), b.links.byMessage(direct, as('9'))];
      expect(await Promise.all([absent, first, none, again])).toEqual([[], [at(links, 2)], [], [at(links, 2)]]);
      expect(await b.links.byEffect(as('e3'))).toEqual(at(links, 2));
      expect(await b.links.byEffect(as('e9'))).toBeUndefined();
      const stranger = { ...direct, chat: as<typeof direct.chat>('stranger') };
      expect(await Promise.all([portal, direct, stranger].map(async (key) => await b.links.anyIn(key)))).toEqual([
        true,
        true,
        false,
      ]);
      expect(await Promise.all([b.links.anyIn(direct, 'to-network'), b.links.anyIn(direct, 'to-matrix')])).toEqual([
        true,
        false,
      ]);
      expect(await b.links.byReceiver(as('pigeon'), as('login@1'), as('9'))).toEqual(at(links, 3));
      expect(await b.links.byReceiver(as('pigeon'), as('login@2'), as('9'))).toBeUndefined();
    });

    test('rules, with a version that grows for every worker', async () => {
      const before = await b.rules.version();
      const full: Rule = {
        ...rule,
        id: 'r2',
        effect: 'deny',
        user: ':s',
        network: as('p'),
        chat: 'x:*',
        reason: 'é',
        notBefore: 1,
        expiresAt: 2,
      };
      await a.rules.put(rule);
      await a.rules.put(full);
      expect((await b.rules.all()).toSorted((x, y) => x.id.localeCompare(y.id))).toEqual([rule, full]);
      const after = await b.rules.version();
      expect(after).toBeGreaterThan(before);
      await a.rules.put({ ...rule, effect: 'deny' });
      expect(await b.rules.version()).toBeGreaterThan(after);
      const line = { at: 1_700_000_000_789, by: as<UserId>('@root:server'), what: 'remove r2: é' };
      expect(await a.rules.remove('r2', line)).toBe(true);
      expect(await a.rules.remove('r2', line)).toBe(false);
      expect(await b.rules.audited(5)).toEqual([line]);
      expect(await b.rules.all()).toEqual([{ ...rule, effect: 'deny' }]);
    });

    test('the file’s rules as a whole, which no command removes', async () => {
      const ofFile: Rule = { ...rule, id: 'f1', source: 'file', by: 'file' };
      await a.rules.put(rule);
      await a.rules.replaceFileRules([ofFile, { ...ofFile, id: 'f2' }]);
      expect(await a.rules.remove('f1', { at: 1, by: as('@root:server'), what: 'remove f1' })).toBe(false);
      expect(await b.rules.audited(5)).toEqual([]);
      await a.rules.replaceFileRules([{ ...ofFile, id: 'f2' }]);
      expect((await b.rules.all()).map((one) => one.id).toSorted()).toEqual(['f2', 'r1']);
    });

    test('the audit, newest first', async () => {
      const first = { at: 1_700_000_000_123, by: as<UserId>('@root:server'), what: 'allow marie' };
      const second = { at: 1_700_000_000_456, by: 'file' as const, what: 'deny é' };
      await a.rules.audit(first);
      await a.rules.audit(second);
      expect(await b.rules.audited(5)).toEqual([second, first]);
      expect(await b.rules.audited(1)).toEqual([second]);
    });
  });
}
