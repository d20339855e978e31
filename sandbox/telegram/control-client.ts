// The typed hand on a simulated Telegram: starts it as a process of its own and speaks its control API. Used by tests,
// the fault harness, the bench and the sandbox. It knows nothing of the bridge.

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WorldClient } from '../control-client.ts';
import { startProcess } from '../process.ts';
import type {
  AccountState,
  CallRecord,
  ControlCommands,
  Entity,
  Group,
  GroupKind,
  MessageKind,
  Person,
  PersonSpec,
  ReadyLine,
  SandboxOptions,
  SandboxStats,
  SentCode,
  SessionInfo,
  WorldChat,
  WorldMessage,
} from './control-types.ts';

export type * from './control-types.ts';

export interface StartOptions {
  /** Data centres to serve, one listener each; the first is the default home of new people. Default `[4, 2]`. */
  readonly dcs?: readonly number[];
  /** RSA private key (PEM) of the server; fresh when absent. */
  readonly rsaKeyFile?: string;
  /** Port of the control API; any free one when absent. */
  readonly controlPort?: number;
  readonly options?: Partial<SandboxOptions>;
  /** Where the process writes its log lines; default: its standard error is shown. `ignore` throws them away. */
  readonly log?: 'inherit' | 'ignore';
}

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const TITLE = 'the simulated Telegram';

/**
 * One running simulator.
 *
 * `dcs[n]` is the port on 127.0.0.1 of data centre n; `rsa` is what a client must trust; `addresses` maps the addresses
 * given out by help.getConfig to their data centre, for clients that dial what they are told.
 */
export class TelegramSandbox extends WorldClient<ControlCommands> {
  readonly dcs: Readonly<Record<number, number>>;
  readonly addresses: Readonly<Record<string, number>>;
  readonly rsa: ReadyLine['rsa'];

  /** Joins a simulator that already runs; `child` is ended by `stop()`. */
  constructor(ready: ReadyLine, child: ChildProcess | null = null) {
    super(TITLE, ready.control, child);
    this.dcs = ready.dcs;
    this.addresses = ready.addresses;
    this.rsa = ready.rsa;
  }

  /** Starts the process and waits for its ready line. Throws if it ends first or stays silent for 30 s. */
  static async start(options: StartOptions = {}): Promise<TelegramSandbox> {
    const args = ['--control-port', String(options.controlPort ?? 0), '--dcs', (options.dcs ?? [4, 2]).join(',')];
    if (options.rsaKeyFile !== undefined) args.push('--rsa-key', options.rsaKeyFile);
    const { ready, child } = await startProcess<ReadyLine>(TITLE, MAIN, args, options.log);
    const sandbox = new TelegramSandbox(ready, child);
    if (options.options !== undefined) await sandbox.setOptions(options.options);
    return sandbox;
  }

  createPerson(spec: PersonSpec): Promise<Person> {
    return this.command('createPerson', spec);
  }

  changePerson(change: ControlCommands['changePerson'][0]): Promise<Person> {
    return this.command('changePerson', change);
  }

  /** `owner` saves `person` under a private name. */
  async addContact(owner: string, person: string, firstName: string, lastName = ''): Promise<void> {
    await this.command('addContact', { owner, person, firstName, lastName });
  }

  /** The last login code sent to this phone, once there is one. */
  async waitForCode(phone: string, timeoutMs = 10_000): Promise<SentCode> {
    return this.waitFor(() => this.command('sentCode', { phone }), timeoutMs);
  }

  /** Confirms a QR login (base64url token) as the account's phone would. */
  async acceptLogin(account: string, token: string): Promise<void> {
    await this.command('acceptLogin', { account, token });
  }

  async setAccountState(account: string, state: AccountState): Promise<void> {
    await this.command('setAccountState', { account, state });
  }

  /** `from` writes to `to` from the phone. The answer is numbered as `from` sees it. */
  write(
    from: string,
    to: string,
    text: string,
    more: { kind?: MessageKind; entities?: readonly Entity[]; replyTo?: number; randomId?: string } = {},
  ): Promise<WorldMessage> {
    return this.command('write', { from, to, text, ...more });
  }

  createGroup(kind: GroupKind, title: string, members: readonly string[]): Promise<Group> {
    return this.command('createGroup', { kind, title, members });
  }

  /** `from` writes in a group, supergroup or channel that they are in. */
  async writeIn(from: string, group: string, text: string): Promise<number> {
    return (await this.command('writeIn', { from, group, text })).id;
  }

  /** `id` is in the numbering of `by`. */
  edit(by: string, id: number, text: string): Promise<WorldMessage> {
    return this.command('edit', { by, id, text });
  }

  /** `ids` are in the numbering of `by`; `revoke` takes them from the other side too. */
  async remove(by: string, ids: readonly number[], revoke = true): Promise<number> {
    return (await this.command('remove', { by, ids, revoke })).removed;
  }

  /** `id` is in the numbering of `by`; null takes the reaction back. */
  async react(by: string, id: number, emoji: string | null): Promise<void> {
    await this.command('react', { by, id, emoji });
  }

  async type(from: string, to: string): Promise<void> {
    await this.command('type', { from, to });
  }

  async read(by: string, peer: string, maxId: number): Promise<void> {
    await this.command('read', { by, with: peer, maxId });
  }

  /** The private chat of `viewer` with `peer`, as `viewer` numbers and sees it, oldest first, deleted ones included. */
  messages(viewer: string, peer: string): Promise<WorldMessage[]> {
    return this.command('messages', { viewer, with: peer });
  }

  chats(viewer: string): Promise<WorldChat[]> {
    return this.command('chats', { viewer });
  }

  sessions(account: string): Promise<SessionInfo[]> {
    return this.command('sessions', { account });
  }

  /** The last 10 000 RPC calls, oldest first. */
  calls(filter: { method?: string; account?: string } = {}): Promise<CallRecord[]> {
    return this.command('calls', filter);
  }

  async clearCalls(): Promise<void> {
    await this.command('clearCalls', {});
  }

  stats(): Promise<SandboxStats> {
    return this.command('stats', {});
  }

  setOptions(options: Partial<SandboxOptions>): Promise<SandboxOptions> {
    return this.command('options', options);
  }

  /** The next `count` updates for this account are never sent (they stay in its difference). */
  async dropPushes(account: string, count: number | 'all'): Promise<void> {
    await this.command('dropPushes', { account, count });
  }

  /** The next `count` updates for this account come with a constructor that no layer has, or twice as the same packet. */
  async spoilPushes(account: string, how: 'unknown' | 'twice', count = 1): Promise<void> {
    await this.command('spoilPushes', { account, how, count });
  }

  /** What is said to the account's open sessions waits, and goes in one packet when `hold` ends. */
  async holdPackets(account: string, hold: boolean): Promise<void> {
    await this.command('holdPackets', { account, hold });
  }

  /** Answers come `ms` later; for ever unless `times` is given. `ms` 0 ends it. */
  async delayAnswers(ms: number, only: { method?: string; account?: string; times?: number } = {}): Promise<void> {
    await this.command('delayAnswers', { ms, ...only });
  }

  /** The next `times` calls of the method are answered by this rpc error without being executed. */
  async failNext(
    method: string,
    code: number,
    message: string,
    only: { account?: string; times?: number } = {},
  ): Promise<void> {
    await this.command('failNext', { method, code, message, ...only });
  }

  async floodWait(method: string, seconds: number, only: { account?: string; times?: number } = {}): Promise<void> {
    await this.failNext(method, 420, `FLOOD_WAIT_${seconds}`, only);
  }

  /** The next `times` calls of the method are executed but never answered; `kill` also cuts the socket. */
  async loseReplies(method: string, only: { account?: string; times?: number; kill?: boolean } = {}): Promise<void> {
    await this.command('loseReplies', { method, ...only });
  }

  /** Cuts the sockets of one account, or all; `forget` also forgets their sessions, with what waits to be sent again. */
  async killSockets(account?: string, forget = false): Promise<number> {
    return (await this.command('killSockets', { forget, ...(account === undefined ? {} : { account }) })).killed;
  }

  /** Ends the account's logins: its next call answers 401. `kill` also cuts their sockets, so that they ask at once. */
  async revoke(account: string, error?: 'AUTH_KEY_UNREGISTERED' | 'SESSION_REVOKED', kill = false): Promise<number> {
    return (await this.command('revoke', { account, kill, ...(error === undefined ? {} : { error }) })).revoked;
  }

  /** The server forgets the account's keys: transport error -404 from now on. */
  async forgetKeys(account: string): Promise<number> {
    return (await this.command('forgetKeys', { account })).forgotten;
  }

  /** Every salt in use expires: the next message of each session is answered by bad_server_salt. */
  async rotateSalts(account?: string): Promise<number> {
    return (await this.command('rotateSalts', account === undefined ? {} : { account })).rotated;
  }

  /** New connections are reset for `ms`; `ms` 0 ends it. Those that are open stay open. */
  async refuseConnections(ms: number): Promise<void> {
    await this.command('refuseConnections', { ms });
  }

  async clearFaults(): Promise<void> {
    await this.command('clearFaults', {});
  }
}
