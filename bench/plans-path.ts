// What messages ask of the store, both ways, with what may happen to them: each method that is called for messages, once or more. Knows
// what the flow calls, and nothing of what it means.
import type { Delivery } from '../src/model/delivery.ts';
import type { LaneClaim, Outcome, QueueEntry } from '../src/model/entry.ts';
import {
  as,
  loginOwner,
  type EffectId,
  type LaneId,
  type NetworkId,
  type PortalKey,
  type PuppetId,
} from '../src/model/ids.ts';
import type { MessageLink, ReactionLink } from '../src/model/records.ts';
import type { Store } from '../src/store/index.ts';
import { proportions, type Size } from './plans-fill.ts';

/** Called at a start, by a command, by a login, every few seconds or once a day; never for a message. */
export const coldMethods: ReadonlySet<string> = new Set([
  ...['onWork', 'meanwhile', 'depth', 'hasten'].map((name) => `queue.${name}`),
  ...['enlist', 'self', 'beat', 'alive', 'retire', 'disconnect', 'release', 'free'].map((name) => `leases.${name}`),
  ...['check', 'readAll', 'forget', 'sealed'].map((name) => `vault.${name}`),
  ...['setLanguage', 'setRoom', 'ensureRoom', 'forgetRoom'].map((name) => `persons.${name}`),
  ...['all', 'save', 'setState'].map((name) => `puppets.${name}`),
  ...['join', 'count', 'onChange'].map((name) => `portals.${name}`),
  ...['all', 'put', 'remove', 'replaceFileRules', 'audit', 'audited'].map((name) => `rules.${name}`),
  ...['read', 'advance', 'restoredAt', 'markRestored'].map((name) => `era.${name}`),
  ...['links', 'keys', 'parked', 'lanes', 'workers', 'attempts', 'secrets', 'lastAt', 'finished'].map(
    (name) => `upkeep.${name}`,
  ),
]);

const PIGEON = as<NetworkId>('pigeon');
const PARK = { code: 'c', say: { key: 'fault.internal' } } as const;

export async function everyMessage(store: Store, size: Size): Promise<void> {
  const { rooms } = proportions(size);
  const n = Math.floor(size.links / 2);
  const round = crypto.randomUUID();
  const portal: PortalKey = { network: PIGEON, chat: as(`${n % rooms}`), receiver: as<PuppetId>(`p${n % 500}`) };
  const login = await store.leases.acquire(loginOwner(as('p1')));
  if (login === undefined) throw new Error('another worker has the login');
  const link = (effect: string): MessageLink => ({
    portal,
    message: as(`new-${effect}-${round}`),
    part: 0,
    event: as(`$new-${effect}-${round}`),
    room: as(`!${n % rooms}:hs`),
    effect: as<EffectId>(`${effect}-${round}`),
    direction: 'to-matrix',
    sender: '7',
    at: 1_800_000_000_000,
  });
  await known(store, portal, n);

  const lane = as<LaneId>(`n:pigeon/${round}`);
  const keys = Array.from({ length: 9 }, (_, index) => `${round}-${index}`);
  await store.queue.seen(keys);
  await store.queue.accept({
    entries: keys.map((key) => ({ key, lane, payload: { from: 'matrix', event: { event_id: key } } })),
    receipt: round,
  });
  let claim = await claimed(store, lane);
  const next = async (outcome: Outcome): Promise<void> => await store.queue.settle(claim, first(claim), outcome);
  await next({ links: [link('a')] });
  claim = await rest(store, claim);
  const reaction: ReactionLink = {
    portal,
    message: as(`m${n}`),
    person: as('8'),
    event: as(`$r-${round}`),
    emoji: '👍',
  };
  await next({ reactions: [reaction], edited: [{ effect: as(`e${n}`), editedAt: 1 }], removed: [as(`e${n + 1}`)] });
  claim = await rest(store, claim);
  await next({ unreacted: [reaction] });
  claim = await rest(store, claim);
  const delivery: Delivery = { id: as<EffectId>(`f-${round}`), to: 'room', room: as('!r'), say: PARK.say };
  const frozen = await store.queue.freeze(claim, first(claim), [delivery]);
  await store.queue.finishPart(claim, frozen, 0, 'done', { links: [link('b')] });
  await store.queue.settle(claim, frozen, {});
  claim = await rest(store, claim);
  await store.queue.unsettled(lane);
  await store.queue.unsettled(lane, first(claim).id);
  await store.queue.find(first(claim).key);
  const [aside, also] = [first(claim), claim.entries[1]];
  if (also === undefined) throw new Error('the lane has too few entries');
  await store.queue.park(claim, aside, PARK);
  await store.queue.park(claim, also, PARK);
  await store.queue.parked(10);
  await store.queue.parkedIn([lane], as(`m${n}`));
  await store.queue.rewrite(aside.id, { from: 'matrix', event: {} });
  await store.queue.release(aside.id);
  await store.queue.discard(also.id);
  await store.queue.yieldLane(claim);
  claim = await claimed(store, lane);
  await store.queue.postpone(claim, first(claim), 0, { tried: true, code: 'c' });
  claim = await claimed(store, lane);
  await store.queue.reroute(claim, login.owner);
  claim = await claimed(store, lane);
  for (const entry of claim.entries) await store.queue.settle(claim, entry, {});

  const own = as<LaneId>(`n:pigeon/own-${round}`);
  await store.queue.accept({
    entries: [{ key: `${round}-n`, lane: own, owner: login.owner, payload: { from: 'matrix', event: {} } }],
    vault: [
      { scope: 'login:p1', key: 'cursor', value: Buffer.of(1) },
      { scope: 'login:p1', key: 'peer:1', value: null },
    ],
    fence: login,
  });
  const told = await claimed(store, own);
  await store.queue.settle(told, first(told), { links: [link('c')] });
}

/** What is asked about a message, its room and its people. */
async function known(store: Store, portal: PortalKey, n: number): Promise<void> {
  const { links, portals, ghosts, puppets, persons, vault, leases } = store;
  await links.byEvent(as(`$${n}`));
  await links.byEvents(Array.from({ length: 30 }, (_, index) => as(`$${n - index}`)));
  await links.byMessage(portal, as(`m${n}`));
  await links.byEffect(as(`e${n}`));
  await links.byReceiver(PIGEON, as('p1'), as(`m${n}`));
  await links.anyIn(portal);
  await links.reaction(portal, as('m1'), as('7'));
  await links.reactionByEvent(as('$r1'));
  const found = await portals.byRoom(as('!1:hs'));
  await portals.byKey(portal);
  await portals.list({ network: PIGEON, into: portal.chat, receiver: as('p1') });
  if (found === undefined) throw new Error('the database is not as it was filled');
  await portals.change(found.key, { name: `n${n}` });
  await portals.add(found);
  const ghost = await ghosts.find(PIGEON, as('1'));
  await ghosts.byUser(as('@_pg_1:hs'));
  if (ghost !== undefined) await ghosts.save(ghost);
  await puppets.find(as('p1'));
  await puppets.ofOwner(as('@u1:hs'));
  await puppets.ofNetwork(PIGEON);
  await puppets.ofAccount(PIGEON, as('1'));
  await persons.find(as('@u1:hs'));
  await persons.byManagementRoom(as('!m1:hs'));
  await vault.write([{ scope: 'login:p2', key: 'peer:2', value: Buffer.of(2) }]);
  await vault.read('login:p2', 'peer:2');
  await vault.update('login:p2', 'peer:2', () => Buffer.of(3));
  await leases.workers();
  await leases.holder(loginOwner(as('p1')));
  await store.rules.version();
}

async function claimed(store: Store, lane: LaneId): Promise<LaneClaim> {
  const claims = await store.queue.claim(store.leases.self(), { lanes: 10, entries: 20 });
  const claim = claims.find((one) => one.lane === lane);
  if (claim === undefined) throw new Error('the lane was not to be had');
  return claim;
}

async function rest(store: Store, claim: LaneClaim): Promise<LaneClaim> {
  const entries = await store.queue.more(claim, first(claim).id, 20);
  if (entries === 'over') throw new Error('nothing is left in the lane');
  return { ...claim, entries };
}

function first(claim: LaneClaim): QueueEntry {
  const [entry] = claim.entries;
  if (entry === undefined) throw new Error('the lane is empty');
  return entry;
}
