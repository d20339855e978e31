// This network's section of the configuration: every setting, its default and its reason; knows nothing of files.
import { z } from 'zod';
import { Secret } from '../../model/secret.ts';

/** Telegram's api_id is a TL int. */
const INT32_MAX = 2_147_483_647;
const API_ID = 'expected the api_id of my.telegram.org, a whole number from 1 to 2147483647';
const API_HASH = 'expected the api_hash of my.telegram.org: 32 hexadecimal digits';
const ENDPOINT = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;

/** Where a simulator stands in for Telegram: data centre number to `host:port`, and its RSA keys (PEM). */
const test = z.strictObject({
  dcs: z.record(
    z.string().regex(/^\d{1,2}$/, 'expected the number of a data centre'),
    z.string('expected host:port').regex(ENDPOINT, 'expected host:port'),
    'expected data centres by number',
  ),
  rsa: z.array(z.string().includes('PUBLIC KEY', { message: 'expected an RSA public key in PEM form' })).min(1),
});

export const settingsSchema = z
  .strictObject({
    enabled: z.boolean('expected true or false').default(true),
    /** The bridge's own, from https://my.telegram.org: a shared one gets everybody limited together. */
    apiId: z.int(API_ID).min(1, API_ID).max(INT32_MAX, API_ID),
    apiHash: z
      .string(API_HASH)
      .regex(/^[0-9a-fA-F]{32}$/, API_HASH)
      .transform((value) => new Secret(value))
      .meta({ secret: true }),
    /** What people see in Telegram's list of their devices: say honestly that it is a bridge. */
    deviceModel: z.string('expected a name for the list of devices').min(1).max(64).default('Passerelle bridge'),
    /** Lets `test` lead the bridge away from Telegram; never in production. */
    dangerousTestServers: z.boolean('expected true or false').default(false),
    test: test.optional(),
  })
  .refine((one) => one.test === undefined || one.dangerousTestServers, {
    path: ['test'],
    message: 'expected no test servers unless dangerousTestServers is true',
  })
  .refine((one) => !one.dangerousTestServers || one.test !== undefined, {
    path: ['dangerousTestServers'],
    message: 'expected a test section with the servers to use',
  });

export type TelegramSettings = z.output<typeof settingsSchema>;
