// A network that is off costs nothing: its library is not even loaded. Judged by what Node loads, in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const PROGRAM = join(import.meta.dirname, 'support', 'open-networks.ts');
/** The libraries of all networks, with what only they bring. */
const LIBRARIES = ['@whiskeysockets/baileys', 'libsignal', 'telegram'];

const cases: readonly (readonly [on: readonly string[], libraries: readonly string[]])[] = [
  [[], []],
  [['telegram'], ['telegram']],
  [['whatsapp'], ['@whiskeysockets/baileys', 'libsignal']],
  [['telegram', 'whatsapp'], LIBRARIES],
];

test.each(cases)('with %j on, the network libraries that are loaded are %j', async (on, libraries) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=DEP0060', PROGRAM, ...on]);
  const { open, loaded } = JSON.parse(stdout) as {
    readonly open: readonly string[];
    readonly loaded: readonly string[];
  };
  expect(open).toEqual(on);
  // The whole program is there: what is looked for could have come with it.
  expect(loaded).toEqual(expect.arrayContaining(['kysely', 'pg', 'zod']));
  expect(loaded.filter((name) => LIBRARIES.includes(name))).toEqual(libraries);
});
