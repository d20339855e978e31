// The documents: their relative links lead somewhere, what they say of exit codes, commands and settings is what the program does,
// and what is written in one language is there in the other. Knows no document's prose.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { exitCodeMeanings } from '../src/app/exit-codes.ts';
import { commands as programCommands } from '../src/cli/arguments.ts';
import { commandTable } from '../src/commands/dispatcher.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const documents = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The anchors that a page offers, as the sites that show Markdown make them from its headings. */
function anchorsOf(text: string): string[] {
  const plain = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...plain.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

function brokenLinks(file: string, text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const to = path === '' ? file : join(dirname(file), path);
    if (to.startsWith('..') || !existsSync(join(ROOT, to))) return [target];
    return anchor === undefined || anchorsOf(read(to)).includes(anchor) ? [] : [target];
  });
}

describe('the documents', () => {
  test('lead nowhere that does not exist', () => {
    const broken = documents.flatMap((file) => brokenLinks(file, read(file)).map((link) => `${file}: ${link}`));
    expect(broken).toEqual([]);
  });

  test('are all within reach of the README', () => {
    const reached = new Set<string>();
    const walk = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const [, target = ''] of read(file).matchAll(/\]\(([^)#\s]+\.md)(?:#[^)]*)?\)/g)) {
        if (!/^[a-z]+:/.test(target)) walk(relative(ROOT, join(ROOT, dirname(file), target)));
      }
    };
    walk('README.md');
    expect(documents.filter((file) => !reached.has(file))).toEqual([]);
  });

  test('know a broken link from a sound one', () => {
    expect(
      brokenLinks('README.md', '[a](docs/nowhere.md) [b](LICENSE) [c](https://example.org/x) [d](#no-such)'),
    ).toEqual(['docs/nowhere.md', '#no-such']);
  });

  test('say of every sealed value how long it is kept', () => {
    const page = read('docs/kept.md');
    const folders = ['src/matrix', 'src/networks/telegram', 'src/networks/whatsapp'];
    const sources = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
    // Places in the vault are constants of these names.
    const places = sources
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...read(name).matchAll(
          /\b(?:\w*PREFIX|\w+_KEY|\w*SCOPE|CHAT|NAME|WAITING|MAKING|RING|UP_TO) = '([a-z][a-z:/-]+)'/g,
        ),
      ])
      .map(([, place = '']) => place);
    expect(places.length).toBeGreaterThan(25);
    expect(places.filter((place) => !page.includes(`\`${place}`))).toEqual([]);
  });

  test('list every exit code with the words of --help', () => {
    const page = read('docs/exit-codes.md');
    for (const [code, meaning] of Object.entries(exitCodeMeanings)) expect(page).toContain(`| ${code} | ${meaning} |`);
    expect(page.match(/^\| \d+ \|/gm)).toHaveLength(Object.keys(exitCodeMeanings).length);
  });

  test('give a systemd unit in which the embedded database can make its socket, and others can find it', () => {
    const unit = /^```ini\n([\s\S]*?)^```$/m.exec(read('docs/install.md'))?.[1] ?? '';
    expect(unit).toContain('ProtectSystem=strict');
    const writable = /^ReadWritePaths=(.*)$/m.exec(unit)?.[1]?.split(' ');
    expect(writable).toEqual(expect.arrayContaining(['/opt/passerelle', '/tmp']));
    expect(unit).not.toMatch(/^(?:PrivateTmp=|Environment=.*TMPDIR)/m);
  });

  test('are right about .ci/run: its suites, and their seconds within those of all', () => {
    const script = read('.ci/run');
    const suites = [...script.matchAll(/^suite (?:tests|whole) '([^']+)' (\d+) /gm)];
    const row = /^\| `\.ci\/run`.*$/m.exec(read('docs/development.md'))?.[0] ?? '';
    expect(suites.length).toBeGreaterThan(0);
    expect(suites.map(([, name = '']) => name.split(',')[0] ?? name).filter((name) => !row.includes(name))).toEqual([]);
    const all = Number(/^total_budget=(\d+)$/m.exec(script)?.[1]);
    expect(suites.reduce((sum, [, , seconds]) => sum + Number(seconds), 0)).toBeLessThanOrEqual(all);
  });

  test('name every command of the program', () => {
    const page = read('docs/install.md') + read('docs/backup.md') + read('docs/development.md');
    expect(Object.keys(programCommands).filter((name) => !page.includes(`passerelle ${name}`))).toEqual([]);
  });

  test.each([
    ['docs/commands.md', 0],
    ['docs/fr/commandes.md', 1],
  ])('%s has a row for every command of the management room, under its name of that language', (file, language) => {
    // Accents are for people; the program knows the names without them.
    const text = read(file).normalize('NFD').replaceAll(/\p{M}/gu, '');
    const rows = [...text.matchAll(/^\| `([a-z-]+)/gm)].map(([, name]) => name);
    expect(new Set(rows)).toEqual(new Set(commandTable.map(({ names }) => names[language] ?? names[0])));
  });
});
