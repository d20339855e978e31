// The dependency rule of the house as a test: who may import whom, which package lives where, no circles, no long files. When
// it is red, move the code, not the rule.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { filesOf, importsOf, inspectHouse, opensWithSentence, type HouseRules } from './support/house-rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const rules: HouseRules = {
  mayImport: {
    // The catalogue of sentences: the model names its keys, so it lies lowest.
    words: [],
    model: ['words'],
    ports: ['model'],
    config: ['model'],
    policy: ['model', 'ports'],
    bridge: ['model', 'ports', 'policy'],
    flow: ['model', 'ports', 'policy', 'bridge', 'words'],
    commands: ['model', 'ports', 'policy', 'bridge', 'words'],
    matrix: ['model', 'ports'],
    store: ['model', 'ports'],
    'networks/*': ['model', 'ports'],
    app: ['words', 'model', 'ports', 'config', 'policy', 'bridge', 'flow', 'commands', 'matrix', 'store', 'networks/*'],
    cli: ['app', 'config', 'model'],
    'main.ts': ['cli'],
  },
  builtins: {
    words: [],
    model: ['node:crypto', 'node:util'],
    ports: [],
    policy: ['node:crypto'],
    bridge: ['node:crypto'],
    flow: ['node:crypto'],
    commands: [],
  },
  doors: {
    matrix: { 'matrix/index.ts': ['app'] },
    'networks/*': {
      // The one place that loads adapters, and the one that reads their settings.
      'networks/*/index.ts': ['app/networks.ts'],
      'networks/*/settings.ts': ['app/networks.ts', 'app/network-sections.ts'],
    },
  },
  packages: {
    express: ['matrix/transaction-door.ts'],
    'matrix-appservice-bridge': ['matrix/intents.ts'],
    parse5: ['matrix/html.ts'],
    undici: ['matrix', 'networks/*'],
    kysely: ['store'],
    pg: ['store'],
    yaml: ['config'],
    zod: ['config', 'app/network-sections.ts', 'networks/*/settings.ts'],
    pino: ['app/logger.ts'],
    telegram: ['networks/telegram/wire'],
    socks: ['networks/whatsapp/proxy.ts'],
    sharp: ['networks/whatsapp/jpeg.ts'],
    '@whiskeysockets/baileys': ['networks/whatsapp'],
  },
  longest: 300,
};

function told(root: string, of: HouseRules = rules): string[] {
  return inspectHouse(root, of).map(({ kind, file, what }) => `${kind}: ${file}: ${what}`);
}

describe('the house', () => {
  test('stands as it was drawn', () => {
    expect(told(join(ROOT, 'src'))).toEqual([]);
  });

  test('is drawn without circles', () => {
    const above = (place: string, path: readonly string[] = []): readonly string[] =>
      path.includes(place)
        ? [...path, place]
        : (rules.mayImport[place] ?? []).flatMap((next) => above(next, [...path, place]));
    expect(Object.keys(rules.mayImport).flatMap((place) => above(place))).toEqual([]);
  });

  test('has a room and a reason for every line of the rules', () => {
    const files = filesOf(join(ROOT, 'src'));
    const text = files.map((file) => readFileSync(join(ROOT, 'src', file), 'utf8')).join('\n');
    const unused = Object.keys(rules.packages).filter((name) => !text.includes(`'${name}`));
    expect(unused).toEqual([]);
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(rules.packages).filter((name) => dependencies[name] === undefined)).toEqual([]);
  });

  test('keeps simulators apart: they import nothing of it, and it nothing of them', () => {
    const strangers = (folder: string, foreign: RegExp): string[] =>
      filesOf(join(ROOT, folder)).flatMap((file) => {
        const imports = importsOf(readFileSync(join(ROOT, folder, file), 'utf8'));
        return imports.flatMap(({ to }) => {
          const path = to?.startsWith('.') === true ? join(folder, dirname(file), to) : (to ?? '?');
          return foreign.test(path) ? [`${folder}/${file}: ${path}`] : [];
        });
      });
    expect(strangers('sandbox', /^(?:src|tests|bench|telegram)(?:\/|$)|^\?$/)).toEqual([]);
    expect(strangers('src', /^(?:sandbox|tests|bench)(?:\/|$)/)).toEqual([]);
  });

  test('says at the head of every file what it is for', () => {
    const silent = ['sandbox', 'tests', 'bench'].flatMap((folder) =>
      filesOf(join(ROOT, folder))
        .filter((file) => !opensWithSentence(readFileSync(join(ROOT, folder, file), 'utf8')))
        .map((file) => `${folder}/${file}`),
    );
    expect(silent).toEqual([]);
  });
});

describe('the inspection', () => {
  const SENTENCE = '// What this file is for, in one sentence.\n';

  /** A tree of files, each opening with its sentence unless told otherwise. */
  function planted(files: Readonly<Record<string, string>>): string[] {
    const root = mkdtempSync(join(tmpdir(), 'passerelle-house-'));
    try {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(join(root, dirname(file)), { recursive: true });
        writeFileSync(join(root, file), text.startsWith('!') ? text.slice(1) : SENTENCE + text);
      }
      return told(root);
    } finally {
      rmSync(root, { recursive: true });
    }
  }

  const sound = {
    'words/index.ts': 'export const en = {};',
    'model/ids.ts': "import { createHash } from 'node:crypto';\nexport const a = createHash;",
    'ports/stores.ts': "export type { a } from '../model/ids.ts';",
    'networks/owl/index.ts': "export { b } from './read.ts';",
    'networks/owl/read.ts': 'export const b = \'import x from "pg"\';',
    'networks/owl/settings.ts': "import { z } from 'zod';\nexport const c = z;",
    'app/networks.ts': "export const open = async () => await import('../networks/owl/index.ts');",
    'main.ts': "await import('./cli/main.ts');",
    'cli/main.ts': "import '../app/networks.ts';",
  };

  test('finds nothing in a sound tree', () => {
    expect(planted(sound)).toEqual([]);
  });

  const faults: readonly (readonly [what: string, file: string, text: string, told: string])[] = [
    [
      'the core in a network',
      'flow/a.ts',
      "import '../networks/owl/read.ts';",
      'import: flow/a.ts: networks/owl/read.ts',
    ],
    [
      'a type imported from above',
      'model/up.ts',
      "import type { b } from '../ports/stores.ts';",
      'import: model/up.ts: ports/stores.ts',
    ],
    [
      'a type imported in place',
      'model/place.ts',
      "export type B = import('../ports/stores.ts').a;",
      'import: model/place.ts: ports/stores.ts',
    ],
    [
      'a re-export from above',
      'model/re.ts',
      "export * from '../ports/stores.ts';",
      'import: model/re.ts: ports/stores.ts',
    ],
    [
      'a dynamic import from above',
      'bridge/late.ts',
      "await import('../networks/owl/index.ts');",
      'import: bridge/late.ts: networks/owl/index.ts',
    ],
    [
      'two networks that meet',
      'networks/crow/a.ts',
      "import '../owl/read.ts';",
      'import: networks/crow/a.ts: networks/owl/read.ts',
    ],
    ['two faces that meet', 'commands/a.ts', "import '../flow/b.ts';", 'import: commands/a.ts: flow/b.ts'],
    [
      'a wing entered through the window',
      'app/a.ts',
      "import '../networks/owl/read.ts';",
      'door: app/a.ts: networks/owl/read.ts',
    ],
    [
      'a wing entered by a stranger',
      'app/b.ts',
      "import '../networks/owl/index.ts';",
      'door: app/b.ts: networks/owl/index.ts',
    ],
    [
      'a package away from home',
      'model/pg.ts',
      "import type { Pool } from 'pg';",
      'package: model/pg.ts: pg does not live here',
    ],
    [
      'a part of a package away from home',
      'networks/owl/tl.ts',
      "import 'telegram/tl/index.js';",
      'package: networks/owl/tl.ts: telegram/tl/index.js does not live here',
    ],
    ['a package without a home', 'app/c.ts', "import '@left/pad';", 'package: app/c.ts: @left/pad has no home'],
    ['the core on the disk', 'flow/disk.ts', "import 'node:fs';", 'builtin: flow/disk.ts: node:fs'],
    ['a room that nobody drew', 'attic/a.ts', '', 'folder: attic/a.ts: a place that the house does not know'],
    [
      'an import made up at run time',
      'app/d.ts',
      "await import('node:' + 'fs');",
      'opaque: app/d.ts: an import whose target is made up at run time',
    ],
    ['a file that goes on and on', 'app/long.ts', '\n'.repeat(300), 'length: app/long.ts: 301 lines'],
    [
      'a file without its sentence',
      'app/mute.ts',
      '!export {};',
      'sentence: app/mute.ts: no sentence on what it is for',
    ],
    [
      'a file with half of one',
      'app/half.ts',
      '!// Half\nexport {};',
      'sentence: app/half.ts: no sentence on what it is for',
    ],
    [
      'a file that needs itself',
      'app/self.ts',
      "import './self.ts';",
      'circle: app/self.ts: app/self.ts > app/self.ts',
    ],
  ];

  test.each(faults)('names %s', (_what, file, text, expected) => {
    const other = file === 'commands/a.ts' ? { 'flow/b.ts': '' } : {};
    expect(planted({ ...sound, ...other, [file]: text })).toEqual([expected]);
  });

  test('names a circle once, types counted', () => {
    const circle = {
      'app/x.ts': "import './z.ts';",
      'app/y.ts': "import type { A } from './x.ts';",
      'app/z.ts': "export { B } from './y.ts';",
    };
    expect(planted({ ...sound, ...circle })).toEqual(['circle: app/x.ts: app/x.ts > app/z.ts > app/y.ts > app/x.ts']);
  });
});
