// Nothing secret or personal leaves through the log, whatever is put into it and at whatever level.
import { describe, expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { makeLogger, type LogLevel } from '../../src/app/logger.ts';
import { BridgeError } from '../../src/model/errors.ts';
import type { LogFacts, Logger } from '../../src/ports/stores.ts';

const CANARY = 'canary-Zoé +33612345678 syt_secret\n    at canary (/canary.ts:1:1)';

function listen(level: LogLevel = 'trace'): { readonly log: Logger; readonly lines: () => readonly string[] } {
  const lines: string[] = [];
  const out = { write: (line: string) => void lines.push(line) };
  return { log: makeLogger({ level, key: Buffer.from('key'), out }), lines: () => lines };
}

describe('a log line', () => {
  test('shows the allow-listed facts, ids as short keyed hashes', () => {
    const { log, lines } = listen();
    log.info(
      {
        lane: 'n:!room:hs.test|@alice:hs.test',
        room: '!room:hs.test',
        event: '$event',
        kind: 'message',
        attempt: 2,
        ms: 1.26,
      },
      'settled',
    );
    expect(JSON.parse(lines()[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      lane: expect.stringMatching(/^n:![0-9a-f]{8}$/),
      room: expect.stringMatching(/^![0-9a-f]{8}$/),
      event: expect.stringMatching(/^\$[0-9a-f]{8}$/),
      kind: 'message',
      attempt: 2,
      ms: 1.3,
      msg: 'settled',
    });
  });

  test('shows the same id the same way, and another way under another key', () => {
    const shown = (key: string): unknown => {
      const lines: string[] = [];
      const log = makeLogger({ level: 'info', key: Buffer.from(key), out: { write: (line) => void lines.push(line) } });
      log.info({ room: '!a' }, 'x');
      return (JSON.parse(lines[0] ?? '') as { room: unknown }).room;
    };
    expect(shown('one')).toBe(shown('one'));
    expect(shown('one')).not.toBe(shown('two'));
  });

  test('keeps its level', () => {
    const { log, lines } = listen('warn');
    log.debug({}, 'no');
    log.info({}, 'no');
    log.warn({}, 'yes');
    log.error({}, 'yes');
    expect(lines()).toHaveLength(2);
    const silent = listen('silent');
    silent.log.error({}, 'no');
    expect(silent.lines()).toHaveLength(0);
  });

  test('never shows what was planted in any field', () => {
    const { log, lines } = listen();
    const names = [
      'lane',
      'key',
      'kind',
      'code',
      'network',
      'puppet',
      'worker',
      'room',
      'event',
      'state',
      'host',
    ] as const;
    for (const name of names) log.error({ [name]: CANARY }, 'planted');
    for (const name of ['attempt', 'ms', 'count', 'port', 'status'] as const) {
      log.error({ [name]: CANARY }, 'planted');
    }
    log.error({ body: CANARY, password: CANARY } as unknown as LogFacts, 'planted');
    expect(lines()).toHaveLength(17);
    for (const piece of ['canary', 'Zoé', '33612345678', 'syt_secret']) expect(lines().join('')).not.toContain(piece);
  });

  test('takes no phone number for a word', () => {
    const { log, lines } = listen();
    log.info({ state: 'x33612345678', code: '33612345678' }, 'planted');
    expect(lines()[0]).not.toContain('33612345678');
  });

  test('is one record, whatever the line holds', () => {
    const { log, lines } = listen();
    log.info({}, 'one\n{"level":"error"}\u2028two');
    expect(lines()).toHaveLength(1);
    expect((JSON.parse(lines()[0] ?? '') as { msg: string }).msg).toBe('one {"level":"error"} two');
  });
});

describe('an error in the log', () => {
  test('is its class, its code and where it happened, without its message', () => {
    const { log, lines } = listen();
    const cause = Object.assign(new TypeError(CANARY), { detail: CANARY, code: 'ECONNRESET' });
    log.error({ error: new BridgeError('telegram-gone', 'later', 'fault.internal', { cause }) }, 'it failed');
    const { error } = JSON.parse(lines()[0] ?? '') as { error: Record<string, unknown> };
    expect(error).toMatchObject({
      class: 'BridgeError',
      code: 'telegram-gone',
      cause: { class: 'TypeError', code: 'ECONNRESET' },
    });
    expect(error['at']).toEqual(expect.arrayContaining([expect.stringContaining('logger.test.ts')]));
    expect(lines()[0]).not.toContain('anary');
  });

  test('of a homeserver that is away has no stack as a warning, nor has its cause', () => {
    const { log, lines } = listen();
    const cause = Object.assign(new Error(CANARY), { code: 'ECONNREFUSED' });
    const error = new BridgeError('matrix-unavailable', 'now', 'fault.homeserver', { cause });
    log.warn({ error, host: '127.0.0.1:8008' }, 'away');
    log.error({ error, host: '33612345678' }, 'away');
    const [warned, failed] = lines().map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(warned).toMatchObject({ host: '127.0.0.1:8008' });
    expect(warned?.['error']).toEqual({
      class: 'BridgeError',
      code: 'matrix-unavailable',
      cause: { class: 'Error', code: 'ECONNREFUSED' },
    });
    expect(failed).toMatchObject({ host: '?', error: { at: expect.any(Array) } });
  });

  test('may carry anything in its name, code or stack', () => {
    const { log, lines } = listen();
    const odd = Object.assign(new Error('x'), { name: CANARY, code: CANARY });
    const forged = new Error('short');
    forged.stack = `Error: ${CANARY}`;
    for (const error of [odd, forged, CANARY, { message: CANARY }, undefined, null]) log.error({ error }, 'it failed');
    expect(lines()).toHaveLength(6);
    expect(lines().join('')).not.toContain('anary');
  });

  test('whose causes go round in a circle ends', () => {
    const { log, lines } = listen();
    const error = new Error('a');
    error.cause = error;
    log.error({ error }, 'it failed');
    expect(lines()).toHaveLength(1);
  });
});

test('every line that src logs is a fixed text', () => {
  const files = globSync('src/**/*.ts');
  expect(files.length).toBeGreaterThan(20);
  const composed = files.flatMap((file) => {
    const calls = readFileSync(file, 'utf8').matchAll(/\blog\??\.(?:debug|info|warn|error)\(([^;]*?)\);/gs);
    return [...calls].filter(([call]) => /`[^`]*\$\{/.test(call)).map(([call]) => `${file}: ${call.slice(0, 80)}`);
  });
  expect(composed).toEqual([]);
});
