// The limit to-network: GramJS as it comes, one client per account, waiting for each answer. Knows no bridge.
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { Api, TelegramClient } from 'telegram';
import { AuthKey } from 'telegram/crypto/AuthKey.js';
import { Logger, PromisedNetSockets } from 'telegram/extensions/index.js';
import { LogLevel } from 'telegram/extensions/Logger.js';
import { returnBigInt } from 'telegram/Helpers.js';
import { ConnectionTCPFull } from 'telegram/network/connection/index.js';
import { MemorySession } from 'telegram/sessions/index.js';
import { loops, serve } from './lines.ts';

export interface TelegramQuestion {
  readonly apiId: number;
  readonly apiHash: string;
  /** Port of each address that the clients believe in. */
  readonly ports: Readonly<Record<string, number>>;
  readonly logins: readonly {
    readonly dc: number;
    readonly address: string;
    /** base64 */
    readonly key: string;
    /** Usernames of those it writes to. */
    readonly contacts: readonly string[];
  }[];
  readonly words: string;
  readonly warmMs: number;
  readonly ms: number;
}

interface Chat {
  readonly client: TelegramClient;
  readonly peer: Api.TypeInputPeer;
}

let chats: readonly Chat[] | undefined;
let serial = 0;

async function open({ apiId, apiHash, ports, logins }: TelegramQuestion): Promise<readonly Chat[]> {
  const all: Chat[] = [];
  for (const { dc, address, key, contacts } of logins) {
    const session = new MemorySession();
    session.setDC(dc, address, 443);
    const authKey = new AuthKey();
    await authKey.setKey(Buffer.from(key, 'base64'));
    session.setAuthKey(authKey);
    const client = new TelegramClient(session, apiId, apiHash, {
      connection: ConnectionTCPFull,
      networkSocket: socketsTo(ports),
      baseLogger: new Logger(LogLevel.NONE),
    });
    if (!(await client.connect())) throw new Error('the bare client did not connect');
    for (const name of contacts) all.push({ client, peer: await client.getInputEntity(name) });
  }
  return all;
}

/** The library hard-codes its ports. Without Nagle's delay, so that the limit is the library's own. */
function socketsTo(ports: TelegramQuestion['ports']): typeof PromisedNetSockets {
  return class extends PromisedNetSockets {
    override async connect(port: number, ip: string): Promise<unknown> {
      const connecting = super.connect(ports[ip] ?? port, '127.0.0.1');
      const { client } = this as unknown as { readonly client?: unknown };
      if (client instanceof Socket) client.setNoDelay(true);
      return await connecting;
    }
  };
}

await serve<TelegramQuestion>(async (question) => {
  chats ??= await open(question);
  return await loops(chats, question.warmMs, question.ms, async ({ client, peer }) => {
    serial += 1;
    const randomId = returnBigInt(randomBytes(8).readBigInt64LE().toString());
    await client.invoke(new Api.messages.SendMessage({ peer, message: `bare-${serial} ${question.words}`, randomId }));
  });
});
process.exit(0);
