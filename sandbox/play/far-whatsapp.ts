// The simulated WhatsApp as the play sees it: of the messages that a telephone was sent, the chat that it shows. It must not know
// the play.
import { WhatsAppSandbox, type LoggedMessage } from '../whatsapp/control-client.ts';
import type { Far, FarMessage, FarPerson } from './far.ts';

/** What stands in the QR code of a linked device. */
export const QR_TEXT = /https:\/\/wa\.me\/settings\/linked_devices#[^\s"\\<`]+/;

export class FarWhatsApp implements Far {
  readonly title = 'WhatsApp';
  readonly #world: WhatsAppSandbox;

  private constructor(world: WhatsAppSandbox) {
    this.#world = world;
  }

  static async start(): Promise<FarWhatsApp> {
    return new FarWhatsApp(await WhatsAppSandbox.start({ log: 'ignore' }));
  }

  /** The bridge's section of the configuration. */
  get settings(): unknown {
    const { url, rootKey, web, webCertificate } = this.#world;
    const test = { url, root: rootKey.toString('hex'), web, webCertificate };
    return { enabled: true, dangerousTestServers: true, test };
  }

  async createPerson({ firstName, lastName }: { firstName: string; lastName: string }): Promise<FarPerson> {
    const name = `${firstName} ${lastName}`;
    const { id, phone } = await this.#world.createPerson({ name });
    return { id, phone, firstName, name, username: '' };
  }

  async write(from: FarPerson, to: FarPerson, text: string): Promise<FarMessage> {
    return { id: await this.#world.write(from.id, to.id, text), text, own: true, edited: false, gone: false };
  }

  async edit(by: FarPerson, to: FarPerson, id: string, text: string): Promise<void> {
    await this.#world.edit(by.id, to.id, id, text);
  }

  async remove(by: FarPerson, to: FarPerson, id: string): Promise<void> {
    await this.#world.remove(by.id, to.id, id);
  }

  async messages(viewer: FarPerson, peer: FarPerson): Promise<readonly FarMessage[]> {
    const shown = new Map<string, FarMessage>();
    for (const one of await this.#world.messages(viewer.id, peer.id)) show(shown, one, viewer);
    return [...shown.values()];
  }

  async signedIn(by: FarPerson): Promise<boolean> {
    // Device 0 is the telephone.
    return (await this.#world.command('person', { id: by.id }))?.devices.some(({ device }) => device !== 0) ?? false;
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

  /** The telephone scans a QR code, or its person types the code that links without one. @throws Error when it is neither */
  async link(by: FarPerson, what: string): Promise<void> {
    const [qr] = QR_TEXT.exec(what) ?? [];
    if (qr !== undefined) await this.#world.scanQr(by.id, qr);
    else await this.#world.typeCode(by.id, what.replaceAll(/[^\dA-Za-z]/g, '').toUpperCase());
  }

  async stop(): Promise<void> {
    await this.#world.stop();
  }
}

/** A message that was sent again is one; what cannot be read is not shown. */
function show(shown: Map<string, FarMessage>, one: LoggedMessage, viewer: FarPerson): void {
  const { id, kind, text, from, target, readable } = one;
  if (!readable) return;
  const about = target ?? '';
  const before = shown.get(about);
  if (kind === 'text' && !shown.has(id)) {
    shown.set(id, { id, text, own: from === viewer.id, edited: false, gone: false });
  }
  if (before === undefined) return;
  if (kind === 'edit') shown.set(about, { ...before, text, edited: true });
  if (kind === 'revoke') shown.set(about, { ...before, gone: true });
}
