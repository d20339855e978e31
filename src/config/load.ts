// Makes the configuration from a file and the environment; everything wrong is told at once, by place, and never by value.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { overrides, schemaFinder, variableName, type Override } from './environment.ts';
import {
  ConfigError,
  dotted,
  problem,
  problemsOf,
  unknownSetting,
  valueAt,
  type Places,
  type Problem,
} from './problems.ts';
import { configSchema, defaultSender, type Config, type NetworkSettings, type RawConfig } from './schema.ts';
import { secretPaths, shapeOf } from './shape.ts';
import { readYaml, YamlError, type YamlSource } from './yaml.ts';

/** What an unfinished configuration holds where only people know the answer. */
export const PLACEHOLDER = 'CHANGE-ME';

type Tree = Record<string, unknown>;

export interface LoadOptions {
  /** May be absent when the environment says everything. */
  readonly path: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Each network's own schema, by network id (app/network-sections.ts). */
  readonly networks: Readonly<Record<string, z.ZodType>>;
}

/** @throws ConfigError */
export function loadConfig(options: LoadOptions): Config {
  const path = resolve(options.path);
  const dir = dirname(path);
  const source = readSource(path, options.path);
  const found: Problem[] = [];
  const changes = overrides(options.environment, schemaFinder(configSchema, options.networks));
  const places = placesOf(options.path, source, changes);
  const tree = asTree(source.value, places);
  for (const change of changes) put(tree, change, found, places);
  readSecretFiles(tree, dir, options.networks, places, found);
  fillSections(tree);
  const unfinished = placeholders(tree, places);
  const networks = checkNetworks(tree, options.networks, places, found);
  const checked = configSchema.safeParse(tree);
  if (!checked.success) found.push(...problemsOf(checked.error.issues, configSchema, tree, places));
  else found.push(...contradictions(checked.data, places, options));
  const all = firstOfEach([...unfinished, ...found]);
  if (!checked.success || all.length > 0) throw new ConfigError(all.sort((a, b) => a.line - b.line));
  const readAt = existsSync(path) ? Math.floor(statSync(path).mtimeMs) : 0;
  return complete(checked.data, networks, { path, dir, readAt });
}

function readSource(path: string, shown: string): YamlSource {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    if (code === 'ENOENT') return { value: undefined, lineOf: () => undefined };
    throw new ConfigError([{ where: shown, line: 0, setting: '', why: `this file cannot be read (${code})` }]);
  }
  try {
    return readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new ConfigError([
      { where: `${shown} line ${error.line}`, line: error.line, setting: '', why: error.message },
    ]);
  }
}

function placesOf(file: string, source: YamlSource, changes: readonly Override[]): Places {
  const within = (path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean =>
    start.length <= path.length && start.every((step, index) => step === path[index]);
  return {
    file,
    lineOf: source.lineOf,
    variableOf: (path) => {
      const inFile = valueAt(source.value, path) !== undefined;
      return changes.find((change) => within(path, change.path) || (!inFile && within(change.path, path)))?.variable;
    },
  };
}

function asTree(value: unknown, places: Places): Tree {
  const clean = withoutNulls(value) ?? {};
  if (isTree(clean)) return clean;
  throw new ConfigError([problem(places, [], 'expected settings such as "homeserver:", each on its own line')]);
}

/** A name with nothing behind it (all its settings commented out) is the same as no name; it may still be a wrong one. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isTree(value)) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutNulls(inner)]));
}

/** A setting that is a placeholder, or whose file is missing, is not also told to be missing. */
function firstOfEach(problems: readonly Problem[]): Problem[] {
  const told = new Set<string>();
  return problems.filter(({ setting }) => {
    if (setting !== '' && told.has(setting)) return false;
    told.add(setting);
    return true;
  });
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function put(tree: Tree, change: Override, found: Problem[], places: Places): void {
  const parents = change.path.slice(0, -1);
  const name = change.path.at(-1) ?? '';
  let at = tree;
  for (const step of parents) {
    const next = Object.hasOwn(at, step) ? at[step] : {};
    if (!isTree(next)) {
      found.push(problem(places, change.path, `${dotted(change.path)} is not a setting`));
      return;
    }
    at[step] = next;
    at = next;
  }
  at[name] = change.value;
  for (const rival of rivals(change.path)) {
    const parent = valueAt(tree, rival.slice(0, -1));
    if (isTree(parent) && places.variableOf(rival) === undefined) delete parent[rival.at(-1) ?? ''];
  }
}

/** What the file may say instead of a setting, and must not keep saying when the environment gives that setting. */
function rivals(path: readonly string[]): readonly (readonly string[])[] {
  const name = path.at(-1) ?? '';
  const sameSecret = [...path.slice(0, -1), name.endsWith('File') ? name.slice(0, -'File'.length) : `${name}File`];
  if (path[0] !== 'database') return [sameSecret];
  if (path[1] === 'embedded')
    return [
      ['database', 'url'],
      ['database', 'urlFile'],
    ];
  return name === 'url' || name === 'urlFile' ? [sameSecret, ['database', 'embedded']] : [];
}

function readSecretFiles(
  tree: Tree,
  dir: string,
  networks: Readonly<Record<string, z.ZodType>>,
  places: Places,
  found: Problem[],
): void {
  const ofNetworks = Object.entries(networks).flatMap(([id, schema]) => secretPaths(schema, ['networks', id]));
  for (const path of [...secretPaths(configSchema), ...ofNetworks]) {
    const parent = valueAt(tree, path.slice(0, -1));
    const name = path.at(-1) ?? '';
    const fileName = `${name}File`;
    if (!isTree(parent) || !Object.hasOwn(parent, fileName)) continue;
    const filePath = [...path.slice(0, -1), fileName];
    const file = parent[fileName];
    delete parent[fileName];
    if (Object.hasOwn(parent, name)) {
      found.push(problem(places, filePath, `${dotted(path)} and ${fileName} are both given: keep one`));
    } else if (typeof file !== 'string' || file === '') {
      const why = `${dotted(filePath)}: expected the name of a file`;
      found.push({ ...problem(places, filePath, why), setting: dotted(path) });
    } else {
      readSecret(parent, name, filePath, resolve(dir, file), places, found);
    }
  }
}

function readSecret(
  parent: Tree,
  name: string,
  filePath: readonly string[],
  file: string,
  places: Places,
  found: Problem[],
): void {
  try {
    parent[name] = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const why = `${dotted(filePath)}: the file ${file} cannot be read (${code})`;
    // The setting itself is missing only because of this.
    found.push({ ...problem(places, filePath, why), setting: dotted([...filePath.slice(0, -1), name]) });
  }
}

/** So that a whole missing section is told by its missing settings. */
function fillSections(tree: Tree): void {
  for (const [name, schema] of Object.entries(configSchema.shape)) {
    if (shapeOf(schema).kind === 'object' && tree[name] === undefined) tree[name] = {};
  }
  const networks = tree['networks'];
  if (!isTree(networks)) return;
  for (const [id, section] of Object.entries(networks)) if (section === undefined) networks[id] = {};
}

function placeholders(value: unknown, places: Places, path: readonly PropertyKey[] = []): readonly Problem[] {
  if (typeof value === 'string') {
    if (!value.includes(PLACEHOLDER)) return [];
    return [problem(places, path, `${dotted(path)} is still ${PLACEHOLDER}: fill it in`)];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => placeholders(item, places, [...path, index]));
  if (!isTree(value) || (path.length === 2 && path[0] === 'networks' && isOff(value))) return [];
  return Object.entries(value).flatMap(([name, inner]) => placeholders(inner, places, [...path, name]));
}

function checkNetworks(
  tree: Tree,
  schemas: Readonly<Record<string, z.ZodType>>,
  places: Places,
  found: Problem[],
): Record<string, NetworkSettings> {
  const checked: Record<string, NetworkSettings> = {};
  const given = isTree(tree['networks']) ? tree['networks'] : {};
  for (const [id, section] of Object.entries(given)) {
    const schema = Object.hasOwn(schemas, id) ? schemas[id] : undefined;
    if (schema === undefined) {
      found.push(unknownSetting(places, ['networks'], id, Object.keys(schemas)));
      continue;
    }
    if (isOff(section)) continue;
    const result = schema.safeParse(section);
    if (result.success) checked[id] = { enabled: true, ...(result.data as object) };
    else found.push(...problemsOf(result.error.issues, schema, section, places, ['networks', id]));
  }
  return checked;
}

/** A network that is switched off may be half filled in. */
function isOff(section: unknown): boolean {
  return isTree(section) && section['enabled'] === false;
}

function contradictions(config: RawConfig, places: Places, options: LoadOptions): readonly Problem[] {
  const found: Problem[] = [];
  const { database, doublePuppet, appservice } = config;
  if (database.url !== undefined && database.embedded !== undefined) {
    found.push(
      problem(places, ['database', 'embedded'], 'database.url and database.embedded are both given: keep one'),
    );
  }
  if (database.url === undefined && options.environment['PASSERELLE_IN_IMAGE'] === '1') {
    const how = `set it, or ${variableName(['database', 'url'])}`;
    found.push(
      problem(places, ['database', 'url'], `database.url is missing: the image has no embedded database; ${how}`),
    );
  }
  if (doublePuppet.enabled && doublePuppet.asToken === undefined) {
    found.push(
      problem(places, ['doublePuppet', 'asToken'], 'doublePuppet.asToken is missing: double puppeting is enabled'),
    );
  }
  const tokens = [appservice.asToken, appservice.hsToken, doublePuppet.asToken].filter((one) => one !== undefined);
  if (new Set(tokens.map((one) => one.reveal())).size < tokens.length) {
    found.push(
      problem(
        places,
        ['appservice', 'asToken'],
        'asToken, hsToken and doublePuppet.asToken: expected different tokens',
      ),
    );
  }
  config.rules.forEach((rule, index) => {
    if (rule.network === undefined || Object.hasOwn(options.networks, rule.network)) return;
    const known = Object.keys(options.networks).join(', ');
    found.push(problem(places, ['rules', index, 'network'], `rules[${index + 1}].network: expected one of ${known}`));
  });
  return found;
}

function complete(raw: RawConfig, networks: Record<string, NetworkSettings>, source: Config['source']): Config {
  const { url, embedded, connections } = raw.database;
  return {
    ...raw,
    networks,
    appservice: {
      ...raw.appservice,
      senderLocalpart: raw.appservice.senderLocalpart ?? defaultSender(raw.appservice.id),
    },
    database:
      url === undefined
        ? { connections, embedded: { dir: resolve(source.dir, embedded?.dir ?? 'data') } }
        : { connections, url },
    source,
  };
}
