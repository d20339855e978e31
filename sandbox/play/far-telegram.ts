// The simulated Telegram as the play sees it; it must not know the play.
import { TelegramSandbox, type WorldMessage } from '../telegram/control-client.ts';
import type { Far, FarMessage, FarPerson } from './far.ts';

export class FarTelegram implements Far {
  readonly title = 'Telegram';
  readonly #world: TelegramSandbox;

  private constructor(world: TelegramSandbox) {
    this.#world = world;
  }

  static async start(): Promise<FarTelegram> {
    return new FarTelegram(await TelegramSandbox.start({ log: 'ignore' }));
  }

  /** The bridge's section of the configuration. */
  get settings(): unknown {
    const dcs = Object.entries(this.#world.dcs).map(([dc, port]) => [dc, `127.0.0.1:${port}`] as const);
    return {
      enabled: true,
      apiId: 1,
      apiHash: '0'.repeat(32),
      dangerousTestServers: true,
      test: { dcs: Object.fromEntries(dcs), rsa: [this.#world.rsa.pem] },
    };
  }

  async createPerson({ firstName, lastName }: { firstName: string; lastName: string }): Promise<FarPerson> {
    const username = `${firstName}_${lastName}`.toLowerCase();
    const { id, phone } = await this.#world.createPerson({ firstName, lastName, username });
    return { id, phone, firstName, username, name: `${firstName} ${lastName}` };
  }

  async write(from: FarPerson, to: FarPerson, text: string): Promise<FarMessage> {
    return seen(await this.#world.write(from.id, to.id, text));
  }

  async edit(by: FarPerson, _to: FarPerson, id: string, text: string): Promise<void> {
    await this.#world.edit(by.id, Number(id), text);
  }

  async remove(by: FarPerson, _to: FarPerson, id: string): Promise<void> {
    await this.#world.remove(by.id, [Number(id)]);
  }

  async messages(viewer: FarPerson, peer: FarPerson): Promise<readonly FarMessage[]> {
    return (await this.#world.messages(viewer.id, peer.id)).map((one) => seen(one));
  }

  async signedIn(by: FarPerson): Promise<boolean> {
    return (await this.#world.command('sessions', { account: by.id })).length > 0;
  }

  async waitFor<T>(look: () => Promise<T | null | undefined | false>, ms: number): Promise<T> {
    return await this.#world.waitFor(look, ms);
  }

  async version(): Promise<number> {
    return (await this.#world.command('version', {})).version;
  }

  async change(version: number, ms: number): Promise<number> {
    return (await this.#world.command('waitChange', { version, timeout: ms })).version;
  }

  /** The code that Telegram has sent to this telephone, once there is one; `hash` differs for each. @throws Error after `ms` */
  async code(phone: string, ms: number): Promise<string> {
    return (await this.#world.waitForCode(phone, ms)).code;
  }

  async lastCode(phone: string): Promise<{ readonly hash: string; readonly code: string } | null> {
    return await this.#world.command('sentCode', { phone });
  }

  async stop(): Promise<void> {
    await this.#world.stop();
  }
}

function seen({ id, text, out, edits, deleted }: WorldMessage): FarMessage {
  return { id: String(id), text, own: out, edited: edits.length > 0, gone: deleted };
}
