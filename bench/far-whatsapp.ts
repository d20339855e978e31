// The simulated WhatsApp as the bench needs it. Logins are linked by the adapter itself, in this process, before the bridge starts.
import { WhatsAppSandbox } from '../sandbox/whatsapp/control-client.ts';
import { as, type PersonId, type UserId } from '../src/model/ids.ts';
import { createWhatsApp, settingsSchema } from '../src/networks/whatsapp/index.ts';
import { puppetId, WHATSAPP } from '../src/networks/whatsapp/ids.ts';
import type { NewLogin } from '../src/ports/login.ts';
import type { NetworkAdapter } from '../src/ports/network.ts';
import { realClock } from '../tests/support/house.ts';
import { quiet } from '../tests/support/quiet.ts';
import type { BareQuestion, Far, FarPerson } from './far.ts';
import type { House } from './house.ts';

export class FarWhatsApp implements Far {
  readonly network = 'whatsapp';
  readonly bare = 'bare/whatsapp.ts';
  readonly loginCounts = [1, 50, 100];
  readonly sandbox: WhatsAppSandbox;
  readonly #identityKey: Buffer;

  private constructor(sandbox: WhatsAppSandbox, identityKey: Buffer) {
    this.sandbox = sandbox;
    this.#identityKey = identityKey;
  }

  static async start(identityKey: Buffer): Promise<FarWhatsApp> {
    return new FarWhatsApp(await WhatsAppSandbox.start({ log: 'ignore' }), identityKey);
  }

  get control(): string {
    return this.sandbox.control;
  }

  get settings(): Far['settings'] {
    const { url, rootKey } = this.sandbox;
    return {
      dangerousTestServers: true,
      test: { url, root: rootKey.toString('hex') },
      // A simulator restricts nobody: what is measured is the bridge, not its patience. Far above what it can do.
      pacing: { sendsAtOnce: 5000, sendsPerMinute: 60_000, reconnectsPerDay: 5000 },
    };
  }

  async person(name: string): Promise<FarPerson> {
    return { id: (await this.sandbox.createPerson({ name })).id, name };
  }

  async write(from: string, to: string, text: string): Promise<void> {
    await this.sandbox.write(from, to, text);
  }

  async signIn(house: House, owner: UserId, account: FarPerson): Promise<void> {
    const { vault, puppets } = house.store;
    const context = { vault, identityKey: this.#identityKey, log: quiet, clock: realClock };
    const adapter = createWhatsApp(settingsSchema.parse(this.settings), context);
    try {
      const { puppet: id, self, name, vault: kept } = await this.#link(adapter, owner, account);
      await vault.write(kept);
      const puppet = { id, network: WHATSAPP, owner, self, name, state: 'offline' } as const;
      // The first connection hands in hundreds of keys: a login that has been there for a day has done so.
      const session = adapter.openSession(puppet, {
        accept: async (_events, changes = []) => await vault.write(changes),
        keep: async (changes) => await vault.write(changes),
        glimpse: () => undefined,
        report: () => undefined,
        tell: async () => await Promise.resolve(),
        portalOf: async () => await Promise.resolve(undefined),
        portalKey: (chat, kind) => ({ network: WHATSAPP, chat, ...(kind === 'direct' ? { receiver: id } : {}) }),
      });
      await session.connect();
      await session.disconnect();
      await puppets.save(puppet);
    } finally {
      await adapter.close();
    }
  }

  async #link(adapter: NetworkAdapter, owner: UserId, account: FarPerson): Promise<NewLogin> {
    for await (const step of adapter.beginLogin('qr', owner).steps) {
      if (step.kind === 'show') await this.sandbox.scanQr(account.id, step.data);
      if (step.kind === 'done') return step.login;
      if (step.kind === 'failed') throw step.error;
    }
    throw new Error('a login on WhatsApp ended without a result');
  }

  chat(owner: UserId, account: FarPerson, contact: FarPerson): ReturnType<Far['chat']> {
    const chat = this.personId(contact) as string;
    return { network: WHATSAPP, chat: as(chat), receiver: puppetId(owner, this.personId(account)) };
  }

  personId({ id }: FarPerson): PersonId {
    return as<PersonId>(`l${id}`);
  }

  async sending(logins: number, chats: number): Promise<BareQuestion> {
    return await Promise.resolve(this.#question('send', logins, chats));
  }

  async receiving(logins: number, chats: number): Promise<BareQuestion> {
    return await Promise.resolve(this.#question('receive', logins, chats));
  }

  #question(what: 'send' | 'receive', logins: number, chats: number): BareQuestion {
    const { control, url, rootKey } = this.sandbox;
    return { what, ready: { control, url, rootKey: rootKey.toString('hex') }, logins, contactsEach: chats / logins };
  }

  async stop(): Promise<void> {
    await this.sandbox.stop();
  }
}
