// Every setting with its default and its reason; networks describe their own sections. Knows nothing of files or environment.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { UserId } from '../model/ids.ts';
import { as } from '../model/ids.ts';
import { RULE_ACTIONS } from '../model/rules.ts';
import { httpUrl, integer, key, oneOf, secret, text, yesNo } from './builders.ts';

const LOCALPART = /^[a-z0-9._=/+-]+$/;
const SERVER_NAME = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$/;
const SLOT = /^[A-Za-z0-9._-]{1,64}$/;
const USER = /^@[^:\s]+:\S+$/;

/** Long enough that nobody guesses it; the homeserver sees it in a header, so it must be one printable word. */
const token = (): ReturnType<typeof secret> =>
  secret('a random token of at least 32 letters, digits, "-" or "_"', (value) => /^[\w.~=+/-]{32,}$/.test(value));

const port = (): z.ZodInt => integer('a port number from 0 to 65535 (0: any free one)', 0, 65_535);
const host = (): z.ZodString => text('an address to listen on, such as 127.0.0.1 or 0.0.0.0', /^[^\s/]+$/);

const homeserver = z.strictObject({
  url: httpUrl('the address of the homeserver, such as http://localhost:8008'),
  serverName: text('the part after ":" in user ids, such as example.org', SERVER_NAME),
});

const appservice = z.strictObject({
  /** Part of how the homeserver recognises repeated sends: never change it. */
  id: text('a short name of letters, digits, "-" or "_"', /^[A-Za-z0-9_-]{1,64}$/).default('passerelle'),
  host: host().default('127.0.0.1'),
  port: port().default(9009),
  url: httpUrl('the address at which the homeserver reaches the bridge, such as http://localhost:9009').default(
    'http://127.0.0.1:9009',
  ),
  botLocalpart: text('the lower-case name of the bot', LOCALPART).default('passerelle'),
  /** A user that nobody ever uses: Synapse treats the appservice's own sender specially, our bot must be an ordinary one. */
  senderLocalpart: text('a lower-case name that no user has', LOCALPART).optional(),
  asToken: token(),
  hsToken: token(),
});

const doublePuppet = z.strictObject({
  enabled: yesNo().default(false),
  asToken: token().optional(),
  /** A second registration is a key to every account it covers: narrow it where you can. */
  localparts: text('a regular expression for the names before ":"')
    .refine(isRegex, 'expected a regular expression')
    .default('.*'),
});

const database = z.strictObject({
  url: secret('a Postgres address such as postgres://user:password@host/name', (value) =>
    // libpq's form for a socket, `postgres://user@/name?host=/folder`, has no host where a URL must have one.
    /^postgres(?:ql)?:$/.test(URL.parse(value.replace('@/', '@localhost/'))?.protocol ?? ''),
  ).optional(),
  embedded: z.strictObject({ dir: text('a folder') }).optional(),
  connections: integer('a number of connections from 4 to 200', 4, 200).default(12),
});

const secrets = z.strictObject({ vaultKey: key('the vault key'), identityKey: key('the identity key') });

const worker = z.strictObject({
  /** Stable over restarts; a second worker on the same database needs another one. */
  slot: text('a short name, such as main or worker-2', SLOT).default('main'),
});

const ruleAction = () => oneOf([...RULE_ACTIONS, 'any'] as const);

const moment = (): z.ZodString =>
  text('a date such as 2027-01-31 or 2027-01-31T18:00:00Z').refine(
    (value) => /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(value) && !Number.isNaN(Date.parse(value)),
    'expected a date such as 2027-01-31 or 2027-01-31T18:00:00Z',
  );

const rule = z
  .strictObject({
    allow: ruleAction().optional(),
    deny: ruleAction().optional(),
    user: text(
      "a user id, a pattern such as '@*:example.org', or a server such as ':example.org'",
      /^[@:*]/,
    ).optional(),
    network: text('the name of a network').optional(),
    chat: text('a chat, such as username:alice or group:*').optional(),
    reason: text('a sentence for the person refused').optional(),
    from: moment().optional(),
    until: moment().optional(),
  })
  .refine((one) => (one.allow === undefined) !== (one.deny === undefined), 'expected either allow or deny, once');

const administrators = z
  .array(
    text('a user id such as @alice:example.org', USER).transform((id) => as<UserId>(id)),
    'expected a list of user ids',
  )
  .default([]);

const rooms = z.strictObject({
  /** Whether people of other homeservers may ever be invited into a portal; it cannot be changed later. */
  federate: yesNo().default(true),
  botPower: integer('a power level from 50 to 100', 50, 100).default(100),
  /** Ghosts of admins have power in the room of their group; else no ghost ever has any, nor may invite. */
  ghostPower: yesNo().default(true),
  /** Each person's rooms of a network are gathered in a space of their own. */
  spaces: yesNo().default(false),
  /** A group's room with more people in it shows others when they first speak. */
  shownMembers: integer('a number of people from 0 to 10000', 0, 10_000).default(100),
  /** The bot's read receipt below a message: it has arrived over there. */
  showDelivered: yesNo().default(true),
  /** The networks are told who types here: off, the bridge does less than it could. */
  sendTyping: yesNo().default(false),
  /** Absent: the homeserver's own default. */
  version: text('a room version such as "11"').optional(),
});

const retention = z.strictObject({
  /**
   * How long it is known which message of a network an event stands for: for edits, deletions, reactions and replies, in days. Two
   * more than WhatsApp's longest timer, which must still find what it removes.
   */
  linkDays: integer('a number of days from 92 to 36500', 92, 36_500).default(730),
  /** How long what was put aside waits for somebody's decision, in days. */
  parkedDays: integer('a number of days from 1 to 36500', 1, 36_500).default(90),
});

/** Counted are those that are not signed out. */
const logins = z.strictObject({
  /** Of one person, on all networks together. */
  perPerson: integer('a number of logins from 1 to 1000', 1, 1_000).default(10),
  /** Of everybody; absent: as many as there are people who may. */
  all: integer('a number of logins from 1 to 100000', 1, 100_000).optional(),
});

const logging = z.strictObject({
  level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

const health = z.strictObject({
  enabled: yesNo().default(true),
  host: host().default('127.0.0.1'),
  port: port().default(9010),
});

/** Sections of networks are checked by their own schemas afterwards (see load.ts). */
const networkSection = z.record(z.string(), z.unknown(), 'expected settings of a network');

export const configSchema = z.strictObject({
  homeserver,
  appservice,
  doublePuppet: doublePuppet.prefault({}),
  database: database.prefault({}),
  secrets,
  worker: worker.prefault({}),
  networks: z.record(z.string(), networkSection, 'expected the networks by name').default({}),
  /** Of whoever has chosen none with `lang`. */
  language: oneOf(['en', 'fr']).default('en'),
  administrators,
  rules: z.array(rule, 'expected a list of rules').default([]),
  rooms: rooms.prefault({}),
  retention: retention.prefault({}),
  logins: logins.prefault({}),
  logging: logging.prefault({}),
  health: health.prefault({}),
});

export type RawConfig = z.output<typeof configSchema>;
export type RuleSetting = RawConfig['rules'][number];

/** What every network's section has; the rest is the adapter's own (its schema in networks/<id>/settings.ts). */
export interface NetworkSettings {
  readonly enabled: boolean;
  readonly [setting: string]: unknown;
}

export type Config = Omit<RawConfig, 'networks' | 'appservice' | 'database'> & {
  readonly appservice: RawConfig['appservice'] & { readonly senderLocalpart: string };
  /** Exactly one of url and embedded; embedded.dir is absolute. */
  readonly database: Pick<RawConfig['database'], 'connections'> &
    (
      | { readonly url: NonNullable<RawConfig['database']['url']>; readonly embedded?: never }
      | { readonly url?: never; readonly embedded: { readonly dir: string } }
    );
  /** By network id; validated by the network's own schema. */
  readonly networks: Readonly<Record<string, NetworkSettings>>;
  /** Where it was read; paths in it are relative to its folder. */
  readonly source: { readonly path: string; readonly dir: string; readonly readAt: number };
};

/** What the command line adds to a run. */
export interface RunOptions {
  readonly slot?: string;
  /** The person confirmed that the database is an older one (a restored backup). */
  readonly afterRestore?: boolean;
}

/** Random enough to be unused, yet the same after every start. */
export function defaultSender(id: string): string {
  return `_passerelle_${createHash('sha256').update(`sender\0${id}`).digest('hex').slice(0, 16)}`;
}

function isRegex(value: string): boolean {
  try {
    return new RegExp(value, 'u').source !== '';
  } catch {
    // A broken expression is the answer here, not a fault.
    return false;
  }
}
