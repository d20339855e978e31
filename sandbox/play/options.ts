// Reads the words after `npm run sandbox --`; it must not know what is done with them.
import { parseArgs } from 'node:util';
import type { HomeserverKind } from '../homeserver/homeserver.ts';
import type { Language } from './words.ts';

export interface Options {
  readonly once: boolean;
  /** Undefined: the best that the machine offers. */
  readonly homeserver: HomeserverKind | undefined;
  readonly language: Language;
  readonly port: number | undefined;
  readonly keep: boolean;
  readonly help: boolean;
}

/** @throws Error in one sentence when a word is not understood */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      homeserver: { type: 'string' },
      lang: { type: 'string', default: 'en' },
      port: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { homeserver, lang, port } = values;
  if (homeserver !== undefined && homeserver !== 'synapse' && homeserver !== 'double') {
    throw new Error(`--homeserver is synapse or double, not "${homeserver}".`);
  }
  if (lang !== 'en' && lang !== 'fr') throw new Error(`--lang is en or fr, not "${lang}".`);
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (!Number.isInteger(number) || number < 1 || number > 65_535)) {
    throw new Error(`--port is a number from 1 to 65535, not "${port}".`);
  }
  return { once: values.once, homeserver, language: lang, port: number, keep: values.keep, help: values.help };
}
