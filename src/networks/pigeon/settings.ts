// This network's section of the configuration: where the toy server is; knows nothing of files.
import { z } from 'zod';

const SERVER = 'expected host:port of the toy server';

export const settingsSchema = z.strictObject({
  /** Off unless somebody asks for it: pigeon is a toy that proves the house and carries nothing real. */
  enabled: z.boolean('expected true or false').default(false),
  /** Where `npm run sandbox` or a test has its toy server. */
  server: z.string(SERVER).regex(/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, SERVER),
});

export type PigeonSettings = z.output<typeof settingsSchema>;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export function serverAddress(settings: Pick<PigeonSettings, 'server'>): ServerAddress {
  const colon = settings.server.lastIndexOf(':');
  return {
    host: settings.server.slice(0, colon).replaceAll(/[[\]]/g, ''),
    port: Number(settings.server.slice(colon + 1)),
  };
}
