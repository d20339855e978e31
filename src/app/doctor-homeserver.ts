// Doctor's checks of the homeserver: is it there, does it know us, does it reach us, do its settings hurt.
import type { Config } from '../config/schema.ts';
import type { Answer, Call, DoctorPorts, Finding } from './doctor-doors.ts';

const SKEW_WARN_MS = 5000;
const SKEW_FAIL_MS = 60_000;
const SMALL_UPLOAD = 50 * 1024 * 1024;

export function checkHomeserver(config: Config, versions: Answer): Finding {
  const check = 'homeserver';
  const url = config.homeserver.url;
  if (versions.kind === 'silent') {
    const todo = silences[versions.code] ?? 'start it, or correct homeserver.url';
    return { check, state: 'fail', seen: `nothing answers at ${url} (${versions.code})`, todo };
  }
  const list = field(versions.body, 'versions');
  if (versions.status === 200 && Array.isArray(list)) {
    return { check, state: 'ok', seen: `it answers, up to Matrix ${String(list.at(-1))}` };
  }
  const seen = `something else than a homeserver answers at ${url} (status ${versions.status})`;
  return { check, state: 'fail', seen, todo: 'correct homeserver.url: it is the client API, without /_matrix' };
}

const silences: Readonly<Record<string, string>> = {
  ENOTFOUND: 'correct the host in homeserver.url, or the name resolution of this machine',
  ECONNREFUSED: 'start the homeserver, or correct host and port in homeserver.url',
  ETIMEDOUT: 'check the firewall between here and the homeserver',
  UND_ERR_CONNECT_TIMEOUT: 'check the firewall between here and the homeserver',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'give this machine the certificate authority (NODE_EXTRA_CA_CERTS)',
  SELF_SIGNED_CERT_IN_CHAIN: 'give this machine the certificate authority (NODE_EXTRA_CA_CERTS)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'give this machine the certificate authority (NODE_EXTRA_CA_CERTS)',
  CERT_HAS_EXPIRED: 'renew the certificate of the homeserver',
};

/** The header has whole seconds, rounded down; the request's own duration counts in our favour. */
export function checkClock(versions: Answer, asked: number, answered: number): Finding {
  const check = 'clock';
  const theirs = versions.kind === 'answer' ? Date.parse(versions.date ?? '') : Number.NaN;
  if (Number.isNaN(theirs)) {
    return { check, state: 'warn', seen: 'the homeserver does not say its time', todo: 'compare the clocks by hand' };
  }
  const skew = Math.max(0, asked - (theirs + 1000), theirs - answered);
  const seen = `${Math.round(skew / 1000)} s apart from the homeserver's`;
  const todo = 'set the clock by NTP on both machines: logins and the order of messages depend on it';
  if (skew > SKEW_FAIL_MS) return { check, state: 'fail', seen, todo };
  if (skew > SKEW_WARN_MS) return { check, state: 'warn', seen, todo };
  return { check, state: 'ok', seen };
}

export interface BotState {
  readonly user: string;
  /** False before the very first start. */
  readonly registered: boolean;
  readonly findings: readonly Finding[];
}

export async function checkBotAccepted(config: Config, call: Call): Promise<BotState> {
  const check = 'appservice';
  const { appservice, homeserver } = config;
  const user = `@${appservice.botLocalpart}:${homeserver.serverName}`;
  const fail = (seen: string, todo: string): BotState => ({
    user,
    registered: false,
    findings: [{ check, state: 'fail', seen, todo }],
  });
  const path = '/_matrix/client/v3/account/whoami';
  const plain = await call({ method: 'GET', path, token: 'bridge' });
  if (plain.kind === 'silent') return fail(`the homeserver went silent (${plain.code})`, 'look at its log');
  if (plain.status === 401) {
    return fail(
      'the homeserver does not know the token',
      'list registration.yaml under app_service_config_files and restart the homeserver',
    );
  }
  const sender = field(plain.body, 'user_id');
  if (plain.status !== 200 || typeof sender !== 'string')
    return fail(`the homeserver refuses us (status ${plain.status})`, 'look at its log');
  const name = sender.slice(sender.indexOf(':') + 1);
  if (name !== homeserver.serverName) {
    return fail(
      `the homeserver calls itself ${name}`,
      'correct homeserver.serverName, then write the registration anew',
    );
  }
  const asBot = await call({ method: 'GET', path, token: 'bridge', user });
  if (asBot.kind === 'answer' && asBot.status === 200) {
    return {
      user,
      registered: true,
      findings: [{ check, state: 'ok', seen: `the homeserver lets us speak as ${user}` }],
    };
  }
  // Synapse has one code for both; only the sentence tells a bot that was never started from a wrong namespace.
  const sentence = asBot.kind === 'answer' ? String(field(asBot.body, 'error')) : '';
  if (/not registered/i.test(sentence)) {
    const seen = `the homeserver knows the registration; ${user} is made at the first start`;
    return { user, registered: false, findings: [{ check, state: 'ok', seen }] };
  }
  return fail(
    `the homeserver does not let us speak as ${user}`,
    'it has an older registration: give it the present one and restart it',
  );
}

export async function checkPing(config: Config, call: Call, answering: DoctorPorts['answering']): Promise<Finding> {
  const check = 'way back';
  const url = config.appservice.url;
  const path = `/_matrix/client/v1/appservice/${encodeURIComponent(config.appservice.id)}/ping`;
  const { result, by } = await answering(
    async () => await call({ method: 'POST', path, token: 'bridge', body: { transaction_id: 'passerelle-doctor' } }),
  );
  if (result.kind === 'silent') {
    return { check, state: 'fail', seen: `the homeserver went silent (${result.code})`, todo: 'look at its log' };
  }
  if (result.status === 200)
    return {
      check,
      state: 'ok',
      seen: `the homeserver reaches ${by === 'bridge' ? 'the running bridge' : 'us'} at ${url}`,
    };
  const code = String(field(result.body, 'errcode'));
  if (by === 'nobody') {
    const seen = `nobody could listen on ${config.appservice.host}:${config.appservice.port}`;
    return { check, state: 'fail', seen, todo: 'correct appservice.host: it must be an address of this machine' };
  }
  const known = pingFailures[code];
  if (known !== undefined)
    return { check, state: known.state, seen: known.seen.replace('{url}', url), todo: known.todo };
  return {
    check,
    state: 'fail',
    seen: `the homeserver refused to try (status ${result.status}, ${code})`,
    todo: 'look at its log',
  };
}

/** By errcode of `POST /appservice/{id}/ping`; https://spec.matrix.org/latest/application-service-api/#pinging */
const pingFailures: Readonly<
  Record<string, { readonly state: 'warn' | 'fail'; readonly seen: string; readonly todo: string }>
> = {
  M_CONNECTION_FAILED: {
    state: 'fail',
    seen: 'the homeserver cannot connect to {url}',
    todo: 'correct appservice.url as the homeserver sees it, and appservice.host (0.0.0.0 for other machines); then a new registration',
  },
  M_CONNECTION_TIMEOUT: {
    state: 'fail',
    seen: 'the homeserver gets no answer from {url}',
    todo: 'check the firewall between the homeserver and this machine',
  },
  M_BAD_STATUS: {
    state: 'fail',
    seen: 'what answers the homeserver at {url} does not accept its token',
    todo: 'give the homeserver the present registration (hs_token) and restart it; or another program has that address',
  },
  M_URL_NOT_SET: {
    state: 'fail',
    seen: 'the registration on the homeserver has no url',
    todo: 'give it the present registration and restart it',
  },
  M_FORBIDDEN: {
    state: 'fail',
    seen: 'the token belongs to a registration of another id',
    todo: 'set appservice.id as in the registration on the homeserver',
  },
  M_UNRECOGNIZED: {
    state: 'warn',
    seen: 'the homeserver cannot be asked whether it reaches us',
    todo: 'use a Synapse of 1.81 or newer; after an outage others may wait minutes before they send again',
  },
};

export async function checkDoublePuppets(config: Config, call: Call): Promise<Finding> {
  const check = 'double puppets';
  const path = '/_matrix/client/v3/account/whoami';
  const own = await call({ method: 'GET', path, token: 'double' });
  if (own.kind === 'silent' || own.status !== 200) {
    const todo =
      'list doublepuppet.yaml under app_service_config_files and restart the homeserver, or set doublePuppet.enabled: false';
    return { check, state: 'fail', seen: 'the homeserver does not know the second registration', todo };
  }
  const [person] = config.administrators.filter((one) => one.endsWith(`:${config.homeserver.serverName}`));
  if (person === undefined) return { check, state: 'ok', seen: 'the homeserver knows the second registration' };
  const asPerson = await call({ method: 'GET', path, token: 'double', user: person });
  if (asPerson.kind === 'answer' && asPerson.status === 200)
    return { check, state: 'ok', seen: `we may speak as ${person}` };
  const todo =
    'widen doublePuppet.localparts, write the registration anew and restart the homeserver; or make that account';
  return { check, state: 'warn', seen: `we may not speak as ${person}`, todo };
}

export function checkRoomVersion(config: Config, capabilities: Answer): Finding {
  const check = 'room version';
  const versions = field(field(capabilityList(capabilities), 'm.room_versions'), 'available');
  const standard = String(field(field(capabilityList(capabilities), 'm.room_versions'), 'default'));
  const wanted = config.rooms.version ?? standard;
  if (field(versions, wanted) === 'stable') return { check, state: 'ok', seen: `rooms are made in version ${wanted}` };
  const todo = 'set rooms.version to one that it has, or leave it out';
  return { check, state: 'fail', seen: `the homeserver has no stable room version ${wanted}`, todo };
}

export function checkProfiles(capabilities: Answer): Finding {
  const check = 'profiles';
  const list = capabilityList(capabilities);
  const blocked = ['m.set_displayname', 'm.set_avatar_url'].filter(
    (name) => field(field(list, name), 'enabled') === false,
  );
  if (blocked.length === 0) return { check, state: 'ok', seen: 'names and pictures may be set' };
  const todo = 'set enable_set_displayname and enable_set_avatar_url to true, or ghosts keep their first name';
  return { check, state: 'warn', seen: `the homeserver forbids ${blocked.join(' and ')}`, todo };
}

export async function checkMedia(call: Call, user: string): Promise<Finding> {
  const check = 'media';
  const answer = await call({ method: 'GET', path: '/_matrix/client/v1/media/config', token: 'bridge', user });
  const size = answer.kind === 'answer' ? field(answer.body, 'm.upload.size') : undefined;
  if (typeof size !== 'number') {
    return {
      check,
      state: 'warn',
      seen: 'the homeserver does not say how large files may be',
      todo: 'look at max_upload_size',
    };
  }
  const seen = `files up to ${Math.floor(size / 1024 / 1024)} MiB`;
  if (size >= SMALL_UPLOAD) return { check, state: 'ok', seen };
  return { check, state: 'warn', seen, todo: 'raise max_upload_size: larger files from the networks cannot be shown' };
}

function capabilityList(answer: Answer): unknown {
  return answer.kind === 'answer' ? field(answer.body, 'capabilities') : undefined;
}

export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
