// The simulated Telegram as the bench needs it.
import { TelegramSandbox } from '../sandbox/telegram/control-client.ts';
import type { UserId } from '../src/model/ids.ts';
import { SESSION_KEY } from '../src/networks/telegram/cursor.ts';
import { directChatId, personId, puppetId, TELEGRAM } from '../src/networks/telegram/ids.ts';
import { packKey } from '../src/networks/telegram/wire/session.ts';
import { vaultScope } from '../src/ports/network.ts';
import type { TelegramQuestion } from './bare/telegram.ts';
import type { BareQuestion, Far, FarPerson } from './far.ts';
import type { House } from './house.ts';

const API = { apiId: 12345, apiHash: '0123456789abcdef0123456789abcdef' };

export class FarTelegram implements Far {
  readonly network = 'telegram';
  readonly bare = 'bare/telegram.ts';
  readonly loginCounts = [1, 50, 200];
  readonly #sandbox: TelegramSandbox;

  private constructor(sandbox: TelegramSandbox) {
    this.#sandbox = sandbox;
  }

  static async start(): Promise<FarTelegram> {
    return new FarTelegram(await TelegramSandbox.start({ log: 'ignore' }));
  }

  get control(): string {
    return this.#sandbox.control;
  }

  get settings(): Far['settings'] {
    const { dcs, rsa } = this.#sandbox;
    const addresses = Object.entries(dcs).map(([dc, port]) => [dc, `127.0.0.1:${port}`]);
    return { ...API, dangerousTestServers: true, test: { dcs: Object.fromEntries(addresses), rsa: [rsa.pem] } };
  }

  async person(name: string): Promise<FarPerson> {
    return { id: (await this.#sandbox.createPerson({ firstName: name })).id, name };
  }

  async write(from: string, to: string, text: string): Promise<void> {
    await this.#sandbox.write(from, to, text);
  }

  async signIn(house: House, owner: UserId, account: FarPerson): Promise<void> {
    const { dc, address, key } = await this.#sandbox.command('createKey', { account: account.id });
    const id = puppetId(owner, account.id);
    const session = packKey({ dc, address, key: Buffer.from(key, 'base64') });
    await house.store.vault.write([{ scope: vaultScope(id), key: SESSION_KEY, value: session }]);
    const self = personId(account.id);
    await house.store.puppets.save({ id, network: TELEGRAM, owner, self, name: account.name, state: 'offline' });
  }

  chat(owner: UserId, account: FarPerson, contact: FarPerson): ReturnType<Far['chat']> {
    return { network: TELEGRAM, chat: directChatId(contact.id), receiver: puppetId(owner, account.id) };
  }

  personId({ id }: FarPerson): ReturnType<Far['personId']> {
    return personId(id);
  }

  async sending(logins: number, chats: number): Promise<BareQuestion> {
    const all: TelegramQuestion['logins'][number][] = [];
    for (let login = 1; login <= logins; login += 1) {
      const account = await this.#sandbox.createPerson({ firstName: `Bare${login}` });
      const contacts: string[] = [];
      for (let one = 1; one <= chats / logins; one += 1) {
        const username = `bare_contact_${login}_${one}`;
        await this.#sandbox.createPerson({ firstName: username, username });
        contacts.push(username);
      }
      all.push({ ...(await this.#sandbox.command('createKey', { account: account.id })), contacts });
    }
    const { addresses, dcs } = this.#sandbox;
    const ports = Object.entries(addresses).map(([address, dc]) => [address, dcs[dc] ?? 0] as const);
    return { ...API, ports: Object.fromEntries(ports), logins: all };
  }

  async receiving(): Promise<undefined> {
    return await Promise.resolve(undefined);
  }

  async stop(): Promise<void> {
    await this.#sandbox.stop();
  }
}
