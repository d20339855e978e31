// The simulated service as a whole: one listener per data centre, the keys, the world, the faults, and who is told what.
// Knows the wire and the world; the API methods are in rpc/, the control API in control.ts.

import { createServer, type AddressInfo, type Server } from 'node:net';
import { TlWriter } from './tl/binary.ts';
import { layerFor } from './tl/layers.ts';
import type { Layer, TlObject } from './tl/layer.ts';
import type { CallRecord, SandboxOptions } from './control-types.ts';
import { Faults, type Spoil } from './faults.ts';
import { dispatch } from './rpc/dispatch.ts';
import { Logins } from './rpc/logins.ts';
import { monotonic, Tape, type TextLine } from '../tape.ts';
import { envelope, passingUpdate, postUpdate, type PushForm } from './rpc/push.ts';
import { Connection } from './wire/connection.ts';
import { ServerKey } from './wire/crypto.ts';
import { KeyStore, type AuthKey } from './wire/keys.ts';
import type { Session } from './wire/session.ts';
import type { BoxEvent } from './world/box.ts';
import { View } from './world/view.ts';
import type { Passing } from './world/news.ts';
import type { Human } from './world/people.ts';
import { World } from './world/world.ts';

const MAX_CALLS = 10_000;
const SESSION_KEPT_MS = 5 * 60_000;
const SWEEP_MS = 30_000;
const RPC_RESULT = 0xf35c6d01;
const RPC_ERROR = 0x2144ca19;
/** A constructor of no layer. */
const UNKNOWN = Buffer.from('efbeadde', 'hex');

export const DEFAULT_OPTIONS: SandboxOptions = {
  dupMode: 'error',
  pushForm: 'mixed',
  sentForm: 'short',
  differenceLimit: 100,
  differenceTooLong: 5_000,
  codeInApp: false,
};

export class TelegramServer {
  readonly serverKey: ServerKey;
  readonly keys = new KeyStore();
  readonly faults = new Faults();
  readonly tape = new Tape<TextLine>();
  readonly world: World;
  readonly logins: Logins;
  options: SandboxOptions = DEFAULT_OPTIONS;
  calls: CallRecord[] = [];
  readonly unknownMethods = new Map<string, number>();
  readonly counts = { handshakes: 0, calls: 0, pushes: 0, pushesDropped: 0 };
  readonly connections = new Set<Connection>();
  readonly #listeners = new Map<number, Server>();
  readonly #log: (text: string) => void;
  readonly #sweeper: NodeJS.Timeout;

  constructor(dcs: readonly number[], log: (text: string) => void, rsaPem?: string) {
    this.serverKey = new ServerKey(rsaPem);
    this.#log = log;
    this.world = new World(dcs);
    this.logins = new Logins(this);
    this.world.news.listen({
      boxEvent: (owner, event, origin) => this.#pushEvent(owner, event, origin),
      passing: (owner, what) => this.#pushPassing(owner, what),
      post: (owner, group, post) => this.push(owner.id, postUpdate(new View(this.world, owner), group, post)),
    });
    for (const dc of dcs) this.#listeners.set(dc, createServer({ noDelay: true }));
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  get dcs(): readonly number[] {
    return [...this.#listeners.keys()];
  }

  log(text: string): void {
    this.#log(text);
  }

  /** Opens every listener on a free port of 127.0.0.1. */
  async listen(): Promise<void> {
    for (const [dc, listener] of this.#listeners) {
      listener.on('connection', (socket) => {
        if (this.faults.refusesConnections()) {
          // A reset is all that this client shall see; what its socket says about it is nothing to us.
          socket.on('error', () => undefined);
          socket.resetAndDestroy();
          return;
        }
        const connection = new Connection(socket, {
          dc,
          serverKey: this.serverKey,
          keys: this.keys,
          log: (text) => this.log(text),
          handshakeDone: () => {
            this.counts.handshakes++;
          },
          call: (session, messageId, query) => dispatch(this, dc, session, messageId, query),
        });
        this.connections.add(connection);
        socket.on('close', () => {
          this.connections.delete(connection);
          this.world.news.touch();
        });
      });
      await new Promise<void>((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(0, '127.0.0.1', resolve);
      });
    }
  }

  /** Port of each data centre. */
  get ports(): Record<string, number> {
    return Object.fromEntries(
      [...this.#listeners].map(([dc, listener]) => [dc, (listener.address() as AddressInfo).port]),
    );
  }

  close(): void {
    clearInterval(this.#sweeper);
    for (const listener of this.#listeners.values()) listener.close();
    for (const connection of this.connections) connection.kill();
  }

  #sweep(): void {
    const limit = Date.now() - SESSION_KEPT_MS;
    for (const key of this.keys.all()) {
      for (const [id, session] of key.sessions) {
        if (session.detachedAt !== null && session.detachedAt < limit) key.sessions.delete(id);
      }
    }
  }

  layerOf(key: AuthKey): Layer {
    return layerFor(key.layer ?? 0);
  }

  record(call: CallRecord): void {
    this.counts.calls++;
    this.calls.push(call);
    if (this.calls.length > MAX_CALLS * 1.1) this.calls = this.calls.slice(-MAX_CALLS);
  }

  sendResult(session: Session, messageId: bigint, result: Buffer): void {
    const body = new TlWriter(result.length + 12).uint(RPC_RESULT).long(messageId).raw(result).finish();
    session.send(body, { content: true, answerTo: messageId });
  }

  sendError(session: Session, messageId: bigint, code: number, message: string): void {
    this.sendResult(session, messageId, new TlWriter().uint(RPC_ERROR).int(code).string(message).finish());
  }

  /** The sessions of an account that get updates, but for `origin`. */
  *#receivers(account: bigint, origin: unknown): Iterable<Session> {
    for (const key of this.keys.ofAccount(account)) {
      for (const session of key.sessions.values()) {
        if (session.receives && session !== origin) yield session;
      }
    }
  }

  #formFor(key: AuthKey, event: BoxEvent): PushForm {
    // The short form has room for text only.
    if (event.kind !== 'new' || event.copy.message.kind !== 'text') return 'full';
    if (this.options.pushForm !== 'mixed') return this.options.pushForm;
    if (key.introduced.has(event.copy.peer)) return 'short';
    key.introduced.add(event.copy.peer);
    return 'full';
  }

  #pushEvent(owner: Human, event: BoxEvent, origin: unknown): void {
    // Encoded once for each layer and form, however many sessions there are.
    const encoded = new Map<string, Buffer>();
    let dropped: boolean | null = null;
    let spoil: Spoil | 'no' | undefined;
    const forms = new Map<AuthKey, PushForm>();
    for (const session of this.#receivers(owner.id, origin)) {
      dropped ??= this.faults.dropsPush(owner.id);
      if (dropped) {
        this.counts.pushesDropped++;
        continue;
      }
      const layer = this.layerOf(session.key);
      const form = forms.get(session.key) ?? this.#formFor(session.key, event);
      forms.set(session.key, form);
      const name = `${layer.number} ${form}`;
      let body = encoded.get(name);
      if (body === undefined) {
        body = layer.write(envelope(new View(this.world, owner), event, form));
        encoded.set(name, body);
      }
      this.counts.pushes++;
      spoil ??= this.faults.spoilsPush(owner.id) ?? 'no';
      const sent = spoil === 'unknown' ? Buffer.concat([UNKNOWN, body.subarray(4)]) : body;
      session.send(sent, { content: true, written: this.#noting(event), twice: spoil === 'twice' });
    }
  }

  /** What puts a new text on the tape once it is written, when somebody listens. */
  #noting(event: BoxEvent): (() => void) | undefined {
    if (event.kind !== 'new' || this.tape.idle) return undefined;
    const { text } = event.copy.message;
    return () => this.tape.tell({ way: 'out', text, at: monotonic() });
  }

  #pushPassing(owner: Human, what: Passing): void {
    const update = passingUpdate(this.world, owner, what);
    if (update !== null) this.push(owner.id, update);
  }

  /** Pushes an update that moves no pts to whoever of the account listens. */
  push(account: bigint, updates: TlObject): void {
    for (const session of this.#receivers(account, null)) {
      this.counts.pushes++;
      session.send(this.layerOf(session.key).write(updates), { content: true });
    }
  }

  /** Ends the logins of an account; its next calls answer 401. */
  revoke(account: bigint, refusal: AuthKey['refusal'], except: AuthKey | null = null): number {
    const keys = this.keys.ofAccount(account).filter((key) => key !== except);
    for (const key of keys) {
      this.keys.logout(key);
      key.refusal = refusal;
      for (const session of key.sessions.values()) session.receives = false;
    }
    this.world.news.touch();
    return keys.length;
  }

  /** Connections in use by this account, or all. */
  connectionsOf(account: bigint | null): Connection[] {
    if (account === null) return [...this.connections];
    return [...this.connections].filter((connection) => connection.keys.some((key) => key.account === account));
  }
}
