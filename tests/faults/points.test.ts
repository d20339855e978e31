// What WhatsApp's library has to remember survives the loss of any of its commits: the bridge as people start it, on Postgres, between
// the homeserver double and the simulated WhatsApp. Some points here, drawn by lot; `npm run faults -- --points` strikes them all.
import { expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { runPoints } from './points/run.ts';
import { MANNERS } from './points/stage.ts';
import { Chance } from './random.ts';

const SEED = randomInt(2 ** 31);

test(`whatever is lost between two commits, everything is said once and in order (seed ${SEED})`, async () => {
  const some = { strokes: MANNERS.length, chance: new Chance(SEED) };
  const { undisturbed, strokes, findings } = await runPoints({ some, say: () => undefined });
  expect([...undisturbed.findings, ...findings]).toEqual([]);
  expect(strokes).toBe(MANNERS.length);
  // What is read and written in a conversation is all that there is: sessions with what they brought, keys of groups, bodies, settings.
  const written = new Set(undisturbed.kinds.flatMap((kind) => kind.split(' ')));
  for (const kind of ['creds', 'pre-key', 'session', 'sender-key', 'sent', 'journal', 'app-state-sync-version'])
    expect(written).toContain(kind);
  expect(undisturbed.kinds.some((kind) => /events.*journal.*session/.test(kind))).toBe(true);
}, 120_000);
