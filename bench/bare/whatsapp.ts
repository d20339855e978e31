// The limits of WhatsApp: Baileys as it comes, its state in memory, one client per account, waiting for each answer. Knows no bridge.
import {
  initAuthCreds,
  makeWASocket,
  WA_CERT_DETAILS,
  type AuthenticationState,
  type SignalDataTypeMap,
  type UserFacingSocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys';
import { WhatsAppSandbox, type Person, type ReadyLine } from '../../sandbox/whatsapp/control-client.ts';
import { loops, serve } from './lines.ts';

export interface WhatsAppQuestion {
  readonly what: 'send' | 'receive';
  readonly ready: ReadyLine;
  readonly logins: number;
  readonly contactsEach: number;
  readonly words: string;
  readonly warmMs: number;
  readonly ms: number;
}

interface Chat {
  readonly socket: WASocket;
  readonly self: Person;
  readonly contact: Person;
}

// The Signal library prints its sessions.
for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) console[name] = () => undefined;

const logger: NonNullable<UserFacingSocketConfig['logger']> = {
  level: 'silent',
  child: () => logger,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Nothing is quicker. */
function memory(): AuthenticationState {
  const kept = new Map<string, unknown>();
  return {
    creds: initAuthCreds(),
    keys: {
      get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
        const found = ids.map((id) => [id, kept.get(`${type}/${id}`)] as const);
        const known = found.filter(([, value]) => value !== undefined && value !== null);
        return Object.fromEntries(known) as { [id: string]: SignalDataTypeMap[T] };
      },
      set: (data) => {
        for (const [type, values] of Object.entries(data)) {
          for (const [id, value] of Object.entries(values)) kept.set(`${type}/${id}`, value);
        }
      },
    },
  };
}

async function link(sandbox: WhatsAppSandbox, self: Person): Promise<WASocket> {
  const auth = memory();
  for (;;) {
    const socket = makeWASocket({ waWebSocketUrl: sandbox.url, auth, logger, shouldSyncHistoryMessage: () => false });
    socket.ev.on('creds.update', (update) => void Object.assign(auth.creds, update));
    const open = await new Promise<boolean>((resolve, reject) => {
      socket.ev.on('connection.update', ({ qr, connection }) => {
        if (qr !== undefined) sandbox.scanQr(self.id, qr).catch(reject);
        if (connection !== undefined && connection !== 'connecting') resolve(connection === 'open');
      });
    });
    if (open) return socket;
    // Linked: the server wants a new connection, and nothing of the past is fetched.
    auth.creds.accountSyncCounter = 1;
  }
}

let world: { readonly sandbox: WhatsAppSandbox; readonly chats: readonly Chat[] } | undefined;
let serial = 0;
const acks = new Map<string, () => void>();
const arrivals = new Map<string, () => void>();

async function open({ ready, logins, contactsEach }: WhatsAppQuestion): Promise<NonNullable<typeof world>> {
  const sandbox = new WhatsAppSandbox(ready);
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(ready.rootKey, 'hex');
  const chats: Chat[] = [];
  for (let login = 1; login <= logins; login += 1) {
    const self = await sandbox.createPerson({ name: `Bare${login}` });
    const socket = await link(sandbox, self);
    socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: Record<string, string> }) =>
      acks.get(attrs['id'] ?? '')?.(),
    );
    socket.ev.on('messages.upsert', ({ messages }) => {
      for (const { message } of messages)
        arrivals.get(message?.conversation ?? message?.extendedTextMessage?.text ?? '')?.();
    });
    for (let one = 1; one <= contactsEach; one += 1) {
      chats.push({ socket, self, contact: await sandbox.createPerson({ name: `BareContact${login}x${one}` }) });
    }
  }
  return { sandbox, chats };
}

async function heard(where: Map<string, () => void>, what: string, act: () => Promise<unknown>): Promise<void> {
  const come = new Promise<void>((resolve) => {
    where.set(what, resolve);
  });
  await act();
  await come;
  where.delete(what);
}

await serve<WhatsAppQuestion>(async (question) => {
  const { sandbox, chats } = (world ??= await open(question));
  return await loops(chats, question.warmMs, question.ms, async ({ socket, self, contact }) => {
    serial += 1;
    const text = `bare-${serial} ${question.words}`;
    if (question.what === 'receive') {
      await heard(arrivals, text, async () => await sandbox.write(contact.id, self.id, text));
      return;
    }
    const messageId = `3EB0BA5E${serial.toString(16).padStart(12, '0')}`.toUpperCase();
    await heard(acks, messageId, async () => {
      await socket.sendMessage(`${contact.phone}@s.whatsapp.net`, { text }, { messageId });
    });
  });
});
process.exit(0);
