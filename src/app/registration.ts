// The two registrations that the homeserver reads, made from the configuration and compared with what lies on disk.
import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { readYaml, writeYaml, YamlError } from '../config/yaml.ts';
import { networkSections } from './network-sections.ts';

interface Namespace {
  readonly regex: string;
  readonly exclusive: boolean;
}

/** As the appservice specification has it; https://spec.matrix.org/latest/application-service-api/#registration */
export interface Registration {
  readonly id: string;
  readonly url: string | null;
  readonly as_token: string;
  readonly hs_token: string;
  readonly sender_localpart: string;
  readonly rate_limited: boolean;
  readonly receive_ephemeral?: boolean;
  /** What Synapse before 1.156 calls receive_ephemeral. */
  readonly 'de.sorunome.msc2409.push_ephemeral'?: boolean;
  /**
   * We make the devices that our sends name, so that the homeserver's own database knows a repeated one (MSC4190). Older Synapses ask
   * for this; 1.163.2 lets every appservice make them.
   */
  readonly 'io.element.msc4190'?: boolean;
  readonly protocols?: readonly string[];
  readonly namespaces: {
    readonly users: readonly Namespace[];
    readonly aliases: readonly Namespace[];
    readonly rooms: readonly Namespace[];
  };
}

export function bridgeRegistration(config: Pick<Config, 'appservice' | 'homeserver'>): Registration {
  const { appservice, homeserver } = config;
  // Every network this version knows, so that switching one on needs no new registration.
  const prefixes = Object.values(networkSections).map((section) => section.prefix);
  const remote = `_(${prefixes.join('|')})_.*:${escaped(homeserver.serverName)}`;
  return {
    id: appservice.id,
    url: appservice.url,
    as_token: appservice.asToken.reveal(),
    hs_token: appservice.hsToken.reveal(),
    sender_localpart: appservice.senderLocalpart,
    rate_limited: false,
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    'io.element.msc4190': true,
    protocols: Object.keys(networkSections),
    namespaces: {
      users: [
        { regex: `@${remote}`, exclusive: true },
        { regex: `@${escaped(appservice.botLocalpart)}:${escaped(homeserver.serverName)}`, exclusive: true },
      ],
      aliases: [{ regex: `#${remote}`, exclusive: true }],
      rooms: [],
    },
  };
}

/** Lets the bridge speak as real people; the homeserver sends it nothing. Undefined without a token. */
export function doublePuppetRegistration(
  config: Pick<Config, 'appservice' | 'homeserver' | 'doublePuppet'>,
): Registration | undefined {
  const { appservice, homeserver, doublePuppet } = config;
  if (doublePuppet.asToken === undefined) return undefined;
  const token = doublePuppet.asToken.reveal();
  return {
    id: `${appservice.id}-doublepuppet`,
    url: null,
    as_token: token,
    // Required by the format and never used, since nothing is sent to a registration without an address.
    hs_token: createHash('sha256').update(`unused\0${token}`).digest('hex'),
    sender_localpart: `${appservice.senderLocalpart}_double`,
    rate_limited: false,
    namespaces: {
      users: [{ regex: `@(?:${doublePuppet.localparts}):${escaped(homeserver.serverName)}`, exclusive: false }],
      aliases: [],
      rooms: [],
    },
  };
}

export function registrationText(registration: Registration, comment: string): string {
  return writeYaml(registration, comment);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** Which setting each key comes from, so that people know where to look. */
const origins: Readonly<Record<string, string>> = {
  id: 'appservice.id',
  url: 'appservice.url',
  as_token: 'appservice.asToken',
  hs_token: 'appservice.hsToken',
  sender_localpart: 'appservice.senderLocalpart',
};

const HIDDEN = new Set(['as_token', 'hs_token']);

/**
 * One sentence per difference, tokens never shown. Keys that the bridge does not set are the operator's own business.
 * @param text the content of the file
 */
export function compareRegistration(text: string, wanted: Registration): readonly string[] {
  let found: unknown;
  try {
    found = readYaml(text).value;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return [`line ${error.line}: ${error.message}`];
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return ['this is not a registration'];
  const there = found as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).flatMap(([key, value]): string[] => {
    if (key === 'namespaces') return compareNamespaces(there[key], wanted.namespaces);
    if (Object.hasOwn(there, key) && JSON.stringify(there[key]) === JSON.stringify(value)) return [];
    const origin = wanted.url === null ? undefined : origins[key];
    const from = origin === undefined ? '' : ` (${origin})`;
    if (!Object.hasOwn(there, key)) return [`${key} is missing${from}`];
    if (HIDDEN.has(key)) return [`${key} is not the one in the configuration${from}`];
    return [`${key} is ${JSON.stringify(there[key])}, expected ${JSON.stringify(value)}${from}`];
  });
}

function compareNamespaces(found: unknown, wanted: Registration['namespaces']): string[] {
  const there = (typeof found === 'object' && found !== null ? found : {}) as Readonly<Record<string, unknown>>;
  return (['users', 'aliases', 'rooms'] as const).flatMap((kind) => {
    const has = listOf(there[kind]);
    const lacking = wanted[kind].filter((one) => !has.includes(spelled(one)));
    const extra = has.filter((one) => !wanted[kind].some((ours) => spelled(ours) === one));
    return [
      ...lacking.map((one) => `namespaces.${kind} lacks ${spelled(one)}`),
      ...extra.map((one) => `namespaces.${kind} has ${one}, which the configuration does not make`),
    ];
  });
}

function listOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) =>
    spelled((typeof one === 'object' && one !== null ? one : {}) as Partial<Namespace>),
  );
}

function spelled(namespace: Partial<Namespace>): string {
  return `${String(namespace.regex)} (${namespace.exclusive === true ? 'exclusive' : 'shared'})`;
}
