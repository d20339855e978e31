// One login's live line: opens wires, keeps the stream going through drops, and carries out what the house asks. Knows no Matrix.
import type { PersonSnapshot } from '../../model/chat.ts';
import type { EphemeralAction, NetworkAction } from '../../model/delivery.ts';
import { originKey } from '../../model/effect.ts';
import { BridgeError, FencedError } from '../../model/errors.ts';
import type { ChatId, EffectId, PersonId } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { Puppet } from '../../model/records.ts';
import type {
  ActionReceipt,
  MediaStream,
  NetworkSession,
  NetworkSink,
  PerformContext,
  ResolvedChat,
} from '../../ports/network.ts';
import { vaultScope } from '../../ports/network.ts';
import type { Clock, Logger, Vault } from '../../ports/stores.ts';
import type { Cures } from './cures.ts';
import { ChatMemory, CURSOR_KEY, FLOOD_KEY, SESSION_KEY, unpackCursor } from './cursor.ts';
import { Directory, type Call } from './directory.ts';
import { bridgeError, isSignedOut, offline, signedOut } from './errors.ts';
import { FloodGate } from './flood.ts';
import type { Cursor } from './gaps.ts';
import { directChatId, parseMessage, parsePeer } from './ids.ts';
import { Inbox } from './inbox.ts';
import { PeerBook } from './peers.ts';
import { Sends } from './sends.ts';
import { KeyedTurns } from './turns.ts';
import { cursorOf, UpdateStream } from './updates.ts';
import { Api, textOf, type Envelope } from './wire/api.ts';
import { Wire, type CallOptions, type WireListener } from './wire/client.ts';
import { WireFault } from './wire/fault.ts';
import { unpackKey, type WireKey } from './wire/session.ts';

export interface SessionDoors {
  readonly puppet: Puppet;
  readonly sink: NetworkSink;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cures: Cures;
  readonly openWire: (key: WireKey, listener: WireListener) => Promise<Wire>;
  /** Nothing is open any more. */
  readonly closed: (session: NetworkSession) => void;
}

/** What a login keeps in memory between connections. */
interface Kept {
  readonly key: WireKey;
  readonly peers: PeerBook;
  readonly memory: ChatMemory;
  readonly flood: FloodGate;
  cursor: Cursor | undefined;
}

interface Line {
  readonly wire: Wire;
  readonly directory: Directory;
  readonly sends: Sends;
  readonly stream: UpdateStream;
}

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 5 * 60_000;
const DIFFERENCE_MS = 60_000;
/** The transport may refuse a good key in passing: only the second refusal in a row counts. */
const KEY_REFUSALS = 2;

export class TelegramSession implements NetworkSession {
  readonly #doors: SessionDoors;
  readonly #scope: string;
  readonly #turns = new KeyedTurns();
  readonly #closing = new AbortController();
  readonly #errands = new Set<Promise<void>>();
  #kept: Kept | undefined;
  #line: Line | undefined;
  #refusals = 0;

  constructor(doors: SessionDoors) {
    this.#doors = doors;
    this.#scope = vaultScope(doors.puppet.id);
  }

  async connect(): Promise<void> {
    this.#kept ??= await this.#restore();
    for (;;) {
      try {
        await this.#open(this.#kept);
        return;
      } catch (error) {
        if (this.#refusedInPassing(error)) continue;
        throw bridgeError(error, this.#doors.clock.now());
      }
    }
  }

  async disconnect(): Promise<void> {
    this.#closing.abort();
    const line = this.#line;
    this.#line = undefined;
    const moved = line !== undefined && line.stream.cursor !== this.#kept?.cursor;
    await this.#hangUp(line);
    await Promise.allSettled(this.#errands);
    this.#doors.closed(this);
    if (!moved || line === undefined) return;
    try {
      await this.#inbox(this.#must()).keep(line.stream.cursor);
    } catch (error) {
      // The next start fetches a little more than it needs; nothing is lost.
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, error }, 'last cursor not kept');
    }
  }

  async logout(): Promise<void> {
    if (this.#line === undefined) await this.connect();
    try {
      await this.#call(new Api.auth.LogOut());
    } catch (error) {
      if (!isSignedOut(error)) throw this.#judged(error);
    }
    await this.disconnect();
  }

  async perform(action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt> {
    const work = async (): Promise<ActionReceipt> => {
      const { sends } = this.#live();
      try {
        const receipt = await sends.perform(action, id, context);
        // Its deletion may come before the house has the link.
        if (receipt.message !== undefined) this.#kept?.memory.remember(receipt.message, action.chat);
        return receipt;
      } catch (error) {
        throw this.#judged(error, true);
      }
    };
    return this.#doors.cures.chatTurns ? await this.#turns.run(action.chat, work) : await work();
  }

  async performEphemeral(action: EphemeralAction): Promise<void> {
    try {
      const { directory } = this.#live();
      const peer = await directory.inputPeer(action.chat);
      if (action.kind === 'typing') {
        const doing = action.active ? new Api.SendMessageTypingAction() : new Api.SendMessageCancelAction();
        await this.#call(new Api.messages.SetTyping({ peer, action: doing }));
      } else await this.#call(new Api.messages.ReadHistory({ peer, maxId: parseMessage(action.upTo) }));
    } catch (error) {
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, kind: action.kind, error }, 'passing news not passed on');
    }
  }

  async describeChat(chat: ChatId): Promise<ResolvedChat> {
    return await this.#ask(async ({ directory }) => await directory.describeChat(chat));
  }

  async describePerson(person: PersonId): Promise<PersonSnapshot> {
    return await this.#ask(async ({ directory }) => await directory.describePerson(person));
  }

  async resolve(identifier: string): Promise<ResolvedChat> {
    const found = await this.#ask(async ({ directory }) => await directory.resolve(identifier), identifier);
    // The new room's first message may come after a restart.
    await this.#keepPeers();
    return found;
  }

  directChat(person: PersonId): ChatId {
    return directChatId(parsePeer(person).id);
  }

  async openMedia(source: MediaSource): Promise<MediaStream> {
    return await this.#ask(async ({ directory }) => await directory.openMedia(source));
  }

  async #restore(): Promise<Kept> {
    const kept = await this.#doors.vault.readAll(this.#scope);
    const key = kept.get(SESSION_KEY);
    if (key === undefined) throw signedOut(new Error('no session in the vault'));
    const memory = new ChatMemory();
    const cursor = kept.get(CURSOR_KEY);
    return {
      key: unpackKey(key),
      peers: new PeerBook(this.#scope, kept),
      memory,
      flood: new FloodGate(kept.get(FLOOD_KEY)),
      cursor: cursor === undefined ? undefined : unpackCursor(cursor, memory),
    };
  }

  /** @throws WireFault, FencedError */
  async #open(kept: Kept): Promise<void> {
    let line: Line | undefined;
    const wire = await this.#doors.openWire(kept.key, {
      news: (envelope, own) => this.#news(line, envelope, own),
      desync: () => {
        if (this.#doors.cures.resync) line?.stream.suspect();
      },
      lost: (why) => void this.#lost(line, why),
    });
    try {
      this.#closing.signal.throwIfAborted();
      line = await this.#lineOver(wire, kept, () => line);
      await line.stream.catchUp();
      this.#closing.signal.throwIfAborted();
      if (!wire.alive) throw new WireFault('lost', 'CONNECTION_CLOSED');
      this.#refusals = 0;
      this.#line = line;
    } catch (error) {
      await this.#hangUp(line, wire);
      throw error;
    }
  }

  async #lineOver(wire: Wire, kept: Kept, self: () => Line | undefined): Promise<Line> {
    const call: Call = async (request, options) => await this.#callOn(wire, kept, request, options);
    const directory = new Directory(call, kept.peers, () => wire.dc, this.#doors.cures);
    const { clock, log, cures } = this.#doors;
    const inbox = this.#inbox(kept);
    const state = async (): Promise<Api.updates.State> => await call(new Api.updates.GetState());
    if (kept.cursor === undefined) {
      const first = cursorOf(await state());
      await inbox.keep(first);
      kept.cursor = first;
    }
    const stream = new UpdateStream(
      {
        difference: async ({ pts, qts, date }) =>
          await call(new Api.updates.GetDifference({ pts, qts, date }), { deadlineMs: DIFFERENCE_MS }),
        state,
        history: async (date) => await directory.since(date),
        commit: async (batch) => await inbox.commit(batch),
        keep: async (cursor) => await inbox.keep(cursor),
        failed: (error) => void this.#lost(self(), error),
        clock,
        log,
      },
      kept.cursor,
      cures,
    );
    return { wire, directory, stream, sends: new Sends({ call, directory, peers: kept.peers, clock, log }) };
  }

  #inbox(kept: Kept): Inbox {
    const { sink, puppet, cures } = this.#doors;
    const changed = (people: readonly PersonId[]): void => {
      for (const person of people)
        if (kept.peers.hash(parsePeer(person).id) !== undefined) this.#errand(this.#tellProfile(person));
    };
    return new Inbox({
      scope: this.#scope,
      self: puppet.self,
      sink,
      peers: kept.peers,
      memory: kept.memory,
      cures,
      changed,
    });
  }

  #news(line: Line | undefined, envelope: Envelope, own: boolean): void {
    if (line === undefined) return;
    // The short form brings no access hash: without one we could not answer. The difference brings it.
    const stranger =
      envelope instanceof Api.UpdateShortMessage && this.#kept?.peers.hash(textOf(envelope.userId)) === undefined;
    if (stranger && this.#doors.cures.gaps) line.stream.suspect();
    else line.stream.offer(envelope, own);
  }

  /** The wire ended, or the stream cannot go on: one voice tells the house, one loop opens the next wire. */
  async #lost(line: Line | undefined, why: unknown): Promise<void> {
    if (line === undefined || this.#line !== line || this.#closing.signal.aborted) return;
    this.#line = undefined;
    const kept = this.#must();
    await this.#hangUp(line);
    kept.cursor = line.stream.cursor;
    if (why instanceof FencedError) {
      this.#doors.log.info({ puppet: this.#doors.puppet.id, code: 'fenced' }, 'another process has this login');
      return;
    }
    if (this.#refuses(why)) {
      this.#doors.sink.report('signed-out', signedOut(why));
      return;
    }
    this.#doors.sink.report('offline', offline(why));
    this.#errand(this.#reopen(kept, why));
  }

  async #reopen(kept: Kept, why: unknown): Promise<void> {
    const { clock, log, sink, puppet } = this.#doors;
    let wait = FIRST_BACKOFF_MS;
    for (let error = why; !this.#closing.signal.aborted; wait = Math.min(LONGEST_BACKOFF_MS, wait * 2)) {
      const judged = bridgeError(error, clock.now());
      const notBefore = judged instanceof BridgeError ? (judged.notBefore ?? 0) : 0;
      const pause = Math.max(wait * (0.5 + Math.random()), notBefore - clock.now());
      try {
        await clock.sleep(pause, this.#closing.signal);
        await this.#open(kept);
        sink.report('online');
        return;
      } catch (next) {
        if (this.#closing.signal.aborted || next instanceof FencedError) return;
        if (this.#refuses(next)) {
          sink.report('signed-out', signedOut(next));
          return;
        }
        log.warn(
          { puppet: puppet.id, network: 'telegram', error: next, ms: Math.round(wait) },
          'not connected, will try again',
        );
        error = next;
      }
    }
  }

  #refuses(why: unknown): boolean {
    return this.#doors.cures.actOnRefusal && isSignedOut(why) && !this.#refusedInPassing(why);
  }

  #refusedInPassing(why: unknown): boolean {
    if (!(why instanceof WireFault) || why.kind !== 'refused-key') return false;
    this.#refusals += 1;
    return this.#refusals < KEY_REFUSALS;
  }

  async #hangUp(line: Line | undefined, wire = line?.wire): Promise<void> {
    await Promise.all([line?.stream.close(), wire?.close()]);
  }

  async #callOn<R extends Api.AnyRequest>(
    wire: Wire,
    kept: Kept,
    request: R,
    options?: CallOptions,
  ): Promise<R['__response']> {
    const { clock, sink, puppet, log } = this.#doors;
    kept.flood.check(request.className, clock.now());
    try {
      return await wire.call(request, options);
    } catch (error) {
      if (error instanceof WireFault && error.kind === 'flood') {
        kept.flood.note(request.className, clock.now() + (error.seconds ?? 1) * 1000);
        await sink.keep([{ scope: this.#scope, key: FLOOD_KEY, value: kept.flood.pack(clock.now()) }]);
        log.info(
          { puppet: puppet.id, code: 'flood-wait', kind: request.className, ms: (error.seconds ?? 1) * 1000 },
          'asked to wait',
        );
      }
      if (isSignedOut(error) && this.#line?.wire === wire) void this.#lost(this.#line, error);
      throw error;
    }
  }

  async #call<R extends Api.AnyRequest>(request: R): Promise<R['__response']> {
    return await this.#callOn(this.#live().wire, this.#must(), request);
  }

  async #ask<T>(question: (line: Line) => Promise<T>, identifier?: string): Promise<T> {
    try {
      return await question(this.#live());
    } catch (error) {
      throw this.#judged(error, false, identifier);
    }
  }

  async #keepPeers(): Promise<void> {
    const { changes, saved } = this.#must().peers.changes();
    if (changes.length === 0) return;
    await this.#doors.sink.keep(changes);
    saved();
  }

  /** A profile changed: the house gets the public view of it. */
  async #tellProfile(id: PersonId): Promise<void> {
    try {
      const person = await this.describePerson(id);
      const portal = this.#doors.sink.portalKey(this.directChat(id), 'direct');
      const key = originKey(
        portal,
        'person',
        id,
        `${person.name ?? ''}|${person.username ?? ''}|${person.avatar?.hash ?? ''}|${this.#doors.clock.now()}`,
      );
      const event: NetworkEvent = {
        kind: 'person',
        key,
        portal,
        sender: id,
        at: this.#doors.clock.now(),
        via: 'live',
        person,
      };
      await this.#doors.sink.accept([event]);
    } catch (error) {
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, error }, 'a changed profile was not read');
    }
  }

  #errand(work: Promise<void>): void {
    const errand = work
      .catch((error: unknown) =>
        this.#doors.log.error({ puppet: this.#doors.puppet.id, error }, 'background work failed'),
      )
      .finally(() => this.#errands.delete(errand));
    this.#errands.add(errand);
  }

  #judged(error: unknown, acted = false, identifier = ''): unknown {
    return bridgeError(error, this.#doors.clock.now(), acted, identifier);
  }

  #live(): Line {
    if (this.#line === undefined) throw offline();
    return this.#line;
  }

  #must(): Kept {
    if (this.#kept === undefined) throw offline();
    return this.#kept;
  }
}
