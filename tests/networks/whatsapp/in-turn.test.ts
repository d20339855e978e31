// What comes while the library works off what was stored for us is read after that: on the wire, with a database that takes its time.
import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { allCures, type Cures } from '../../../src/networks/whatsapp/cures.ts';
import { DraftLedger } from '../../../src/networks/whatsapp/state/ledger.ts';
import { withTransactions } from '../../../src/networks/whatsapp/state/repository.ts';
import type { House } from '../../support/house.ts';
import { Party } from './support/party.ts';
import { Post } from './support/post.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { silent } from './support/silent.ts';

const COMMIT_MS = 100;
/** So many that the library has to wait for some of them to be kept: up to a point it does not. */
const STORED = 60;

setStage();

/** What the house is shown of a group: the first message of it, which brings the group's key, was stored; the second comes now. */
async function shown(cures: Partial<Cures>): Promise<readonly string[]> {
  const { house, session, puppet, adapter, me, friend } = await scenes.live({ cures });
  const group = await sandbox.createGroup(friend.id, 'Choir', [me.id]);
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(`l${friend.id}`).includes('met'));
  await session.disconnect();
  for (let count = 0; count < STORED; count += 1) await sandbox.write(friend.id, me.id, `stored ${count}`);
  await sandbox.write(friend.id, group.id, 'first');
  const slow: House['sink'] = (of) => {
    const sink = house.sink(of);
    const keep: typeof sink.keep = async (changes) => {
      await sleep(COMMIT_MS);
      await sink.keep(changes);
    };
    return { ...sink, keep };
  };
  const next = adapter.openSession(puppet, slow(puppet));
  await next.connect();
  await sandbox.write(friend.id, group.id, 'second');
  const chat = as<ChatId>(`g${group.id.split('@')[0]}`);
  const all = (): readonly string[] =>
    house.events.flatMap((one) =>
      one.portal.chat === chat && (one.kind === 'message' || one.kind === 'edit')
        ? one.parts.map((part) => (part.kind === 'text' ? part.text.text : part.kind))
        : [],
    );
  await house.until(() => ['first', 'second'].every((words) => all().includes(words)));
  return all();
}

describe('a message that comes while others are worked off', () => {
  test('is read after them, with the key that one of them brought', async () => {
    expect(await shown({})).toEqual(['first', 'second']);
  });

  test('cannot be read when it overtakes them (cure inTurn: false)', async () => {
    expect(await shown({ inTurn: false })).toContain('told');
  });
});

test('a line that has ended and the next one do not work on the same keys at once', async () => {
  const anna = await Party.open({ number: 1, ledger: new DraftLedger(), post: new Post(), cures: allCures });
  const lines = [1, 2].map(() => {
    const keys = withTransactions(anna.state.keys, silent);
    anna.state.makeSignalRepository({ creds: anna.state.creds, keys }, silent);
    return keys;
  });
  const steps: string[] = [];
  await Promise.all(
    lines.map(async (keys, line) => {
      await keys.transaction(async () => {
        steps.push(`${line} begins`);
        await sleep(5);
        await keys.transaction(async () => await sleep(5), 'within');
        steps.push(`${line} ends`);
      }, `of ${line}`);
    }),
  );
  expect(steps).toEqual(['0 begins', '0 ends', '1 begins', '1 ends']);
  await anna.close();
});
