// What is wrong with a configuration, as sentences that name the place, what was expected and the nearest right name.
import type { z } from 'zod';
import { shapeOf, schemaAt } from './shape.ts';
import { nearest } from './spelling.ts';
import { variableName } from './environment.ts';

export interface Problem {
  /** Where: a file with its line, or a variable. */
  readonly where: string;
  /** 0 for variables. */
  readonly line: number;
  readonly setting: string;
  readonly why: string;
}

/** Everything that is wrong, at once; never contains a value. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => `${problem.where}: ${problem.why}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Knows where a setting was written. */
export interface Places {
  readonly file: string;
  readonly lineOf: (path: readonly PropertyKey[]) => number | undefined;
  /** The environment variable that gave this setting or a part of it. */
  readonly variableOf: (path: readonly PropertyKey[]) => string | undefined;
}

export function problem(places: Places, path: readonly PropertyKey[], why: string): Problem {
  const setting = dotted(path);
  const variable = places.variableOf(path);
  if (variable !== undefined) return { where: `environment ${variable}`, line: 0, setting, why };
  const line = places.lineOf(path);
  return { where: line === undefined ? places.file : `${places.file} line ${line}`, line: line ?? 0, setting, why };
}

/** @param given the value that was validated, to tell a missing setting from a wrong one */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  schema: z.core.$ZodType,
  given: unknown,
  places: Places,
  prefix: readonly PropertyKey[] = [],
): readonly Problem[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => unknownSetting(places, path, name, namesAt(schema, issue.path)));
    }
    const missing = issue.path.length > 0 && valueAt(given, issue.path) === undefined;
    const expected = phrase(issue);
    return [
      problem(places, path, missing ? `${dotted(path)} is missing: ${expected}` : `${dotted(path)}: ${expected}`),
    ];
  });
}

export function unknownSetting(
  places: Places,
  parent: readonly PropertyKey[],
  name: string,
  names: readonly string[],
): Problem {
  const path = [...parent, name];
  const variable = places.variableOf(path);
  const shown = variable === undefined ? quoted(name) : 'this';
  const rest = variable?.slice(variableName(path).length) ?? '';
  const spell = (right: string): string =>
    variable === undefined ? `"${right}"` : variableName([...parent, right]) + rest;
  const near = nearest(name, names);
  const where = parent.length === 0 ? '' : ` of ${dotted(parent)}`;
  const hint = near === undefined ? `there are: ${names.map(spell).join(', ')}` : `did you mean ${spell(near)}?`;
  return problem(places, path, `${shown} is not a setting${variable === undefined ? where : ''}; ${hint}`);
}

function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const found = schemaAt(schema, path);
  return found === undefined ? [] : Object.keys(shapeOf(found).children);
}

/** Our own phrases begin with "expected"; an adapter that wrote none gets a plain one. Values are never repeated. */
function phrase(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('expected ') || issue.code === 'custom') return issue.message;
  if (issue.code === 'invalid_type') return `expected ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `expected one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') return `expected at least ${String(issue.minimum)}`;
  if (issue.code === 'too_big') return `expected at most ${String(issue.maximum)}`;
  if (issue.code === 'invalid_format') return `expected text of the form ${issue.format}`;
  return 'expected something else';
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'settings with names',
  record: 'settings with names',
};

export function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step + 1}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

/** A slip in the YAML can turn a secret into a name. */
function quoted(name: string): string {
  return /^[A-Za-z][\w.-]{0,30}$/.test(name) ? `"${name}"` : 'this name';
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (current, step) =>
      typeof current === 'object' && current !== null ? (current as Record<PropertyKey, unknown>)[step] : undefined,
    value,
  );
}
