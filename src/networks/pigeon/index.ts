// The toy network's adapter: the one name the house sees of this folder. It proves that a network is one folder and one line.
//
// A toy protocol, but no toy promises: a quarter of the folder is the protocol (read, write, ids, errors), the rest is what every
// network owes the house and the contract suite asks for: no gap and no double through drops and restarts (line, session), no answer
// waited for in vain (wire), no login left behind that nobody keeps (login). Less would be an example to copy mistakes from.
import type { UserId } from '../../model/ids.ts';
import type { Puppet } from '../../model/records.ts';
import type { LoginProcess } from '../../ports/login.ts';
import type { AdapterContext, Capabilities, NetworkAdapter, NetworkSession, NetworkSink } from '../../ports/network.ts';
import { PIGEON } from './ids.ts';
import { loginFlows, PigeonLogin } from './login.ts';
import { PigeonSession } from './session.ts';
import { serverAddress, type PigeonSettings } from './settings.ts';
import { Wire, type WireListener } from './wire.ts';
import { MAX_TEXT_UNITS } from './write.ts';

export { settingsSchema, type PigeonSettings } from './settings.ts';

/** Only tests give these. */
export interface PigeonOptions {
  /** How long an answer may take, in ms. */
  readonly answerMs?: number;
}

const capabilities: Capabilities = {
  actions: new Set(['send', 'edit', 'remove', 'react', 'rename', 'add', 'expel', 'leave']),
  bodies: new Set(['text']),
  maxTextUnits: MAX_TEXT_UNITS,
};

const ANSWER_MS = 10_000;

export function createPigeon(
  settings: PigeonSettings,
  context: AdapterContext,
  options: PigeonOptions = {},
): NetworkAdapter {
  const { vault, clock, log } = context;
  const logins = new Set<LoginProcess>();
  const sessions = new Set<NetworkSession>();
  const server = { ...serverAddress(settings), answerMs: options.answerMs ?? ANSWER_MS };
  const openWire = async (listener: WireListener, signal: AbortSignal): Promise<Wire> =>
    await Wire.open({ ...server, signal }, listener);

  return {
    id: PIGEON,
    title: 'Pigeon',
    prefix: 'pg',
    capabilities,
    loginFlows,
    beginLogin(_flow: string, owner: UserId): LoginProcess {
      const login = new PigeonLogin({ owner, clock, log, openWire, closed: (ended) => logins.delete(ended) });
      logins.add(login);
      return login;
    },
    openSession(puppet: Puppet, sink: NetworkSink): NetworkSession {
      const closed = (ended: NetworkSession): boolean => sessions.delete(ended);
      const session = new PigeonSession({ puppet, sink, vault, clock, log, openWire, closed });
      sessions.add(session);
      return session;
    },
    async close(): Promise<void> {
      await Promise.all([...logins].map(async (login) => await login.cancel()));
      await Promise.all([...sessions].map(async (session) => await session.disconnect()));
    },
  };
}
