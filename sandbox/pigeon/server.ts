// The toy network's server: JSON lines over TCP, one log per account that every attached program follows, and faults on demand.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onLines, parseLine } from './lines.ts';
import { Refusal, type Passing, type RefusalCode } from './types.ts';
import { World } from './world.ts';

const SLICE = 500;

type Request = Readonly<Record<string, unknown>>;

/** Strikes the next `count` requests (of this kind, if named). */
export interface Strike {
  readonly count: number;
  readonly do?: string;
  readonly person?: string;
}

interface Attached {
  readonly socket: Socket;
  account: string | undefined;
  token: string | undefined;
  /** How much of the account's log has been sent. */
  sent: number;
  pumping: boolean;
  dueAt: number;
}

export class PigeonServer {
  readonly world: World;
  readonly passed: Passing[] = [];
  echoFirst = false;
  delayMs = 0;
  #open = true;
  #lose: (Strike & { readonly cut: boolean; left: number })[] = [];
  #refuse: (Strike & { readonly code: RefusalCode; readonly wait: number | undefined; left: number })[] = [];
  readonly #attached = new Set<Attached>();
  readonly #followers = new Map<string, Set<Attached>>();
  readonly #net: Server;

  constructor() {
    this.world = new World((account) => this.#grown(account));
    this.#net = createServer({ noDelay: true }, (socket) => this.#welcome(socket));
  }

  get port(): number {
    return (this.#net.address() as AddressInfo).port;
  }

  async listen(port = 0): Promise<void> {
    this.#net.listen(port, '127.0.0.1');
    await once(this.#net, 'listening');
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#net.listening) return;
    this.#net.close();
    await once(this.#net, 'close');
  }

  /** While shut, connections are cut as they come. */
  setOpen(open: boolean): void {
    this.#open = open;
    if (!open) this.cut();
  }

  /** Kills the sockets of one account, or all of them. @returns how many */
  cut(account?: string): number {
    const struck = this.#of(account);
    for (const one of struck) one.socket.destroy();
    return struck.length;
  }

  /** Live sockets that follow this account's log. */
  followers(account: string): number {
    return this.#followers.get(account)?.size ?? 0;
  }

  sockets(): number {
    return this.#attached.size;
  }

  /** The requests are carried out, their answers are not sent; `cut` kills the socket in their place. */
  loseReplies(strike: Strike & { readonly cut?: boolean }): void {
    this.#lose.push({ ...strike, cut: strike.cut ?? true, left: strike.count });
  }

  refuse(strike: Strike & { readonly code: RefusalCode; readonly wait?: number }): void {
    this.#refuse.push({ ...strike, wait: strike.wait, left: strike.count });
  }

  calm(): void {
    this.#lose = [];
    this.#refuse = [];
    this.delayMs = 0;
    this.echoFirst = false;
    this.setOpen(true);
  }

  /** Ends every login of an account. */
  revoke(account: string): void {
    for (const token of this.world.tokensOf(account)) this.#end(token);
  }

  /** Sends these very bytes to an account's followers. */
  garble(account: string, lines: readonly string[]): void {
    for (const one of this.#of(account)) for (const line of lines) this.#write(one, line);
  }

  /** Tells the last `count` entries of an account's log again. */
  rewind(account: string, count: number): void {
    for (const one of this.#followers.get(account) ?? []) {
      one.sent = Math.max(0, one.sent - count);
      this.#pump(one);
    }
  }

  #welcome(socket: Socket): void {
    // A cut socket's error is what was asked for.
    socket.on('error', () => undefined);
    if (!this.#open) {
      socket.destroy();
      return;
    }
    const one: Attached = { socket, account: undefined, token: undefined, sent: 0, pumping: false, dueAt: 0 };
    this.#attached.add(one);
    socket.on('close', () => this.#gone(one));
    onLines(socket, (line) => this.#request(one, line));
  }

  #gone(one: Attached): void {
    this.#attached.delete(one);
    if (one.account !== undefined) this.#followers.get(one.account)?.delete(one);
  }

  #request(one: Attached, line: string): void {
    if (one.socket.destroyed) return;
    const request = parseLine(line);
    if (request === undefined) {
      this.#send(one, { refused: 'malformed' });
      return;
    }
    const answer = this.#answer(one, request);
    if (this.echoFirst && one.account !== undefined) this.#pumpNow(one);
    const lost = this.#strike(this.#lose, one, request);
    if (lost === undefined) this.#send(one, { id: request['id'], ...answer });
    else if (lost.cut) one.socket.destroy();
  }

  #answer(one: Attached, request: Request): object {
    const struck = this.#strike(this.#refuse, one, request);
    try {
      if (struck !== undefined) throw new Refusal(struck.code, struck.wait);
      return { ok: this.#perform(one, request) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { refused: error.code, ...(error.wait === undefined ? {} : { wait: error.wait }) };
    }
  }

  #perform(one: Attached, request: Request): unknown {
    const { world } = this;
    if (request['do'] === 'login') {
      const { token, person } = world.login(text(request, 'handle'), text(request, 'password'));
      return { token, person, head: world.head(person.id) };
    }
    if (request['do'] === 'attach') return this.#attach(one, text(request, 'token'), Number(request['since'] ?? 0));
    if (request['do'] === 'logout') return this.#end(text(request, 'token'), one);
    const { account } = one;
    if (account === undefined) throw new Refusal('unknown-token');
    const client = optional(request, 'client');
    switch (request['do']) {
      case 'send': {
        const replyTo = optional(request, 'replyTo');
        const more = { ...(replyTo === undefined ? {} : { replyTo }), ...(client === undefined ? {} : { client }) };
        return world.once(account, client, () => {
          const { id, at } = world.write(account, text(request, 'chat'), text(request, 'text'), more);
          return { message: id, at };
        });
      }
      case 'edit':
        return world.once(account, client, () => ({
          at: world.edit(account, text(request, 'message'), text(request, 'text')),
        }));
      case 'remove':
        return world.once(account, client, () => ({ at: world.remove(account, text(request, 'message')) }));
      case 'react':
        return world.once(account, client, () => ({
          at: world.react(account, text(request, 'message'), optional(request, 'emoji') ?? null),
        }));
      case 'rename':
      case 'add':
      case 'expel':
      case 'leave':
        return world.once(account, client, () => this.#changeGroup(account, request));
      case 'typing':
      case 'read':
        return this.pass({
          kind: request['do'],
          by: account,
          chat: text(request, 'chat'),
          ...(request['do'] === 'typing' ? { active: request['active'] === true } : { upTo: text(request, 'upTo') }),
        });
      case 'chat': {
        const chat = this.#chatFor(account, text(request, 'chat'));
        const said = world.messages(chat.id).length > 0;
        return { ...chat, said, people: chat.members.map((id) => world.person(id)) };
      }
      case 'person':
        return world.person(text(request, 'person'));
      case 'find':
        return world.find(text(request, 'identifier'));
      default:
        throw new Refusal('malformed');
    }
  }

  /** To everybody else in the chat who is there now. */
  pass(passing: Passing): Record<string, never> {
    this.passed.push(passing);
    for (const member of this.world.chat(passing.chat).members) {
      for (const one of this.#followers.get(member) ?? []) {
        if (member !== passing.by) this.#send(one, { passing });
      }
    }
    return {};
  }

  #chatFor(account: string, id: string): ReturnType<World['chat']> {
    const direct = /^d(\d+)-(\d+)$/.exec(id);
    const chat = direct === null ? this.world.chat(id) : this.world.direct(direct[1] ?? '', direct[2] ?? '');
    if (!chat.members.includes(account)) throw new Refusal('not-member');
    return chat;
  }

  /** Everybody in a group may do everything to it. */
  #changeGroup(account: string, request: Request): object {
    const { world } = this;
    // Who has left has left.
    const gone = request['do'] === 'leave' && !world.chat(text(request, 'chat')).members.includes(account);
    if (gone) return { at: Date.now() };
    const chat = this.#chatFor(account, text(request, 'chat'));
    if (chat.kind !== 'group') throw new Refusal('malformed');
    if (request['do'] === 'rename') world.rename(chat.id, account, text(request, 'name'));
    else {
      const person = request['do'] === 'leave' ? account : world.person(text(request, 'person')).id;
      const now = request['do'] === 'add' ? 'in' : 'out';
      if (chat.members.includes(person) !== (now === 'in')) world.move(chat.id, person, now, account);
    }
    return { at: Date.now() };
  }

  #attach(one: Attached, token: string, since: number): object {
    const account = this.world.accountOf(token);
    const head = this.world.head(account);
    one.account = account;
    one.token = token;
    one.sent = Math.min(Math.max(0, since), head);
    const followers = this.#followers.get(account) ?? new Set();
    this.#followers.set(account, followers.add(one));
    this.#pump(one);
    return { person: this.world.person(account), head };
  }

  #end(token: string, except?: Attached): Record<string, never> {
    this.world.logout(token);
    for (const other of this.#attached) {
      if (other.token !== token || other === except) continue;
      this.#send(other, { over: 'unknown-token' });
      other.socket.end();
    }
    return {};
  }

  #grown(account: string): void {
    for (const one of this.#followers.get(account) ?? []) this.#pump(one);
  }

  /** Many entries written in one turn go out in one line. */
  #pump(one: Attached): void {
    if (one.pumping) return;
    one.pumping = true;
    setImmediate(() => {
      one.pumping = false;
      this.#pumpNow(one);
    });
  }

  #pumpNow(one: Attached): void {
    const { account } = one;
    if (account === undefined || one.socket.destroyed) return;
    for (;;) {
      const entries = this.world.since(account, one.sent, SLICE);
      if (entries.length === 0) return;
      this.#send(one, { first: one.sent + 1, log: entries });
      one.sent += entries.length;
    }
  }

  #strike<S extends Strike & { left: number }>(strikes: S[], one: Attached, request: Request): S | undefined {
    return strikes.find((strike) => {
      if (strike.left === 0 || (strike.do !== undefined && strike.do !== request['do'])) return false;
      if (strike.person !== undefined && strike.person !== one.account) return false;
      strike.left -= 1;
      return true;
    });
  }

  #send(one: Attached, value: object): void {
    this.#write(one, JSON.stringify(value));
  }

  /** Later lines never overtake earlier ones, however the delay changes. */
  #write(one: Attached, line: string): void {
    const now = Date.now();
    one.dueAt = Math.max(one.dueAt, now + this.delayMs);
    if (one.dueAt <= now) one.socket.write(`${line}\n`);
    else setTimeout(() => one.socket.write(`${line}\n`), one.dueAt - now).unref();
  }

  #of(account: string | undefined): Attached[] {
    return [...this.#attached].filter((one) => account === undefined || one.account === account);
  }
}

function text(request: Request, key: string): string {
  const value = request[key];
  if (typeof value !== 'string') throw new Refusal('malformed');
  return value;
}

function optional(request: Request, key: string): string | undefined {
  const value = request[key];
  return typeof value === 'string' ? value : undefined;
}
