// What `config check` says of rules that are right and yet let nobody do something; knows no network.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkConfiguration } from '../../src/cli/config-check.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-check-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function said(...rules: readonly object[]): Promise<string> {
  const path = join(dir, 'config.yaml');
  const key = Buffer.alloc(32, 1).toString('base64');
  const config = {
    homeserver: { url: 'http://localhost:8008', serverName: 'example.org' },
    appservice: { asToken: 'a'.repeat(43), hsToken: 'b'.repeat(43) },
    secrets: { vaultKey: key, identityKey: Buffer.alloc(32, 2).toString('base64') },
    database: { url: 'postgres://localhost/passerelle' },
    networks: {},
    rules,
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  expect(await checkConfiguration({ name: 'config check' } as never, path, { environment: {}, say } as never)).toBe(0);
  return lines.join('\n');
}

test('chats may be carried and nobody may begin one: that is said, until a rule allows it', async () => {
  const hint = 'No rule here allows start-chat';
  expect(await said()).not.toContain(hint);
  expect(await said({ allow: 'bridge' })).toContain(hint);
  expect(await said({ allow: 'bridge' }, { deny: 'start-chat' })).toContain(hint);
  expect(await said({ allow: 'bridge' }, { allow: 'start-chat', chat: 'phone:+33*' })).not.toContain(hint);
  expect(await said({ allow: 'any' }, { allow: 'bridge' })).not.toContain(hint);
});
