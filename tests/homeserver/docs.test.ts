// Every line of docs/homeservers.md names a test that exists; whether it ran is checked by the end-to-end suite itself.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { SYNAPSE_VERSION } from '../../sandbox/homeserver/synapse-install.ts';
import { contractGroup, factsIn, unseen, versionsIn } from './facts.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const titles = (source: string): string[] =>
  [...source.matchAll(/^ *test\(\s*'([^']+)'/gm)].map((match) => match[1] ?? '');

const page = read('docs/homeservers.md');
const [contract = [], journeys = []] = factsIn(page);

test('the first table has a line for every test of the contract, and no other', () => {
  expect(new Set(contract)).toEqual(new Set(titles(read('tests/homeserver/contract.ts'))));
});

test('each line of the second table names a journey', () => {
  const folder = new URL('../e2e/journeys/', import.meta.url);
  const all = readdirSync(folder).flatMap((name) => titles(read(`tests/e2e/journeys/${name}`)));
  expect(journeys.length).toBeGreaterThan(5);
  expect(all).toEqual(expect.arrayContaining([...journeys]));
});

test('the page names the Synapse that the tests run, and the room versions that they ask it for', () => {
  const asked = read('tests/e2e/homeserver/synapse.e2e.ts').matchAll(/^homeserverContract\('synapse', '(\d+)'\)/gm);
  expect(versionsIn(page)).toEqual({
    synapse: SYNAPSE_VERSION,
    rooms: [...asked].map(([, version]) => version).toSorted((a, b) => Number(a) - Number(b)),
  });
});

test('a line of the first table is seen once it passed in every room version, on Synapse', () => {
  // The group is named as the contract names it.
  expect(read('tests/homeserver/contract.ts')).toContain(
    `describe(\`${contractGroup('${kind}', '${roomVersion}')}\`, `,
  );
  const one = (kind: string, version: string) =>
    contract.map((title) => ({ title, fullName: `${contractGroup(kind, version)} ${title}` }));
  const walked = journeys.map((title) => ({ title, fullName: title }));
  const all = [...one('synapse', '11'), ...one('synapse', '12'), ...walked];
  expect(unseen(page, all)).toEqual([]);
  expect(unseen(page, [...one('double', '11'), ...one('synapse', '12'), ...walked])).toEqual(
    contract.map((title) => `synapse, room version 11 ${title}`),
  );
  expect(unseen(page, all.slice(1))).toEqual([`synapse, room version 11 ${contract[0]}`]);
  expect(unseen(page, all.slice(0, -1))).toEqual([journeys.at(-1)]);
});
