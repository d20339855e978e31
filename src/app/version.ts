// The version of this program, as package.json says it.
import { readFileSync } from 'node:fs';

/** package.json stands two folders up from src/app and from dist/app. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
