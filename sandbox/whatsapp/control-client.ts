// The typed hand on a simulated WhatsApp: starts it as a process of its own and speaks its control API. Used by tests, the
// fault harness, the bench and the sandbox. It knows nothing of the bridge.

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ControlError, WorldClient } from '../control-client.ts';
import { startProcess } from '../process.ts';
import type {
  Addressing,
  ControlCommands,
  GroupInfo,
  LoggedMessage,
  Person,
  PersonSpec,
  ReadyLine,
  SandboxOptions,
  SeenReceipt,
  TextOptions,
} from './control-types.ts';

export type * from './control-types.ts';

export interface StartOptions {
  /** Port that clients connect to; any free one when absent. */
  readonly port?: number;
  /** Port of the control API; any free one when absent. */
  readonly controlPort?: number;
  /** Any text: the service's own keys are the same in every run. */
  readonly seed?: string;
  readonly options?: Partial<SandboxOptions>;
  /** Where the process writes its log lines; default: its standard error is shown. `ignore` throws them away. */
  readonly log?: 'inherit' | 'ignore';
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const TITLE = 'the simulated WhatsApp';

export class WhatsAppSandbox extends WorldClient<ControlCommands> {
  /** Where clients connect: Baileys' waWebSocketUrl. */
  readonly url: string;
  /** The public key that clients must trust, 32 bytes. */
  readonly rootKey: Buffer;
  /** Where its web hosts are, and the certificate (PEM) that clients must trust for them. */
  readonly web: string;
  readonly webCertificate: string;

  /** For a simulator that somebody else started; without `child`, stop() does nothing. */
  constructor(ready: ReadyLine, child: ChildProcess | null = null) {
    super(TITLE, ready.control, child);
    this.url = ready.url;
    this.rootKey = Buffer.from(ready.rootKey, 'hex');
    this.web = ready.web;
    this.webCertificate = ready.webCertificate;
  }

  /** Starts the process and waits for its ready line. Throws if it ends first or stays silent for 30 s. */
  static async start(options: StartOptions = {}): Promise<WhatsAppSandbox> {
    const args = ['--control-port', String(options.controlPort ?? 0), '--port', String(options.port ?? 0)];
    if (options.seed !== undefined) args.push('--seed', options.seed);
    const { ready, child } = await startProcess<ReadyLine>(TITLE, MAIN, args, options.log);
    const sandbox = new WhatsAppSandbox(ready, child);
    if (options.options !== undefined) await sandbox.command('options', options.options);
    return sandbox;
  }

  createPerson(spec: PersonSpec): Promise<Person> {
    return this.command('createPerson', spec);
  }

  async person(id: string): Promise<Person> {
    const found = await this.command('person', { id });
    if (found === null) throw new ControlError(`there is no person ${id}`);
    return found;
  }

  /** The phone of `by` scans a QR as the client shows it. Resolves when the device is linked. */
  scanQr(by: string, qr: string): Promise<{ device: number; pn: string; lid: string }> {
    return this.command('scanQr', { by, qr });
  }

  /** `by` types a pairing code on the phone. Resolves when the device is linked. */
  typeCode(by: string, code: string): Promise<{ device: number; pn: string; lid: string }> {
    return this.command('typeCode', { by, code });
  }

  createGroup(by: string, subject: string, members: readonly string[], addressing?: Addressing): Promise<GroupInfo> {
    return this.command('createGroup', { by, subject, members, ...(addressing === undefined ? {} : { addressing }) });
  }

  /** `by` writes to a person or a group, from the phone unless another device is given. Answers the message's id. */
  async write(
    by: string,
    to: string,
    text: string,
    more: TextOptions & { device?: number; id?: string } = {},
  ): Promise<string> {
    return (await this.command('write', { by, to, text, ...more })).id;
  }

  /** Answers the id of the edit. */
  async edit(by: string, chat: string, id: string, text: string): Promise<string> {
    return (await this.command('edit', { by, chat, id, text })).id;
  }

  /** For everyone. Answers the id of the revocation. */
  async remove(by: string, chat: string, id: string): Promise<string> {
    return (await this.command('remove', { by, chat, id })).id;
  }

  /** '' takes the reaction back. */
  async react(by: string, chat: string, id: string, emoji: string): Promise<string> {
    return (await this.command('react', { by, chat, id, emoji })).id;
  }

  async type(by: string, to: string, state: 'composing' | 'paused' | 'recording' = 'composing'): Promise<void> {
    await this.command('type', { by, to, state });
  }

  /** Without ids: everything in the chat. */
  async read(by: string, chat: string, ids?: readonly string[]): Promise<number> {
    return (await this.command('read', { by, chat, ...(ids === undefined ? {} : { ids }) })).read;
  }

  /** What a simulated device (default: the phone) shows of a chat, oldest first. */
  messages(viewer: string, peer?: string, device = 0): Promise<LoggedMessage[]> {
    return this.command('messages', { viewer, device, ...(peer === undefined ? {} : { with: peer }) });
  }

  /** The receipts a simulated device (default: the phone) has had for a message. */
  receipts(viewer: string, id: string, device = 0): Promise<SeenReceipt[]> {
    return this.command('receipts', { viewer, device, id });
  }

  /** How many stanzas of each kind real clients (of one person, or all) have sent. */
  counts(person?: string): Promise<Record<string, number>> {
    return this.command('counts', person === undefined ? {} : { person });
  }

  /** Waits until the phone (or another simulated device) of `viewer` shows this text in the chat with `peer`. */
  waitForText(viewer: string, peer: string, text: string, device = 0): Promise<LoggedMessage> {
    return this.waitFor(async () =>
      (await this.messages(viewer, peer, device)).find((one) => one.readable && one.text === text),
    );
  }
}
