// Lines that open a conversation or ask something of a group, over real rules: nobody new without one, whoever has spoken before always,
// nothing of a group that they deny; knows no wire.
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  as,
  type ChatId,
  type EventId,
  type PersonId,
  type PuppetId,
  type RoomId,
  type UserId,
} from '../../src/model/ids.ts';
import { BridgeError } from '../../src/model/errors.ts';
import type { NetworkSession } from '../../src/ports/network.ts';
import { render } from '../../src/words/index.ts';
import { build, pigeon, type House } from '../support/command-house.ts';
import { marie, root } from '../support/scripted-network.ts';

const never = async (): Promise<never> => await Promise.reject(new BridgeError('unused', 'never', 'fault.no-target'));
const puppet = as<PuppetId>('one');

let house: House;
let serial = 0;
/** With whom something was said over there. */
const spoken = new Set<string>();
const made: string[] = [];

/** A line over which everybody is found by what is typed. */
const line: NetworkSession = {
  connect: never,
  disconnect: never,
  logout: never,
  perform: never,
  performEphemeral: never,
  describeChat: never,
  describePerson: never,
  openMedia: never,
  resolve: async (identifier) =>
    await Promise.resolve({
      chat: { id: as<ChatId>(identifier), kind: 'direct' },
      person: { id: as<PersonId>(identifier), name: identifier },
      facts: [`username:${identifier}`],
    }),
  directChat: (person) => as<ChatId>(person),
  hasTraffic: async (chat) => await Promise.resolve(spoken.has(chat)),
  askGroup: async (ask) => {
    if (ask.kind === 'create') made.push(`${ask.name}: ${ask.people.join(', ')}`);
    return await Promise.resolve({});
  },
};

async function type(user: UserId, body: string, language: 'en' | 'fr' = 'en'): Promise<string> {
  serial += 1;
  const request = { user, room: as<RoomId>('!m'), event: as<EventId>(`$${serial}`), body, language };
  return (await house.commands.run(request)).replies.map((words) => render(words, language)).join('\n');
}

beforeEach(async () => {
  spoken.clear();
  made.length = 0;
  house = await build('a');
  await house.store.puppets.save({
    id: puppet,
    network: pigeon,
    owner: marie,
    self: as<PersonId>('marie'),
    name: 'Marie',
    state: 'online',
  });
  house.lines.set(puppet, line);
  await type(root, 'allow bridge :agency.fr pigeon');
});

describe('start-chat', () => {
  test('opens nothing with somebody new unless a rule allows it, and says what to ask for', async () => {
    const asked = 'Ask an administrator for `allow start-chat @marie:agency.fr pigeon`.';
    expect(await type(marie, 'start-chat zoe')).toContain(asked);
    expect(house.asked).toEqual([]);
    await type(root, 'allow start-chat @marie:agency.fr pigeon');
    expect(await type(marie, 'start-chat zoe')).toContain('I am opening the conversation with zoe');
    expect(house.asked).toEqual(['zoe']);
  });

  test('waits for a line that is just being opened', async () => {
    await type(root, 'allow start-chat :agency.fr');
    house.lines.delete(puppet);
    expect(await type(marie, 'start-chat zoe')).toContain('is not connected at the moment');
    const { promise, resolve } = Promise.withResolvers<void>();
    house.opening.set(puppet, promise);
    const said = type(marie, 'start-chat zoe');
    while (!house.store.clock.isAwaited()) await new Promise((turn) => setImmediate(turn));
    house.lines.set(puppet, line);
    resolve();
    expect(await said).toContain('I am opening the conversation with zoe');
  });

  test('does not wait for ever for a line that does not open', async () => {
    await type(root, 'allow start-chat :agency.fr');
    const { clock } = house.store;
    house.lines.delete(puppet);
    house.opening.set(puppet, new Promise(() => undefined));
    const said = type(marie, 'start-chat zoe');
    while (!clock.isAwaited()) await new Promise((resolve) => setImmediate(resolve));
    clock.pass(10_000);
    expect(await said).toContain('is not connected at the moment');
  });

  test('opens what both know already, without that rule', async () => {
    spoken.add('zoe');
    expect(await type(marie, 'start-chat zoe')).toContain('I am opening the conversation with zoe');
    expect(await type(marie, 'start-chat yann')).toContain('You may not begin this conversation on Pigeon');
    expect(house.asked).toEqual(['zoe']);
  });

  test('opens notes to oneself without it', async () => {
    expect(await type(marie, 'start-chat marie')).toContain('I am opening the conversation with marie');
  });

  test('needs the rule about the chat as well, which is asked first', async () => {
    await type(root, 'allow start-chat :agency.fr');
    await type(root, 'deny bridge * pigeon username:zoe reason known for fraud');
    expect(await type(marie, 'start-chat zoe')).toBe('This conversation may not be bridged: known for fraud');
  });

  test('is allowed for some people only, and refused with the reason of a rule, in either language', async () => {
    await type(root, 'autoriser nouvelle-conversation :agency.fr pigeon username:y*');
    await type(root, 'refuser nouvelle-conversation * username:yvan motif il a changé de numéro');
    expect(await type(marie, 'start-chat yann')).toContain('I am opening');
    expect(await type(marie, 'discuter zoe', 'fr')).toContain('aucune règle ne l’autorise');
    expect(await type(marie, 'discuter yvan', 'fr')).toBe(
      'Vous ne pouvez pas commencer cette conversation sur Pigeon : il a changé de numéro',
    );
    expect(house.asked).toEqual(['yann']);
  });

  test('is explained, with the rule to write where none allows it', async () => {
    const line = 'rules explain start-chat @marie:agency.fr pigeon username:zoe';
    const told = await type(root, line);
    expect(told).toMatch(/^Denied\./);
    expect(told).toContain('about another action');
    const [rule = ''] = /allow start-chat \S+ pigeon username:zoe/.exec(told) ?? [];
    expect(await type(root, rule)).toContain('In force');
    expect(await type(root, line)).toMatch(/^Allowed\./);
    await type(root, 'deny start-chat * reason holidays');
    const denied = await type(
      root,
      'règles expliquer nouvelle-conversation @marie:agency.fr pigeon username:zoe',
      'fr',
    );
    expect(denied).toMatch(/^Refusé\./);
    // Where a rule denies, no other one helps.
    expect(denied).not.toContain('Ceci l’autoriserait');
  });
});

describe('create-group', () => {
  test('brings nobody new into a group without that rule, and makes none', async () => {
    const { adapter } = house.network;
    Object.assign(adapter, { capabilities: { ...adapter.capabilities, groupAsks: new Set(['create']) } });
    spoken.add('zoe');
    const told = await type(marie, 'create-group "Trip" zoe, yann');
    expect(told).toContain('yann cannot be brought into the group.\nYou may not begin this conversation on Pigeon');
    expect(made).toEqual([]);
    await type(marie, 'create-group "Trip" zoe');
    await type(root, 'allow start-chat :agency.fr pigeon');
    await type(marie, 'create-group "Trip" zoe, yann');
    expect(made).toEqual(['Trip: zoe', 'Trip: zoe, yann']);
  });
});

describe('a group that the rules deny', () => {
  const done: string[] = [];
  const deeds = [
    ['invite-link Choir', 'look at link'],
    ['invite-link Choir new', 'renew link'],
    ['join-requests Choir', 'requests'],
    ['accept-request Choir all', 'answer yes'],
    ['refuse-request Choir all', 'answer no'],
  ] as const;

  beforeEach(async () => {
    done.length = 0;
    const { adapter } = house.network;
    const groupAsks = new Set(['list', 'link', 'requests', 'answer']);
    const actions = new Set(['leave']);
    Object.assign(adapter, { capabilities: { ...adapter.capabilities, groupAsks, actions } });
    const choir = { chat: { id: as<ChatId>('choir'), kind: 'group', name: 'Choir' }, facts: ['community:c'] } as const;
    house.lines.set(puppet, {
      ...line,
      describeChat: async () => await Promise.resolve(choir),
      perform: async ({ kind }) => {
        done.push(kind);
        return await Promise.resolve({ at: 0 });
      },
      askGroup: async (ask) => {
        if (ask.kind === 'list') return await Promise.resolve({ groups: [choir] });
        if (ask.kind === 'link') done.push(ask.renew ? 'renew link' : 'look at link');
        else if (ask.kind === 'answer') done.push(ask.accept ? 'answer yes' : 'answer no');
        else done.push(ask.kind);
        const applicants = [{ person: as<PersonId>('fay'), code: 'abcd' }];
        return await Promise.resolve(ask.kind === 'requests' ? { applicants } : { link: 'https://link' });
      },
    });
  });

  test.each(deeds)('%s: nothing is asked of it, and nothing done to it, once they do', async (typed, deed) => {
    await type(marie, typed);
    expect(done).toContain(deed);
    done.length = 0;
    await type(root, 'deny bridge * pigeon community:c reason not this one');
    expect(await type(marie, typed)).toBe('This conversation may not be bridged: not this one');
    expect(done).toEqual([]);
  });

  test('is left all the same', async () => {
    await type(root, 'deny bridge * pigeon community:c');
    expect(await type(marie, 'leave-group Choir')).toContain('You have left Choir');
    expect(done).toEqual(['leave']);
  });
});
