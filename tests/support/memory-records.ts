// The in-memory twins of the small stores: persons, logins, ghosts, portals, links, rules, vault; for tests of the rooms above them.
import {
  portalKeyText,
  type EffectId,
  type EventId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type PortalKey,
  type PuppetId,
  type RoomId,
  type UserId,
} from '../../src/model/ids.ts';
import type { Ghost, MessageLink, Portal, Puppet, PuppetState, ReactionLink, Wait } from '../../src/model/records.ts';
import type { Rule } from '../../src/model/rules.ts';
import type { Say } from '../../src/model/say.ts';
import type { Fence } from '../../src/ports/queue.ts';
import type {
  AuditLine,
  GhostStore,
  MessageLinkStore,
  PersonStore,
  PortalChange,
  PortalFilter,
  PortalStore,
  PuppetStore,
  RuleStore,
  Vault,
  VaultChange,
} from '../../src/ports/stores.ts';
import { stored, type MemoryDatabase } from './memory-database.ts';
import { reactionKey } from './memory-queue.ts';

const pair = (...texts: readonly string[]): string => JSON.stringify(texts);

export function memoryPersons(db: MemoryDatabase): PersonStore {
  return {
    find: async (user) => await Promise.resolve(db.persons.get(user)),
    setLanguage: async (user, language) => {
      await Promise.resolve();
      db.persons.set(user, stored({ ...db.persons.get(user), user, language }));
    },
    setRoom: async (user, room, language) => {
      await Promise.resolve();
      db.persons.set(user, stored({ language, ...db.persons.get(user), user, managementRoom: room }));
    },
    ensureRoom: async (user, language, make) => {
      const mine = (db.making.get(user) ?? Promise.resolve()).then(async () => {
        const known = db.persons.get(user)?.managementRoom;
        if (known !== undefined) return known;
        const room = await make();
        db.persons.set(user, stored({ language, ...db.persons.get(user), user, managementRoom: room }));
        return room;
      });
      db.making.set(
        user,
        mine.catch(() => undefined),
      );
      return await mine;
    },
    forgetRoom: async (room) => {
      await Promise.resolve();
      const person = [...db.persons.values()].find((one) => one.managementRoom === room);
      if (person !== undefined) db.persons.set(person.user, stored({ user: person.user, language: person.language }));
      return person?.user;
    },
    byManagementRoom: async (room) =>
      await Promise.resolve([...db.persons.values()].find((person) => person.managementRoom === room)),
  };
}

const withWaits = (waits: readonly Wait[]): Pick<Puppet, 'waits'> => (waits.length === 0 ? {} : { waits });

export function memoryPuppets(db: MemoryDatabase): PuppetStore {
  const some = async (test: (puppet: Puppet) => boolean): Promise<readonly Puppet[]> =>
    await Promise.resolve([...db.puppets.values()].filter(test));
  return {
    find: async (id: PuppetId) => await Promise.resolve(db.puppets.get(id)),
    ofOwner: async (owner: UserId, network?: NetworkId) =>
      await some((puppet) => puppet.owner === owner && (network === undefined || puppet.network === network)),
    ofNetwork: async (network: NetworkId) => await some((puppet) => puppet.network === network),
    all: async () => await some(() => true),
    ofAccount: async (network: NetworkId, self: PersonId) =>
      await some((puppet) => puppet.network === network && puppet.self === self),
    save: async (puppet: Puppet) => {
      await Promise.resolve();
      db.puppets.set(puppet.id, stored({ ...puppet, ...withWaits(db.puppets.get(puppet.id)?.waits ?? []) }));
    },
    setState: async (id: PuppetId, state: PuppetState, why?: Say, waits: readonly Wait[] = []) => {
      await Promise.resolve();
      const puppet = db.puppets.get(id);
      if (puppet === undefined) return;
      const { why: _why, waits: _waits, ...rest } = puppet;
      db.puppets.set(id, stored({ ...rest, state, ...(why === undefined ? {} : { why }), ...withWaits(waits) }));
    },
  };
}

export function memoryGhosts(db: MemoryDatabase): GhostStore {
  return {
    find: async (network, person) => await Promise.resolve(db.ghosts.get(pair(network, person))),
    byUser: async (user) => await Promise.resolve([...db.ghosts.values()].find((ghost) => ghost.user === user)),
    save: async (ghost: Ghost) => {
      await Promise.resolve();
      db.ghosts.set(pair(ghost.network, ghost.person), stored(ghost));
    },
  };
}

export function memoryPortals(db: MemoryDatabase): PortalStore {
  const keep = (portal: Portal): void => {
    const key = portalKeyText(portal.key);
    const others = [...db.portals].filter(([other]) => other !== key);
    if (portal.room !== undefined && others.some(([, { room }]) => room === portal.room))
      throw new Error('a room of two portals');
    db.portals.set(key, stored(portal));
    for (const hear of db.portalHearers) queueMicrotask(() => hear(key));
  };
  return {
    byKey: async (key: PortalKey) => await Promise.resolve(db.portals.get(portalKeyText(key))),
    byRoom: async (room: RoomId) =>
      await Promise.resolve([...db.portals.values()].find((portal) => portal.room === room)),
    add: async (portal: Portal) => {
      await Promise.resolve();
      const key = portalKeyText(portal.key);
      const known = db.portals.get(key);
      if (known !== undefined) return known;
      db.portals.set(key, stored(portal));
      return portal;
    },
    join: async (from: PortalKey, to: PortalKey) => {
      await Promise.resolve();
      const [former, now] = [db.portals.get(portalKeyText(from)), db.portals.get(portalKeyText(to))];
      if (former === undefined || now === undefined || now.into !== undefined) return undefined;
      if (former.room !== undefined && now.room !== undefined) return undefined;
      const { room, ...rest } = former;
      const facts = former.into === undefined ? [...now.facts, ...former.facts] : now.facts;
      keep({ ...rest, into: to.chat, away: false, encrypted: false });
      const both = { ...now, facts };
      keep(both);
      if (room === undefined) return both;
      const joined = { ...both, room, away: former.away, encrypted: former.encrypted };
      keep(joined);
      for (const [effect, link] of db.links) {
        if (portalKeyText(link.portal) === portalKeyText(from) && link.room === room)
          db.links.set(effect, stored({ ...link, portal: to }));
      }
      for (const [key, reaction] of db.reactions) {
        const moved = { ...reaction, portal: to };
        if (portalKeyText(reaction.portal) !== portalKeyText(from) || db.reactions.has(reactionKey(moved))) continue;
        db.reactions.delete(key);
        db.reactions.set(reactionKey(moved), stored(moved));
      }
      return joined;
    },
    onChange: (changed) => {
      db.portalHearers.add(changed);
      return () => db.portalHearers.delete(changed);
    },
    change: async (
      key: PortalKey,
      { room, ...change }: PortalChange,
      whileIn?: RoomId,
      whileOf?: readonly string[],
    ) => {
      await Promise.resolve();
      const text = portalKeyText(key);
      const known = db.portals.get(text);
      if (known === undefined || (whileIn !== undefined && known.room !== whileIn)) return undefined;
      if (whileOf !== undefined && JSON.stringify(known.facts) !== JSON.stringify(whileOf)) return undefined;
      const { room: before, ...rest } = known;
      const next = room === undefined ? before : room;
      const now: Portal = { ...rest, ...change, ...(next === undefined || next === null ? {} : { room: next }) };
      keep(now);
      return now;
    },
    list: async (filter: PortalFilter) =>
      await Promise.resolve(
        [...db.portals.values()].filter(
          (portal) =>
            (filter.network === undefined || portal.key.network === filter.network) &&
            (filter.state === undefined || portal.state === filter.state) &&
            (filter.receiver === undefined || portal.key.receiver === filter.receiver) &&
            (filter.chat === undefined || portal.key.chat === filter.chat) &&
            (filter.into === undefined || portal.into === filter.into),
        ),
      ),
    count: async () => await Promise.resolve(db.portals.size),
  };
}

export function memoryLinks(db: MemoryDatabase): MessageLinkStore {
  const some = async (test: (link: MessageLink) => boolean): Promise<readonly MessageLink[]> =>
    await Promise.resolve([...db.links.values()].filter(test).toSorted((a, b) => a.part - b.part));
  return {
    byEvent: async (event: EventId) => await some((link) => link.event === event),
    byEvents: async (events) => await some((link) => events.includes(link.event)),
    byMessage: async (portal: PortalKey, message: MessageId) =>
      await some((link) => link.message === message && portalKeyText(link.portal) === portalKeyText(portal)),
    byEffect: async (effect: EffectId) => await Promise.resolve(db.links.get(effect)),
    anyIn: async (portal, direction?: MessageLink['direction']) => {
      const there = await some((link) => portalKeyText(link.portal) === portalKeyText(portal));
      return there.some((link) => direction === undefined || link.direction === direction);
    },
    byReceiver: async (network, receiver, message) => {
      const links = await some(
        (link) => link.portal.network === network && link.portal.receiver === receiver && link.message === message,
      );
      return links.toSorted((a, b) => a.at - b.at).at(-1);
    },
    reaction: async (portal, message, person) =>
      await Promise.resolve(db.reactions.get(reactionKey({ portal, message, person }))),
    reactionByEvent: async (event): Promise<ReactionLink | undefined> =>
      await Promise.resolve([...db.reactions.values()].find((reaction) => reaction.event === event)),
  };
}

export function memoryRules(db: MemoryDatabase): RuleStore {
  const audit = (line: AuditLine): void => void db.audit.push(stored(line));
  return {
    all: async () => await Promise.resolve([...db.rules.values()]),
    put: async (rule: Rule) => {
      await Promise.resolve();
      db.rules.set(rule.id, stored(rule));
      db.ruleVersion += 1;
    },
    remove: async (id: string, line: AuditLine) => {
      await Promise.resolve();
      if (db.rules.get(id)?.source !== 'command') return false;
      db.rules.delete(id);
      audit(line);
      db.ruleVersion += 1;
      return true;
    },
    replaceFileRules: async (rules: readonly Rule[]) => {
      await Promise.resolve();
      for (const [id, rule] of db.rules) if (rule.source === 'file') db.rules.delete(id);
      for (const rule of rules) db.rules.set(rule.id, stored(rule));
      db.ruleVersion += 1;
    },
    audit: async (line: AuditLine) => {
      await Promise.resolve();
      audit(line);
    },
    audited: async (limit: number) => await Promise.resolve(db.audit.slice(-limit).toReversed()),
    version: async () => await Promise.resolve(db.ruleVersion),
  };
}

export function memoryVault(db: MemoryDatabase): Vault {
  return {
    read: async (scope, key) => {
      const value = db.vault.get(scope)?.get(key);
      return await Promise.resolve(value === undefined ? undefined : Uint8Array.from(value));
    },
    readAll: async (scope) => await Promise.resolve(new Map(db.vault.get(scope))),
    write: async (changes: readonly VaultChange[], fence?: Fence) => {
      await Promise.resolve();
      if (fence !== undefined) db.demand(fence);
      db.keep(changes);
    },
    update: async (scope, key, change) => {
      await Promise.resolve();
      const before = db.vault.get(scope)?.get(key);
      const value = change(before === undefined ? undefined : Uint8Array.from(before));
      db.keep([{ scope, key, value }]);
      return value ?? undefined;
    },
    forget: async (scope) => {
      await Promise.resolve();
      db.vault.delete(scope);
    },
  };
}
