// The wiring point of network settings: each network's id, id prefix and schema; imports only their settings.ts, never an adapter.
import { z } from 'zod';

export interface NetworkSection {
  /** Two or three letters in ghost and alias ids; the adapter's own `prefix`. */
  readonly prefix: string;
  readonly settings: z.ZodType;
}

/** One line per network. Until an adapter exports its schema, its section is taken as it is. */
export const networkSections: Readonly<Record<string, NetworkSection>> = {
  telegram: { prefix: 'tg', settings: z.looseObject({ enabled: z.boolean().default(true) }) },
  pigeon: { prefix: 'pg', settings: z.looseObject({ enabled: z.boolean().default(true) }) },
};

export function sectionSchemas(): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(Object.entries(networkSections).map(([id, section]) => [id, section.settings]));
}
