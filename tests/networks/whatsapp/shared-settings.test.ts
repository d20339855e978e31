// Shared settings as the service hands them out: sealed patches of a telephone, some of them spoilt. The line is a double of the wire.
import { expect, test } from '@jest/globals';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { Collection } from '../../../sandbox/whatsapp/app-state/collection.ts';
import { newSyncKey } from '../../../sandbox/whatsapp/app-state/keys.ts';
import { Keyring, type Mutation } from '../../../sandbox/whatsapp/app-state/mutation.ts';
import { systemRandom } from '../../../sandbox/whatsapp/signal/random.ts';
import type { Line } from '../../../src/networks/whatsapp/line.ts';
import { NoKeyYet, OtherVersion, settingsSince, type KeyOf } from '../../../src/networks/whatsapp/shared-settings.ts';

const key = newSyncKey(systemRandom);
const keyId = Buffer.from(key.id).toString('base64');
const keyOf: KeyOf = async (id) => await Promise.resolve(id === keyId ? { keyData: key.data } : undefined);

/** A telephone's collection, change by change. */
function patches(...changes: readonly Mutation[]): Buffer[] {
  const keyring = new Keyring();
  keyring.add(key);
  const collection = new Collection('regular_low', keyring);
  return changes.map((one) => collection.change([one], key.id));
}

function pin(pinned: boolean, chat = '5@lid', operation: Mutation['operation'] = 'set'): Mutation {
  return { operation, index: ['pin_v1', chat], value: { pinAction: { pinned } }, version: 5 };
}

/** @param answer what the service says to every question; the questions are kept */
function line(answer: Record<string, string>, sealed: readonly Uint8Array[] = []): { line: Line; asked: BinaryNode[] } {
  const asked: BinaryNode[] = [];
  const list = sealed.map((content): BinaryNode => ({ tag: 'patch', attrs: {}, content }));
  const collection: BinaryNode = {
    tag: 'collection',
    attrs: { name: 'regular_low', has_more_patches: 'false', ...answer },
    content: [{ tag: 'patches', attrs: {}, content: list }],
  };
  const query = async (node: BinaryNode): Promise<BinaryNode> => {
    asked.push(node);
    return await Promise.resolve({
      tag: 'iq',
      attrs: {},
      content: [{ tag: 'sync', attrs: {}, content: [collection] }],
    });
  };
  return { line: { socket: { query }, fetching: {} } as unknown as Line, asked };
}

test('what changed since a version is told in its order, what was before it is not', async () => {
  const there = line({ version: '3' }, patches(pin(true), pin(false), pin(true, '6@lid', 'remove')));
  const page = await settingsSince(there.line, 'regular_low', 1, keyOf);
  expect(page).toMatchObject({ version: 3, whole: false, more: false });
  expect(page.settings.map(({ index, removed }) => [index[1], removed])).toEqual([
    ['5@lid', false],
    ['6@lid', true],
  ]);
  expect(page.settings[0]?.value).toMatchObject({ pinAction: { pinned: false } });
});

test('who begins from nothing asks for all of it', async () => {
  const there = line({ version: '0' });
  expect(await settingsSince(there.line, 'regular_low', 0, keyOf)).toMatchObject({
    settings: [],
    version: 0,
    whole: true,
  });
  expect(JSON.stringify(there.asked)).toContain('"return_snapshot":"true"');
});

test('a patch that nobody sealed says nothing, and those behind it are read', async () => {
  const [first = Buffer.of(), second = Buffer.of()] = patches(pin(true), pin(true, '6@lid'));
  const spoilt = Buffer.from(first);
  // The last byte of its patch MAC, before the id of the key.
  const at = spoilt.length - key.id.length - 5;
  spoilt[at] = (spoilt[at] ?? 0) ^ 1;
  const page = await settingsSince(line({ version: '2' }, [spoilt, second]).line, 'regular_low', 0, keyOf);
  expect(page.settings.map(({ index }) => index[1])).toEqual(['6@lid']);
  expect(page.version).toBe(2);
});

test('a key that is not here is named, and nothing is taken as read', async () => {
  const there = line({ version: '1' }, patches(pin(true)));
  const nobody: KeyOf = async () => await Promise.resolve(undefined);
  const failed = settingsSince(there.line, 'regular_low', 0, nobody);
  await expect(failed).rejects.toBeInstanceOf(NoKeyYet);
  await expect(failed).rejects.toMatchObject({ keys: [keyId] });
});

test('a version that the service does not know is not taken for no news', async () => {
  const there = line({ version: '7', type: 'error' });
  await expect(settingsSince(there.line, 'regular_low', 7, keyOf)).rejects.toBeInstanceOf(OtherVersion);
});

test('a service that has more and tells nothing of it is not asked over and over', async () => {
  const there = line({ version: '3', has_more_patches: 'true' }, patches(pin(true), pin(false), pin(true)));
  expect(await settingsSince(there.line, 'regular_low', 1, keyOf)).toMatchObject({ version: 3, more: true });
  await expect(settingsSince(there.line, 'regular_low', 3, keyOf)).rejects.toThrow('told nothing');
});
