// Safe reading of foreign JSON: own properties only, limited sizes; knows nothing of Matrix.

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own property as an object, else an empty one. */
export function objectAt(value: unknown, key: string): Json {
  const found = field(value, key);
  return isObject(found) ? found : {};
}

export function field(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The own property as a non-empty string of at most `limit` UTF-16 units, lone surrogates replaced. */
export function textAt(value: unknown, key: string, limit = 65_536): string | undefined {
  const found = field(value, key);
  return typeof found === 'string' && found !== '' && found.length <= limit ? found.toWellFormed() : undefined;
}

export function numberAt(value: unknown, key: string): number | undefined {
  const found = field(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function parseObject(text: string): Json {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : {};
  } catch {
    // A proxy's page instead of JSON: the status alone speaks.
    return {};
  }
}
