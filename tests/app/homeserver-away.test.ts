// A homeserver that is away at the start: one line a try that names it and says what to do, and no stack.
import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../sandbox/homeserver/ports.ts';
import { awaitHomeserver } from '../../src/app/homeserver.ts';
import { makeLogger } from '../../src/app/logger.ts';
import { readConfig } from '../../src/app/settings.ts';
import { memoryStore } from '../support/memory-store.ts';

test('a homeserver that is away is named in one line, with what to do', async () => {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-away-'));
  const path = join(dir, 'config.yaml');
  const token = 'canary'.repeat(8);
  const key = Buffer.alloc(32, 7).toString('base64');
  const settings = {
    homeserver: { url: `http://127.0.0.1:${port}`, serverName: 'hs.test' },
    appservice: { url: 'http://127.0.0.1:9', asToken: token, hsToken: `${token}s` },
    secrets: { vaultKey: key, identityKey: Buffer.alloc(32, 8).toString('base64') },
    database: { url: 'postgres://localhost/none' },
    networks: { pigeon: { enabled: true, server: '127.0.0.1:9' } },
  };
  writeFileSync(path, JSON.stringify(settings), { mode: 0o600 });
  const config = readConfig(path, {});
  rmSync(dir, { recursive: true });
  const lines: string[] = [];
  const out = { write: (line: string) => void lines.push(line) };
  const log = makeLogger({ level: 'info', key: Buffer.from('key'), out });
  const stop = new AbortController();
  const clock = {
    now: () => Date.now(),
    // Two tries are enough.
    sleep: async () => await Promise.resolve(lines.length >= 2 ? stop.abort() : undefined),
  };
  const store = memoryStore();
  expect(await awaitHomeserver({ config, store, adapters: new Map(), clock, log }, () => undefined, stop.signal)).toBe(
    undefined,
  );
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      host: `127.0.0.1:${port}`,
      msg: 'the homeserver does not answer, will try again: see homeserver.url, or run passerelle doctor',
      error: { code: 'matrix-unavailable' },
    });
    expect(line).not.toContain('"at":');
    expect(line).not.toContain('canary');
  }
});
