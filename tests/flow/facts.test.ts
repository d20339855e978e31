// What a chat has become is kept beside whatever else is learnt of it at the same time; knows no wire.
import { expect, test } from '@jest/globals';
import { keepFacts } from '../../src/flow/facts.ts';
import { as, type PersonId, type PortalKey } from '../../src/model/ids.ts';
import { memoryStore } from '../support/memory-store.ts';

const key = (chat: string): PortalKey => ({ network: as('pigeon'), chat: as(chat), receiver: as('one') });

test('a number learnt while two chats are joined keeps what rules know of the other one', async () => {
  const { portals } = memoryStore('a');
  const bare = { kind: 'direct', state: 'open', encrypted: false, away: false } as const;
  await portals.add({ ...bare, key: key('former'), facts: ['direct:former'] });
  await portals.add({ ...bare, key: key('now'), facts: ['direct:now', 'phone:+1'] });
  let joined = false;
  const meanwhile = {
    ...portals,
    list: async (filter: Parameters<typeof portals.list>[0]) => {
      const found = await portals.list(filter);
      if (!joined) await portals.join(key('former'), key('now'));
      joined = true;
      return found;
    },
  };
  const event = { key: 'k', portal: key('now'), sender: as<PersonId>('zoe'), at: 1, via: 'live' } as const;
  await keepFacts({ portals: meanwhile }, { ...event, kind: 'facts', of: 'phone', now: ['phone:+2'] });
  expect((await portals.byKey(key('now')))?.facts).toEqual(['direct:now', 'direct:former', 'phone:+2']);
});
