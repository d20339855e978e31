// This network's section of the configuration: every setting, its default and its reason; knows nothing of files.
import { z } from 'zod';
import { Secret } from '../../model/secret.ts';

const COUNT = 'expected a whole number, 0 or more';
const SOME = 'expected a whole number, 1 or more';
const WEB = /^https:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d{1,5})?$/;
const PROXY = /^(?:https?|socks5):\/\/(?:[^\s/@]+@)?(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/?$/;
const LOOPBACK = /^wss?:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d{1,5})?(?:\/|$)/;

const count = (most: number, usual: number): z.ZodDefault<z.ZodInt> =>
  z.int(COUNT).min(0, COUNT).max(most).default(usual);

const some = (most: number, usual: number): z.ZodDefault<z.ZodInt> => z.int(SOME).min(1, SOME).max(most).default(usual);

/** How much a login does: what WhatsApp's own pages and people's bans say is safe. Less is always allowed. */
const pacing = z.strictObject({
  /** Messages, edits and reactions of a login in any five seconds, and in any minute. */
  sendsAtOnce: some(5000, 5),
  sendsPerMinute: some(60_000, 20),
  /** First messages to people who never wrote: a day, a week, and none at all while the link is this young. */
  newChatsPerDay: count(50, 5),
  newChatsPerWeek: count(200, 15),
  youngLinkDays: count(60, 7),
  /** Numbers and names looked up a day. */
  lookupsPerDay: count(200, 20),
  /** Groups made a day: new groups of strangers get accounts banned, so none unless the operator says so. */
  groupsPerDay: count(20, 0),
  /** How often a day a login's line is opened without its person asking: accounts that come and go all day look like robots. */
  reconnectsPerDay: some(5000, 20),
});

/** Beyond these no account is used by people: beside a simulator only, which is asked how fast the bridge is. */
const MOST_AT_ONCE = 500;
const MOST_PER_MINUTE = 5_000;

/** Where a simulator stands in for WhatsApp. */
const test = z.strictObject({
  /** Where its web hosts are, which have the pictures; without it none is fetched. */
  web: z.string('expected a web address').regex(WEB, 'expected https and an address on this machine').optional(),
  /** Their certificate as PEM. */
  webCertificate: z.string('expected a certificate').includes('BEGIN CERTIFICATE').optional(),
  url: z.string('expected a WebSocket address').regex(LOOPBACK, 'expected a WebSocket address on this machine'),
  /** Public key of the simulator's certificates, 32 bytes in hexadecimal. */
  root: z.string('expected a key').regex(/^[0-9a-f]{64}$/i, 'expected 64 hexadecimal digits'),
});

export const settingsSchema = z
  .strictObject({
    enabled: z.boolean('expected true or false').default(true),
    /** What people see in WhatsApp's list of their linked devices: say honestly that it is a bridge. */
    deviceName: z.string('expected a name for the list of devices').min(1).max(50).default('Passerelle bridge'),
    /** Of one person, those that are not signed out: a second companion beside a first one is what gets accounts looked at. */
    loginsPerPerson: some(1000, 1),
    pacing: pacing.prefault({}),
    /** Everything that is asked of WhatsApp goes through it; may hold a password. */
    proxy: z
      .string('expected the address of a proxy')
      .regex(PROXY, 'expected the address of a proxy, such as http://proxy:3128 or socks5://proxy:1080')
      .transform((value) => new Secret(value))
      .meta({ secret: true })
      .optional(),
    /** Shows the account as online while the bridge runs: the phone then stops ringing. */
    presence: z.boolean('expected true or false').default(false),
    /** What becomes here of messages that disappear over there: the homeserver's retention alone decides, or they are taken back. */
    disappearing: z.enum(['keep', 'remove'], 'expected keep or remove').default('keep'),
    /** Lets `test` lead the bridge away from WhatsApp; never in production. */
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
  })
  .refine(({ pacing: pace, dangerousTestServers }) => dangerousTestServers || pace.sendsAtOnce <= MOST_AT_ONCE, {
    path: ['pacing', 'sendsAtOnce'],
    message: `expected at most ${MOST_AT_ONCE}`,
  })
  .refine(({ pacing: pace, dangerousTestServers }) => dangerousTestServers || pace.sendsPerMinute <= MOST_PER_MINUTE, {
    path: ['pacing', 'sendsPerMinute'],
    message: `expected at most ${MOST_PER_MINUTE}`,
  });

export type WhatsAppSettings = z.output<typeof settingsSchema>;
export type PacingSettings = WhatsAppSettings['pacing'];
