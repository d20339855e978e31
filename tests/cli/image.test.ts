// What the Dockerfile puts into the image, put into a folder by its own COPY lines and run as the image runs it: built code, no
// sources, no embedded database. Builds no image; knows no engine.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes } from '../../src/app/exit-codes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'passerelle-image-'));
const app = join(dir, 'app');
const config = join(dir, 'config', 'config.yaml');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').split('\n');

/** Of each COPY line: its sources and its target, and whether they come from the stage that builds. */
const copies = lines
  .filter((line) => line.startsWith('COPY '))
  .map((line) => {
    const words = line.split(/\s+/).slice(1);
    const built = words[0] === '--from=build';
    const paths = built ? words.slice(1) : words;
    return { built, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
  });

/** What the ENV lines say, as the program will see it. */
const environment = Object.fromEntries(
  lines
    .filter((line) => line.startsWith('ENV '))
    .flatMap((line) => [...line.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])),
);

function inImage(args: readonly string[], more: Readonly<Record<string, string>> = {}): End {
  const run = spawnSync(process.execPath, args, {
    cwd: app,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...environment, PASSERELLE_CONFIG: config, ...more },
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const entry = /ENTRYPOINT \[(.*)\]/.exec(lines.join('\n'))?.[1]?.match(/\/app\/[^"]+/)?.[0] ?? '';
const program = entry.replace('/app', app);

beforeAll(() => {
  mkdirSync(app, { recursive: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const built = spawnSync(
    process.execPath,
    [tsc, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(app, 'dist')],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (built.status !== 0) throw new Error(built.stdout);
  for (const { sources, target, built: fromBuild } of copies.slice(copies.findIndex((copy) => copy.built))) {
    for (const source of sources) {
      const from = fromBuild ? source.replace('/build/', '') : source;
      if (from === 'dist') continue;
      const to = join(app, target.endsWith('/') ? join(target, basename(from)) : target);
      mkdirSync(dirname(to), { recursive: true });
      if (from === 'node_modules') symlinkSync(join(ROOT, 'node_modules'), to);
      else cpSync(join(ROOT, from), to, { recursive: true });
    }
  }
}, 120_000);

test('every file that it copies exists, and reaches the builder', () => {
  const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const sources = copies.filter(({ built }) => !built).flatMap((copy) => copy.sources);
  expect(sources.length).toBeGreaterThan(5);
  expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(sources.filter((path) => !allowed.some((one) => path === one || path.startsWith(`${one}/`)))).toEqual([]);
});

test('it is an ordinary user, whom SIGTERM reaches', () => {
  const text = lines.join('\n');
  expect(text).toMatch(/^USER 10001:10001$/m);
  expect(text).toMatch(/^STOPSIGNAL SIGTERM$/m);
  expect(entry).toBe('/app/dist/main.js');
});

test('built code answers without sources, by its entry point and by the command', () => {
  const version = { code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown as string, err: '' };
  expect(inImage([program, '--version'])).toEqual(version);
  expect(inImage([join(app, 'scripts', 'passerelle.mjs'), '--version'])).toEqual(version);
});

test('the first run writes a configuration, and the embedded database is refused until there is a URL', () => {
  expect(inImage([program, 'run']).code).toBe(exitCodes.toFillIn);
  const filled = readFileSync(config, 'utf8')
    .replace('url: CHANGE-ME', 'url: http://synapse:8008')
    .replace('serverName: CHANGE-ME', 'serverName: example.org');
  writeFileSync(config, filled);
  const refused = inImage([program, 'config', 'check']);
  expect(refused.code).toBe(exitCodes.configuration);
  expect(refused.err + refused.out).toMatch(/database\.url is missing: the image has no embedded database/);
  const url = { PASSERELLE_DATABASE__URL: 'postgres://passerelle@db/passerelle' };
  const right = inImage([program, 'config', 'check'], url);
  expect([right.code, right.out]).toEqual([0, expect.stringContaining('the configuration is right')]);
});

test('its health check fails while nobody answers', () => {
  expect(inImage([join(app, 'scripts', 'healthcheck.mjs')], { PASSERELLE_HEALTH__PORT: '9' }).code).toBe(1);
});
