// The command line as people meet it: through the boot script of a checkout and as built code, with its exit codes and its sentences.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../src/cli/main.ts';
import { exitCodes } from '../../src/app/exit-codes.ts';
import { npmEnvironment } from '../../scripts/install.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'passerelle-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function node(...args: readonly string[]): End {
  const run = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

async function inside(args: readonly string[], environment: Record<string, string> = {}): Promise<End> {
  const out: string[] = [];
  const err: string[] = [];
  const around = {
    environment,
    say: (line: string) => void out.push(line),
    warn: (line: string) => void err.push(line),
  };
  return { code: await runCommandLine(args, around), out: out.join('\n'), err: err.join('\n') };
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

test('from a checkout, through the boot script', () => {
  expect(node(join(root, 'scripts', 'boot.mjs'), 'passerelle', '--version')).toEqual({
    code: 0,
    out: `${version}\n`,
    err: '',
  });
  expect(node(join(root, 'scripts', 'passerelle.mjs'), 'rn')).toMatchObject({
    code: exitCodes.usage,
    err: 'There is no command "rn"; did you mean "run"? "passerelle --help" lists everything.\n',
  });
  expect(node(join(root, 'scripts', 'boot.mjs'), 'strat').code).toBe(2);
});

test.each([[['config', 'check']], [['registration', 'check']], [['db', 'status']], [['doctor']]])(
  'a configuration that is not there is one sentence: %j',
  async (command) => {
    const path = join(dir, 'not-there.yaml');
    expect(await inside([...command, '--config', path])).toEqual({
      code: exitCodes.configuration,
      out: '',
      err: `There is no configuration at ${path}: name yours with --config, or let "passerelle run" write a first one there.`,
    });
  },
);

test('a fault that nobody caught is one sentence, without what its message quotes', () => {
  // Thrown as soon as the program listens for such faults, from a timer of its own.
  const saboteur = `const t = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return;
    clearInterval(t);
    throw new TypeError('canary-secret');
  }, 1);`;
  const preload = `data:text/javascript,${encodeURIComponent(saboteur)}`;
  const end = node('--import', preload, join(root, 'src', 'main.ts'), 'doctor', '--config', 'nowhere.yaml');
  expect([end.code, end.out + end.err]).toEqual([
    exitCodes.internal,
    expect.stringMatching(/^Something unexpected happened \(TypeError[^)]*\)\. Please report it with this line\.$/m),
  ]);
  expect(end.out + end.err).not.toContain('canary-secret');
});

describe('as built code', () => {
  const built = join(dir, 'built');
  beforeAll(() => {
    mkdirSync(join(built, 'scripts'), { recursive: true });
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(built, 'dist')], {
      cwd: root,
    });
    for (const file of ['package.json', 'config/config.sample.yaml', 'scripts/passerelle.mjs'])
      cpSync(join(root, file), join(built, file));
    symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'));
  });

  test('it answers without src and without a boot script', () => {
    expect(node(join(built, 'dist', 'main.js'), '--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
    expect(node(join(built, 'scripts', 'passerelle.mjs'), '--version')).toEqual({
      code: 0,
      out: `${version}\n`,
      err: '',
    });
  });

  test('it writes a first configuration', () => {
    const end = node(join(built, 'dist', 'main.js'), 'run', '--config', 'built-config/config.yaml');
    expect(end.code).toBe(exitCodes.toFillIn);
    expect(readdirSync(join(dir, 'built-config'))).toContain('config.yaml');
  });
});

describe('the first start', () => {
  const path = join(dir, 'first', 'config.yaml');
  const read = (name: string): string => readFileSync(join(dir, 'first', name), 'utf8');

  test('writes everything for its owner alone, says so in ten lines, and stops', async () => {
    const end = await inside(['run', '--config', path]);
    expect(end.code).toBe(exitCodes.toFillIn);
    expect(end.err.split('\n')).toHaveLength(10);
    const names = readdirSync(join(dir, 'first'));
    expect(names.sort()).toEqual([
      'config.yaml',
      'doublepuppet.yaml',
      'identity.key',
      'registration.yaml',
      'vault.key',
    ]);
    for (const name of names) expect([name, statSync(join(dir, 'first', name)).mode & 0o777]).toEqual([name, 0o600]);
    const tokens = [...read('config.yaml').matchAll(/[ah]sToken: (\S+)/g)].map((match) => match[1] ?? '');
    expect(new Set(tokens).size).toBe(3);
    expect(tokens.every((token) => token.length === 43)).toBe(true);
    for (const secret of [...tokens, read('vault.key').trim()]) expect(end.err).not.toContain(secret);
    expect(read('registration.yaml')).toContain(tokens[0]);
  });

  test('is never run half-configured: the second says what is missing, and changes nothing', async () => {
    const before = read('config.yaml');
    const end = await inside(['run', '--config', path]);
    expect(end.code).toBe(exitCodes.configuration);
    expect(end.err).toContain('config.yaml line 12: homeserver.url is still CHANGE-ME: fill it in');
    expect(end.err).toContain('homeserver.serverName is still CHANGE-ME: fill it in');
    expect(read('config.yaml')).toBe(before);
  });

  test('once filled in, the registrations are completed for the server, and it stops again', async () => {
    writeFileSync(
      path,
      read('config.yaml')
        .replace('url: CHANGE-ME', 'url: http://127.0.0.1:1')
        .replace('serverName: CHANGE-ME', 'serverName: hs.test'),
    );
    const end = await inside(['run', '--config', path]);
    expect([end.code, end.err]).toEqual([exitCodes.toFillIn, expect.stringContaining('Completed for hs.test')]);
    expect(read('registration.yaml')).toContain(String.raw`'@_(tg|wa|pg)_.*:hs\.test'`);
    expect((await inside(['registration', 'check', '--config', path])).code).toBe(exitCodes.ok);
    expect((await inside(['config', 'check', '--config', path])).code).toBe(exitCodes.ok);
  });

  test('a registration of other tokens is found, and generated anew', async () => {
    writeFileSync(
      join(dir, 'first', 'registration.yaml'),
      read('registration.yaml').replace(/as_token: \S+/, 'as_token: canary'),
    );
    const found = await inside(['registration', 'check', '--config', path]);
    expect([found.code, found.out]).toEqual([
      exitCodes.found,
      expect.stringContaining('as_token is not the one in the configuration'),
    ]);
    expect(found.out).not.toContain('canary');
    expect((await inside(['registration', 'generate', '--config', path])).code).toBe(exitCodes.ok);
    expect((await inside(['registration', 'check', '--config', path])).code).toBe(exitCodes.ok);
  });

  test('a lost configuration costs no key, and its registration is not overwritten', async () => {
    const keys = [read('vault.key'), read('identity.key')];
    rmSync(path);
    const refused = await inside(['run', '--config', path]);
    expect([refused.code, refused.err]).toEqual([
      exitCodes.configuration,
      expect.stringContaining('bring its configuration back'),
    ]);
    rmSync(join(dir, 'first', 'registration.yaml'));
    expect((await inside(['run', '--config', path])).code).toBe(exitCodes.toFillIn);
    expect([read('vault.key'), read('identity.key')]).toEqual(keys);
  });
});

test.each<[readonly string[], string]>([
  [['db'], '"db" needs one of: migrate, status, backup, restore.'],
  [['db', 'backup'], '"db backup" takes one FILE.'],
  [['frobnicate'], 'There is no command "frobnicate".'],
  [['run', 'now'], '"run" takes nothing more.'],
  [['doctor', '--slot', 'x'], '"doctor" has no option --slot.'],
  [['run', '--confg', 'x'], 'There is no option --confg. Did you mean --config?'],
  [['run', '--slot'], 'An option has no value, or one that it does not take.'],
])('%j is refused in a sentence', async (args, sentence) => {
  const end = await inside(args);
  expect([end.code, end.err]).toEqual([exitCodes.usage, `${sentence} "passerelle --help" lists everything.`]);
});

test('help names every command and every exit code', async () => {
  const { code, out } = await inside(['--help']);
  expect(code).toBe(0);
  for (const name of ['run', 'config check', 'registration generate', 'db restore FILE', 'doctor'])
    expect(out).toContain(`  ${name}`);
  for (const number of Object.values(exitCodes)) expect(out).toMatch(new RegExp(`\\n  ${number} `));
});

test('the inner npm sees the registry and the certificates of the outer one, and nothing else of it', () => {
  const kept = {
    npm_config_registry: 'r',
    npm_config_cafile: 'c',
    'npm_config_//r/:_authToken': 't',
    NODE_EXTRA_CA_CERTS: 'x',
    HOME: 'h',
  };
  const dropped = {
    npm_config_local_prefix: 'p',
    npm_package_name: 'n',
    npm_lifecycle_event: 'e',
    INIT_CWD: 'i',
    npm_config_omit: 'dev',
  };
  expect(npmEnvironment({ ...kept, ...dropped })).toEqual(kept);
});
