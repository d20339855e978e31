// Reads untrusted JSON and says Matrix errors; it must not know the world.

export type Json = Record<string, unknown>;

/** An answer other than 200: status, errcode, human text and extra keys (Matrix client API, "Standard error response"). */
export class MatrixError extends Error {
  readonly status: number;
  readonly errcode: string;
  readonly extra: Json;
  constructor(status: number, errcode: string, message: string, extra: Json = {}) {
    super(message);
    this.status = status;
    this.errcode = errcode;
    this.extra = extra;
  }
}

export function forbidden(message: string, extra: Json = {}): MatrixError {
  return new MatrixError(403, 'M_FORBIDDEN', message, extra);
}

export function notFound(message: string): MatrixError {
  return new MatrixError(404, 'M_NOT_FOUND', message);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under `key`, or an empty one. */
export function objectAt(from: Json, key: string): Json {
  const value = from[key];
  return isObject(value) ? value : {};
}

export function textAt(from: Json, key: string): string | undefined {
  const value = from[key];
  return typeof value === 'string' ? value : undefined;
}

export function listAt(from: Json, key: string): readonly unknown[] {
  const value = from[key];
  return Array.isArray(value) ? value : [];
}

export function textsAt(from: Json, key: string): readonly string[] {
  return listAt(from, key).filter((entry) => typeof entry === 'string');
}

export function numberAt(from: Json, key: string, otherwise: number): number {
  const value = from[key];
  return typeof value === 'number' ? value : otherwise;
}

/** Equal as JSON values, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Canonical JSON: sorted keys, no spaces (specification appendices, "Canonical JSON"). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}
