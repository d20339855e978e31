// Lines typed about logins that different workers hold: each comes to an end, and whatever was left out is named; knows no wire.
import { beforeEach, expect, test } from '@jest/globals';
import { as, loginOwner, type ChatId, type EventId, type PuppetId, type RoomId } from '../../src/model/ids.ts';
import type { Puppet } from '../../src/model/records.ts';
import { BridgeError } from '../../src/model/errors.ts';
import type { NetworkSession } from '../../src/ports/network.ts';
import { render } from '../../src/words/index.ts';
import { build, pigeon, type House } from '../support/command-house.ts';
import { marie } from '../support/scripted-network.ts';

const [one, two, third] = [as<PuppetId>('one'), as<PuppetId>('two'), as<PuppetId>('third')];
let [a, b]: House[] = [];
let serial = 0;

/** What each account's phone knows. */
const groups = new Map<PuppetId, readonly string[]>();
const left: string[] = [];
/** Which groups each account is in, of those that have rooms. */
const members = new Map<PuppetId, readonly string[]>();
const asked: string[] = [];

const never = async (): Promise<never> => await Promise.reject(new BridgeError('unused', 'never', 'fault.no-target'));

/** A line that is played by hand. */
function line(puppet: PuppetId): NetworkSession {
  return {
    connect: never,
    disconnect: never,
    logout: never,
    performEphemeral: never,
    describeChat: never,
    describePerson: never,
    resolve: never,
    directChat: () => as<ChatId>('none'),
    hasTraffic: never,
    openMedia: never,
    perform: async (action) => {
      if (action.kind === 'leave') left.push(`${puppet} ${action.chat}`);
      return await Promise.resolve({ at: 0 });
    },
    contacts: async () => await Promise.resolve([{ name: `friend of ${puppet}` }]),
    askGroup: async (ask) => {
      asked.push(`${puppet} ${ask.kind}`);
      if (ask.kind === 'inside') {
        if (members.get(puppet) === undefined) throw new BridgeError('away', 'later', 'fault.no-target');
        return { inside: members.get(puppet)?.includes(ask.chat) === true };
      }
      return await Promise.resolve({
        groups: (groups.get(puppet) ?? []).map((name) => ({
          chat: { id: as<ChatId>(`${puppet}/${name}`), kind: 'group', name },
          facts: [],
        })),
      });
    },
  };
}

const houses = (): readonly House[] => [a, b].flatMap((house) => (house === undefined ? [] : [house]));

/** Carries the line to whichever worker it is sent to, as lanes do. @returns what its person reads at the end */
async function type(body: string, first = 0): Promise<string> {
  serial += 1;
  const request = {
    user: marie,
    room: as<RoomId>('!m'),
    event: as<EventId>(`$${serial}`),
    body,
    language: 'en',
  } as const;
  let at = houses()[first];
  for (let hops = 0; hops < 5; hops += 1) {
    const result = await at?.commands.run(request);
    const owner = result?.reroute;
    if (owner === undefined) return (result?.replies ?? []).map((words) => render(words, 'en')).join('\n');
    const holder = await a?.store.leases.holder(owner);
    at = houses().find((house) => house.store.leases.self() === holder);
  }
  throw new Error('the line goes from one worker to the other for ever');
}

const save = async (id: PuppetId, name: string, state: Puppet['state']): Promise<void> => {
  await a?.store.puppets.save({ id, network: pigeon, owner: marie, self: as<Puppet['self']>(id), name, state });
};

const states = (): readonly (string | undefined)[] =>
  [...(a?.store.db.puppets.values() ?? [])].map(({ state }) => state);

beforeEach(async () => {
  a = await build('a');
  b = await build('b', a.store.db);
  groups.clear();
  members.clear();
  for (const id of [one, two, third]) members.set(id, []);
  asked.length = 0;
  left.length = 0;
  for (const [house, id, name] of [
    [a, one, '+33 6 12'],
    [b, two, 'Marie'],
  ] as const) {
    const { adapter } = house.network;
    const { capabilities } = adapter;
    const groupAsks = new Set(['list', 'inside', 'link'] as const);
    const actions = new Set([...capabilities.actions, 'leave'] as const);
    Object.assign(adapter, { capabilities: { ...capabilities, contacts: true, groupAsks, actions } });
    await save(id, name, 'online');
    await house.store.leases.acquire(loginOwner(id));
    house.lines.set(id, line(id));
  }
});

test('lines are opened again where the line typed arrives, and the account of the other worker by its name', async () => {
  for (const [id, name] of [
    [one, '+33 6 12'],
    [two, 'Marie'],
  ] as const)
    await save(id, name, 'stopped');
  for (const house of houses()) house.lines.clear();
  const said = await type('Reconnect');
  expect(said).toContain('I am opening the connection to Pigeon (+33 6 12) again.');
  expect(said).toContain('Pigeon (Marie) was left out. Write `Reconnect pigeon Marie` for it.');
  expect(states()).toEqual(['online', 'stopped']);
  await save(one, '+33 6 12', 'stopped');
  expect(await type('reconnect pigeon Marie')).toContain('Pigeon (Marie) again');
  expect(states()).toEqual(['stopped', 'online']);
  expect(await type('reconnect', 1)).toContain('(+33 6 12) again');
});

test('all accounts are signed out in two lines, wherever they are held', async () => {
  expect(await type('logout pigeon all')).toContain('Write `logout pigeon Marie` for it.');
  expect(states()).toEqual(['signed-out', 'online']);
  await type('logout pigeon Marie');
  expect(states()).toEqual(['signed-out', 'signed-out']);
});

test('the address book of each worker is listed there, the other one by its name', async () => {
  expect(await type('contacts')).toBe(
    'Your address book on Pigeon:\n- friend of one\nPigeon (Marie) was left out. Write `contacts pigeon as Marie` for it.',
  );
  expect(await type('contacts pigeon as Marie')).toBe('Your address book on Pigeon:\n- friend of two');
  expect(await type('contacts friend', 1)).toContain('Write `contacts pigeon as "+33 6 12" friend` for it.');
  expect(await type('contacts as Paul x')).toContain('You are not signed in as “Paul”.');
});

test('a group is looked for in the list of each worker, and found in that of the account that is named', async () => {
  groups.set(two, ['Choir']);
  const said = await type('leave-group "choir"');
  expect(said).toContain('I know no group “choir”.');
  expect(said).toContain('Write `leave-group as Marie "choir"` for it.');
  expect(await type('leave-group as Marie "choir"')).toContain('Choir');
  expect(left).toEqual(['two two/Choir']);
});

test('a group of a login that is connected is found although another login is not', async () => {
  await a?.store.leases.acquire(loginOwner(as<PuppetId>('third')));
  await save(as<PuppetId>('third'), 'third', 'online');
  groups.set(one, ['Choir']);
  a?.store.db.puppets.delete(one);
  await save(one, '+33 6 12', 'online');
  await type('leave-group choir');
  expect(left).toEqual(['one one/Choir']);
});

/** A group that has a room. */
async function roomOf(chat: string, name = 'Choir'): Promise<string> {
  const room = as<RoomId>(`!${chat}:agency.fr`);
  const portal = { kind: 'group', state: 'open', encrypted: false, facts: [], away: false, name, room } as const;
  await a?.store.portals.add({ key: { network: pigeon, chat: as<ChatId>(chat) }, ...portal });
  return room;
}

/** One more account, held by the first worker. */
async function another(id: PuppetId, name: string): Promise<void> {
  await a?.store.leases.acquire(loginOwner(id));
  await save(id, name, 'online');
  a?.lines.set(id, line(id));
}

test("one's own group is meant, although a room is called as it is that somebody else's group has", async () => {
  await roomOf('foreign');
  groups.set(one, ['Choir']);
  await type('leave-group choir');
  expect(left).toEqual(['one one/Choir']);
});

test('a group that has a room is left by the account that is in it, without asking for every group', async () => {
  const room = await roomOf('choir');
  await another(third, 'third');
  members.set(third, ['choir']);
  await type(`leave-group ${room}`);
  await type('leave-group choir');
  expect(left).toEqual(['third choir', 'third choir']);
  expect(asked.filter((one) => one.endsWith('list'))).toEqual([]);
  expect(await type(`leave-group as "+33 6 12" ${room}`)).toBe(
    'None of your accounts on Pigeon that could be asked is in that group:\n- "+33 6 12"',
  );
  expect(left).toHaveLength(2);
});

test('a group in which no account here is says so, and names the account of the other worker', async () => {
  const room = await roomOf('choir');
  members.set(two, ['choir']);
  const said = await type(`leave-group ${room}`);
  expect(said).toContain('None of your accounts on Pigeon that could be asked is in that group:\n- "+33 6 12"');
  expect(said).toContain(`Write \`leave-group as Marie ${room}\` for it.`);
  await type(`leave-group as Marie ${room}`);
  expect(left).toEqual(['two choir']);
  members.set(two, []);
  expect(await type(`leave-group ${room}`, 1)).toContain('- Marie');
  // Of somebody else's group nobody hears by its name.
  expect(await type('leave-group choir')).toContain('I know no group “choir”');
});

test('an account that cannot be asked now keeps nobody from going through the other, and is tried where there is no other', async () => {
  const room = await roomOf('choir');
  members.delete(one);
  await type(`leave-group ${room}`);
  expect(left).toEqual(['one choir']);
  await another(third, 'third');
  members.set(third, ['choir']);
  await type(`leave-group ${room}`);
  expect(left).toEqual(['one choir', 'third choir']);
});

test('two groups of one name, in which one is, are told apart by their rooms', async () => {
  await roomOf('choir');
  await roomOf('other');
  members.set(one, ['choir', 'other']);
  expect(await type('leave-group choir')).toContain('Several groups are called “choir”');
  members.set(one, ['other']);
  await type('leave-group choir');
  expect(left).toEqual(['one other']);
});
