// A Baileys client for the simulator, with every default overridden that would leave the machine. Knows nothing of the bridge.

import { initAuthCreds, makeWASocket } from '@whiskeysockets/baileys';
import type {
  AuthenticationCreds,
  SignalDataSet,
  SignalKeyStore,
  UserFacingSocketConfig,
  WASocket,
} from '@whiskeysockets/baileys';

type Logger = NonNullable<UserFacingSocketConfig['logger']>;

export const quiet: Logger = {
  level: 'silent',
  child: () => quiet,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Signal keys in memory, as long as the test lives. */
function memoryKeys(): SignalKeyStore {
  const kept = new Map<string, unknown>();
  return {
    get: async (type, ids) =>
      Object.fromEntries(
        ids.filter((id) => kept.has(`${type} ${id}`)).map((id) => [id, kept.get(`${type} ${id}`)]),
      ) as never,
    set: async (data: SignalDataSet) => {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values ?? {})) {
          if (value === null) kept.delete(`${type} ${id}`);
          else kept.set(`${type} ${id}`, value);
        }
      }
    },
  };
}

export interface BaileysClient {
  readonly socket: WASocket;
  readonly creds: AuthenticationCreds;
}

/** Connects to `url` at once; `creds` of an earlier client log in, without them it asks to be linked. End it with socket.end(). */
export function baileysClient(url: string, given: Partial<AuthenticationCreds> = {}): BaileysClient {
  const creds = { ...initAuthCreds(), ...given };
  const socket = makeWASocket({
    waWebSocketUrl: url,
    auth: { creds, keys: memoryKeys() },
    logger: quiet,
    version: [2, 3000, 1043857760],
    fireInitQueries: false,
    markOnlineOnConnect: false,
    syncFullHistory: false,
  });
  return { socket, creds };
}
