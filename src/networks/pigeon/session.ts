// One login's live line through drops and restarts: catches up from its cursor, tells its state, carries out what the house
// asks. Knows no Matrix.
import type { PersonSnapshot } from '../../model/chat.ts';
import { isAboutGroup, type EphemeralAction, type NetworkAction } from '../../model/delivery.ts';
import { BridgeError, FencedError } from '../../model/errors.ts';
import type { ChatId, EffectId, MessageId, PersonId } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
import type { Puppet } from '../../model/records.ts';
import type { ActionReceipt, MediaStream, NetworkSession, NetworkSink, ResolvedChat } from '../../ports/network.ts';
import { vaultScope } from '../../ports/network.ts';
import type { Clock, Logger, Vault } from '../../ports/stores.ts';
import { bridgeError, isSignedOut, offline, WireFault } from './errors.ts';
import { directChatId } from './ids.ts';
import { Line } from './line.ts';
import { readChat, readPerson } from './read.ts';
import type { Wire, WireListener } from './wire.ts';
import { writeAction, writeEphemeral, type Request } from './write.ts';

export const TOKEN_KEY = 'token';
export const CURSOR_KEY = 'cursor';

export interface SessionDoors {
  readonly puppet: Puppet;
  readonly sink: NetworkSink;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly openWire: (listener: WireListener, signal: AbortSignal) => Promise<Wire>;
  /** Nothing is open any more. */
  readonly closed: (session: NetworkSession) => void;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 30_000;

export function packCursor(cursor: number): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, cursor }));
}

/** @throws Error when the bytes are not a packed cursor */
export function unpackCursor(bytes: Uint8Array): number {
  const { v, cursor } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  if (v !== 1 || !Number.isSafeInteger(cursor)) throw new Error('not a pigeon cursor');
  return Number(cursor);
}

export class PigeonSession implements NetworkSession {
  readonly #doors: SessionDoors;
  readonly #scope: string;
  readonly #closing = new AbortController();
  #reopening: Promise<void> = Promise.resolve();
  #line: Line | undefined;

  constructor(doors: SessionDoors) {
    this.#doors = doors;
    this.#scope = vaultScope(doors.puppet.id);
  }

  async connect(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      throw this.#judged(error);
    }
  }

  async disconnect(): Promise<void> {
    this.#closing.abort();
    await this.#line?.close();
    await this.#reopening;
    this.#doors.closed(this);
  }

  async logout(): Promise<void> {
    try {
      if (this.#line?.live !== true) await this.#open();
      await this.#call({ what: 'logout', fields: { token: await this.#token() } });
    } catch (error) {
      if (!isSignedOut(error)) throw this.#judged(error);
    }
    await this.disconnect();
  }

  async perform(action: NetworkAction, id: EffectId): Promise<ActionReceipt> {
    const request = writeAction(action, id);
    const { message, at } = await this.#ask(request, true);
    const when = typeof at === 'number' ? at : this.#doors.clock.now();
    if (action.kind === 'edit') return { message: action.target, at: when, editedAt: when };
    if (isAboutGroup(action)) return { at: when };
    if (action.kind !== 'send') return { message: action.target, at: when };
    return { at: when, ...(typeof message === 'string' ? { message: message as MessageId } : {}) };
  }

  async performEphemeral(action: EphemeralAction): Promise<void> {
    try {
      await this.#call(writeEphemeral(action));
    } catch (error) {
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, kind: action.kind, error }, 'passing news not passed on');
    }
  }

  async describeChat(chat: ChatId): Promise<ResolvedChat> {
    const told = readChat(await this.#ask({ what: 'chat', fields: { chat } }), this.#doors.puppet.self);
    if (told === undefined) throw this.#judged(new WireFault('no-answer', 'unreadable'));
    const [person] = told.people;
    if (told.chat.kind === 'group' || person === undefined) return { chat: told.chat, facts: [`group:${chat}`] };
    const username = person.username === undefined ? [] : [`username:${person.username}`];
    return { chat: told.chat, person, facts: [`direct:${person.id}`, ...username] };
  }

  async describePerson(person: PersonId): Promise<PersonSnapshot> {
    const told = readPerson(await this.#ask({ what: 'person', fields: { person } }));
    if (told === undefined) throw this.#judged(new WireFault('no-answer', 'unreadable'));
    return told;
  }

  async resolve(identifier: string): Promise<ResolvedChat> {
    const found = readPerson(await this.#ask({ what: 'find', fields: { identifier } }, false, identifier));
    if (found === undefined) throw this.#judged(new WireFault('refused', 'unknown-person'), false, identifier);
    return await this.describeChat(this.directChat(found.id));
  }

  directChat(person: PersonId): ChatId {
    return directChatId(this.#doors.puppet.self, person);
  }

  async hasTraffic(chat: ChatId): Promise<boolean> {
    return (await this.#ask({ what: 'chat', fields: { chat } }))['said'] === true;
  }

  async openMedia(source: MediaSource): Promise<MediaStream> {
    const values = { network: 'Pigeon', kind: `media from ${source.from}` };
    return await Promise.reject(new BridgeError('pigeon-no-media', 'never', 'fault.unsupported-body', { values }));
  }

  /** @throws WireFault, FencedError */
  async #open(): Promise<void> {
    const { signal } = this.#closing;
    const kept = await this.#doors.vault.read(this.#scope, CURSOR_KEY);
    const token = await this.#token();
    if (signal.aborted) throw new WireFault('lost', 'aborted');
    const line = new Line({
      sink: this.#doors.sink,
      clock: this.#doors.clock,
      log: this.#doors.log,
      puppet: this.#doors.puppet.id,
      place: (cursor) => ({ scope: this.#scope, key: CURSOR_KEY, value: packCursor(cursor) }),
      lost: (why) => this.#lost(line, why),
    });
    this.#line = line;
    const openWire = async (listener: WireListener): Promise<Wire> => await this.#doors.openWire(listener, signal);
    await line.open(openWire, token, kept === undefined ? 0 : unpackCursor(kept));
  }

  async #token(): Promise<string> {
    const token = await this.#doors.vault.read(this.#scope, TOKEN_KEY);
    if (token === undefined) throw new WireFault('refused', 'unknown-token');
    return Buffer.from(token).toString();
  }

  /** One voice tells the house, one loop opens the next line. */
  #lost(line: Line, why: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#reopening = this.#reopen(line, why).catch((error: unknown) => {
      this.#doors.log.error({ puppet: this.#doors.puppet.id, error }, 'the line could not be opened again');
    });
  }

  async #reopen(line: Line, why: unknown): Promise<void> {
    const { sink, clock, log, puppet } = this.#doors;
    await line.close();
    if (!this.#mayGoOn(why)) return;
    sink.report('offline', offline(why));
    for (let wait = FIRST_BACKOFF_MS; ; wait = Math.min(LONGEST_BACKOFF_MS, wait * 2)) {
      try {
        await clock.sleep(wait * (0.5 + Math.random()), this.#closing.signal);
        await this.#open();
        sink.report('online');
        return;
      } catch (error) {
        if (this.#closing.signal.aborted || !this.#mayGoOn(error)) return;
        log.debug({ puppet: puppet.id, network: 'pigeon', error, ms: Math.round(wait) }, 'not connected yet');
      }
    }
  }

  #mayGoOn(why: unknown): boolean {
    const { sink, log, puppet } = this.#doors;
    if (why instanceof FencedError) {
      log.info({ puppet: puppet.id, code: 'fenced' }, 'another process has this login');
      return false;
    }
    if (!isSignedOut(why)) return true;
    const judged = this.#judged(why);
    sink.report('signed-out', judged instanceof BridgeError ? judged : undefined);
    return false;
  }

  async #ask(request: Request, acted = false, identifier = ''): Promise<Readonly<Record<string, unknown>>> {
    try {
      return await this.#call(request);
    } catch (error) {
      throw this.#judged(error, acted, identifier);
    }
  }

  async #call({ what, fields }: Request): Promise<Readonly<Record<string, unknown>>> {
    if (this.#line?.live !== true) throw offline();
    return await this.#line.wire.call(what, fields);
  }

  #judged(error: unknown, acted = false, identifier = ''): unknown {
    return bridgeError(error, this.#doors.clock.now(), acted, identifier);
  }
}
