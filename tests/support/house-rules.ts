// Reads a tree of TypeScript and names every break of the house's rules: who imports whom, which package lives where, circles,
// long files, files without their sentence. Knows the rules only as data.
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix, relative, sep } from 'node:path';
import { parseSync } from '@swc/core';

export type FaultKind =
  'folder' | 'import' | 'door' | 'package' | 'builtin' | 'circle' | 'length' | 'sentence' | 'opaque';

export interface Fault {
  readonly kind: FaultKind;
  readonly file: string;
  readonly what: string;
}

/** Places are paths below the tree's root: a file, a folder (`store`), or one with a star for a name (`networks/*`). */
export interface HouseRules {
  /** The folders of the house, with those each may import; a star may import its own namesake only. */
  readonly mayImport: Readonly<Record<string, readonly string[]>>;
  /** Folders that may touch nothing outside their process but these parts of Node. */
  readonly builtins: Readonly<Record<string, readonly string[]>>;
  /** Files of a wing that others may import, and who those others are; whatever else is in the wing stays in it. */
  readonly doors: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Where each package lives. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  readonly longest: number;
}

interface Import {
  /** Undefined when it is made up at run time. */
  readonly to: string | undefined;
}

export function inspectHouse(root: string, rules: HouseRules): Fault[] {
  const files = filesOf(root);
  const graph = new Map<string, string[]>();
  const faults: Fault[] = [];
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    faults.push(...inspectText(file, text, rules.longest));
    const inside: string[] = [];
    for (const { to } of importsOf(text)) {
      if (to === undefined)
        faults.push({ kind: 'opaque', file, what: 'an import whose target is made up at run time' });
      else if (to.startsWith('.')) inside.push(posix.join(posix.dirname(file), to));
      else faults.push(...inspectPackage(file, to, rules));
    }
    graph.set(file, inside);
    if (placeOf(file, rules) === undefined)
      faults.push({ kind: 'folder', file, what: 'a place that the house does not know' });
    for (const target of inside) faults.push(...inspectImport(file, target, rules));
  }
  return [...faults, ...circles(graph)];
}

/** Every .ts file below a folder, as paths with `/` relative to it. */
export function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
}

/** Imports, re-exports, dynamic imports and types imported in place, each as often as it is written. */
export function importsOf(text: string): Import[] {
  const found: Import[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const { type, source, argument, callee } = node as Readonly<Record<string, unknown>>;
    if (type === 'ImportDeclaration' || type === 'ExportNamedDeclaration' || type === 'ExportAllDeclaration') {
      if (source !== null && source !== undefined) found.push({ to: literal(source) });
    } else if (type === 'TsImportType') found.push({ to: literal(argument) });
    else if (type === 'TsExternalModuleReference')
      found.push({ to: literal((node as { expression?: unknown }).expression) });
    else if (type === 'CallExpression' && (callee as { type?: unknown }).type === 'Import') {
      const [first] = (node as { arguments: readonly { expression: unknown }[] }).arguments;
      found.push({ to: literal(first?.expression) });
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(parseSync(text, { syntax: 'typescript', target: 'es2024' }).body);
  return found;
}

function literal(node: unknown): string | undefined {
  const { type, value } = (node ?? {}) as Readonly<Record<string, unknown>>;
  return type === 'StringLiteral' && typeof value === 'string' ? value : undefined;
}

function inspectText(file: string, text: string, longest: number): Fault[] {
  const faults: Fault[] = [];
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines > longest) faults.push({ kind: 'length', file, what: `${lines} lines` });
  if (!opensWithSentence(text)) faults.push({ kind: 'sentence', file, what: 'no sentence on what it is for' });
  return faults;
}

/** A line comment whose first paragraph has at least five words and its full stop. */
export function opensWithSentence(text: string): boolean {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !/^\/\/ ?\S/.test(line));
  const comment = lines
    .slice(0, end < 0 ? lines.length : end)
    .map((line) => line.slice(2).trim())
    .join(' ');
  return /[.!?)]$/.test(comment) && comment.split(/\s+/).length >= 5;
}

function inspectPackage(file: string, name: string, rules: HouseRules): Fault[] {
  if (isBuiltin(name)) {
    const folder = Object.keys(rules.builtins).find((one) => lies(file, one));
    if (folder === undefined || rules.builtins[folder]?.includes(name) === true) return [];
    return [{ kind: 'builtin', file, what: name }];
  }
  const home = rules.packages[packageOf(name)];
  if (home === undefined) return [{ kind: 'package', file, what: `${name} has no home` }];
  return home.some((place) => lies(file, place)) ? [] : [{ kind: 'package', file, what: `${name} does not live here` }];
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function inspectImport(file: string, target: string, rules: HouseRules): Fault[] {
  const from = placeOf(file, rules);
  const to = placeOf(target, rules);
  const fault = (kind: FaultKind): Fault[] => [{ kind, file, what: target }];
  if (from === undefined || to === undefined) return to === undefined ? fault('folder') : [];
  if (from === to && nameIn(file, from) === nameIn(target, to)) return [];
  if (from === to || rules.mayImport[from]?.includes(to) !== true) return fault('import');
  const doors = rules.doors[to];
  if (doors === undefined) return [];
  const open = Object.entries(doors).find(([door]) => lies(target, door));
  return open !== undefined && open[1].some((place) => lies(file, place)) ? [] : fault('door');
}

/** The most exact place of the table that a file lies in. */
function placeOf(file: string, rules: HouseRules): string | undefined {
  return Object.keys(rules.mayImport)
    .filter((place) => lies(file, place))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** What the stars of a place stand for. */
function nameIn(file: string, place: string): string {
  const parts = file.split('/');
  return place
    .split('/')
    .map((one, index) => (one === '*' ? parts[index] : one))
    .join('/');
}

function lies(file: string, place: string): boolean {
  const parts = file.split('/');
  const wanted = place.split('/');
  return wanted.length <= parts.length && wanted.every((one, index) => one === '*' || one === parts[index]);
}

/** Each circle once, told from its first file in the alphabet. */
function circles(graph: ReadonlyMap<string, readonly string[]>): Fault[] {
  const faults = new Map<string, Fault>();
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      const ring = path.slice(at);
      const first = ring.toSorted()[0] ?? file;
      const turned = [...ring.slice(ring.indexOf(first)), ...ring.slice(0, ring.indexOf(first)), first];
      faults.set(turned.join(' > '), { kind: 'circle', file: first, what: turned.join(' > ') });
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return [...faults.values()];
}
