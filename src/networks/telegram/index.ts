// The Telegram adapter: the one name the house sees of this folder.
import type { UserId } from '../../model/ids.ts';
import type { Puppet } from '../../model/records.ts';
import type { LoginProcess } from '../../ports/login.ts';
import type { AdapterContext, Capabilities, NetworkAdapter, NetworkSession, NetworkSink } from '../../ports/network.ts';
import { allCures, type Cures } from './cures.ts';
import { TELEGRAM } from './ids.ts';
import { DailyCodes, loginFlows, type CodeBudget } from './login-doors.ts';
import { TelegramLogin } from './login.ts';
import { TelegramSession } from './session.ts';
import type { TelegramSettings } from './settings.ts';
import { Turnstile } from './turns.ts';
import { Wire, type WireListener, type WireSettings } from './wire/client.ts';
import type { WireKey } from './wire/session.ts';
import { trustServer } from './wire/server-keys.ts';
import { MAX_TEXT_UNITS } from './write.ts';

export { settingsSchema, type TelegramSettings } from './settings.ts';

/** Only tests give these. */
export interface TelegramOptions {
  readonly cures?: Partial<Cures>;
  readonly codes?: CodeBudget;
  /** Deadlines in ms. */
  readonly connectMs?: number;
  readonly openMs?: number;
  readonly callMs?: number;
}

const capabilities: Capabilities = {
  actions: new Set(['send', 'edit', 'remove']),
  bodies: new Set(['text']),
  maxTextUnits: MAX_TEXT_UNITS,
};

/** Key exchanges and password proofs at the same time, in all logins together. */
const HEAVY_LOGINS = 2;
/** The library's home of new accounts. */
const FIRST_DC = 4;

/** Addresses that exist nowhere: the library believes in them, our sockets go to the test server. */
function testAddress(dc: number): string {
  return `10.255.0.${dc}`;
}

export function createTelegram(
  settings: TelegramSettings,
  context: AdapterContext,
  options: TelegramOptions = {},
): NetworkAdapter {
  const cures = { ...allCures, ...options.cures };
  const heavy = new Turnstile(cures.loginTurns ? HEAVY_LOGINS : Number.POSITIVE_INFINITY);
  const codes = options.codes ?? new DailyCodes(context.clock);
  const wire = wireSettings(settings, context, cures, options);
  const sessions = new Set<NetworkSession>();
  const logins = new Set<LoginProcess>();
  const openWire = async (key: WireKey | undefined, listener: WireListener, signal?: AbortSignal): Promise<Wire> =>
    await Wire.open(wire, key, listener, signal);

  return {
    id: TELEGRAM,
    title: 'Telegram',
    prefix: 'tg',
    capabilities,
    loginFlows,
    beginLogin(flow: string, owner: UserId): LoginProcess {
      const login = new TelegramLogin({
        owner,
        flow,
        apiId: settings.apiId,
        apiHash: settings.apiHash.reveal(),
        openWire: async (listener, signal) => await openWire(undefined, listener, signal),
        heavy,
        codes,
        clock: context.clock,
        log: context.log,
        closed: (ended) => logins.delete(ended),
      });
      logins.add(login);
      return login;
    },
    openSession(puppet: Puppet, sink: NetworkSink): NetworkSession {
      const { vault, clock, log } = context;
      const session = new TelegramSession({
        puppet,
        sink,
        vault,
        clock,
        log,
        cures,
        openWire,
        closed: (ended) => sessions.delete(ended),
      });
      sessions.add(session);
      return session;
    },
    async close(): Promise<void> {
      await Promise.all([...logins].map(async (login) => await login.cancel()));
      await Promise.all([...sessions].map(async (session) => await session.disconnect()));
      logins.clear();
      sessions.clear();
    },
  };
}

function wireSettings(
  settings: TelegramSettings,
  context: AdapterContext,
  cures: Cures,
  options: TelegramOptions,
): WireSettings {
  const { test } = settings;
  const base: WireSettings = {
    apiId: settings.apiId,
    apiHash: settings.apiHash.reveal(),
    deviceModel: settings.deviceModel,
    appVersion: '0.1',
    log: context.log,
    cures,
    ...(options.connectMs === undefined ? {} : { connectMs: options.connectMs }),
    ...(options.openMs === undefined ? {} : { openMs: options.openMs }),
    ...(options.callMs === undefined ? {} : { callMs: options.callMs }),
  };
  if (test === undefined || !settings.dangerousTestServers) return base;
  for (const pem of test.rsa) trustServer(pem);
  const dcs = Object.entries(test.dcs).map(([dc, endpoint]) => ({ dc: Number(dc), ...parseEndpoint(endpoint) }));
  const first = dcs.find(({ dc }) => dc === FIRST_DC) ?? dcs[0];
  return {
    ...base,
    redirect: new Map(dcs.map(({ dc, host, port }) => [testAddress(dc), { host, port }])),
    ...(first === undefined ? {} : { firstDc: { dc: first.dc, address: testAddress(first.dc) } }),
  };
}

function parseEndpoint(endpoint: string): { host: string; port: number } {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(endpoint.slice(colon + 1)) };
}
