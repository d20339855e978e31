// One connected line of a login: a wire with its stream, directory and sends; gone with its wire. Knows no reconnecting.
import type { PersonId, PuppetId } from '../../model/ids.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock, Logger, Vault } from '../../ports/stores.ts';
import type { Cures } from './cures.ts';
import { ChatMemory, CURSOR_KEY, FLOOD_KEY, SESSION_KEY, unpackCursor } from './cursor.ts';
import { Directory, type Call } from './directory.ts';
import { isSignedOut, signedOut } from './errors.ts';
import { FloodGate } from './flood.ts';
import type { Cursor } from './gaps.ts';
import { peerChat } from './ids.ts';
import { Inbox } from './inbox.ts';
import { PeerBook } from './peers.ts';
import { Sends } from './sends.ts';
import { UnbridgedTeller } from './tell-unbridged.ts';
import { UnbridgedBook } from './unbridged.ts';
import { cursorOf, UpdateStream } from './updates.ts';
import { Api, textOf, type Envelope } from './wire/api.ts';
import type { Wire, WireListener } from './wire/client.ts';
import { WireFault } from './wire/fault.ts';
import { unpackKey, type WireKey } from './wire/session.ts';

/** What a login keeps in memory between connections. */
export interface Kept {
  readonly key: WireKey;
  readonly peers: PeerBook;
  readonly memory: ChatMemory;
  readonly flood: FloodGate;
  readonly unbridged: UnbridgedBook;
  cursor: Cursor | undefined;
}

export interface LineDoors {
  readonly puppet: PuppetId;
  readonly scope: string;
  readonly self: PersonId;
  readonly sink: NetworkSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cures: Cures;
  readonly openWire: (key: WireKey, listener: WireListener, signal: AbortSignal) => Promise<Wire>;
  /** Told when the line can't go on: its wire ended, its stream failed or its login was refused. Not while it opens. */
  readonly lost: (line: Line, why: unknown) => void;
  readonly changed: (people: readonly PersonId[]) => void;
  /** Aborted when nobody wants the line any more, even while it opens. */
  readonly closing: AbortSignal;
}

const DIFFERENCE_MS = 60_000;

/** @throws BridgeError when the vault holds no session of this login */
export async function restoreKept(vault: Vault, scope: string): Promise<Kept> {
  const kept = await vault.readAll(scope);
  const key = kept.get(SESSION_KEY);
  if (key === undefined) throw signedOut(new Error('no session in the vault'));
  const memory = new ChatMemory();
  const cursor = kept.get(CURSOR_KEY);
  return {
    key: unpackKey(key),
    peers: new PeerBook(scope, kept),
    memory,
    flood: new FloodGate(kept.get(FLOOD_KEY)),
    unbridged: new UnbridgedBook(scope, kept),
    cursor: cursor === undefined ? undefined : unpackCursor(cursor, memory),
  };
}

export class Line {
  readonly call: Call;
  readonly directory: Directory;
  readonly sends: Sends;
  readonly #doors: LineDoors;
  readonly #kept: Kept;
  readonly #inbox: Inbox;
  readonly #teller: UnbridgedTeller;
  #wire: Wire | undefined;
  #stream: UpdateStream | undefined;

  private constructor(doors: LineDoors, kept: Kept) {
    const { clock, log, cures } = doors;
    this.#doors = doors;
    this.#kept = kept;
    this.call = async (request, options) => {
      kept.flood.check(request.className, clock.now());
      try {
        return await this.#live().call(request, options);
      } catch (error) {
        await this.#heed(request.className, error);
        throw error;
      }
    };
    this.directory = new Directory(this.call, kept.peers, () => this.#live().dc, cures);
    this.sends = new Sends({ call: this.call, directory: this.directory, peers: kept.peers, clock, log });
    const { puppet, sink } = doors;
    this.#teller = new UnbridgedTeller({ puppet, book: kept.unbridged, sink, clock, log });
    this.#inbox = new Inbox({
      scope: doors.scope,
      self: doors.self,
      sink: doors.sink,
      log,
      facts: { puppet, network: 'telegram' },
      title: 'Telegram',
      peers: kept.peers,
      memory: kept.memory,
      unbridged: kept.unbridged,
      heard: (fresh) => this.#teller.nudge(fresh),
      cures,
      changed: doors.changed,
    });
  }

  /** Connected and caught up. @throws WireFault, FencedError; nothing stays open then */
  static async open(doors: LineDoors, kept: Kept): Promise<Line> {
    const line = new Line(doors, kept);
    const stop = (): void => {
      void line.#stream?.close();
    };
    doors.closing.addEventListener('abort', stop);
    try {
      await line.#connect();
      doors.closing.throwIfAborted();
      return line;
    } catch (error) {
      await line.close();
      throw error;
    } finally {
      doors.closing.removeEventListener('abort', stop);
    }
  }

  get alive(): boolean {
    return this.#wire?.alive === true;
  }

  /** Leaves no timer and no socket. */
  async close(): Promise<void> {
    await Promise.all([this.#stream?.close(), this.#wire?.close(), this.#teller.close()]);
    if (this.#stream !== undefined) this.#kept.cursor = this.#stream.cursor;
  }

  /** Saves the last cursor: our own answers move it without an event. */
  async keepCursor(): Promise<void> {
    if (this.#kept.cursor !== undefined) await this.#inbox.keep(this.#kept.cursor);
  }

  async #connect(): Promise<void> {
    const { openWire, cures, closing } = this.#doors;
    const listener: WireListener = {
      news: (envelope, own) => this.#news(envelope, own),
      desync: () => {
        if (cures.resync) this.#stream?.suspect();
      },
      lost: (why) => this.#doors.lost(this, why),
    };
    this.#wire = await openWire(this.#kept.key, listener, closing);
    if (this.#kept.cursor === undefined) {
      const first = cursorOf(await this.call(new Api.updates.GetState()));
      await this.#inbox.keep(first);
      this.#kept.cursor = first;
    }
    this.#stream = this.#streamFrom(this.#kept.cursor);
    await this.#stream.catchUp();
    // What a process before this one has heard of.
    this.#teller.nudge();
    if (!this.alive) throw new WireFault('lost', 'CONNECTION_CLOSED');
  }

  #streamFrom(cursor: Cursor): UpdateStream {
    const { clock, log, cures } = this.#doors;
    return new UpdateStream(
      {
        difference: async ({ pts, qts, date }) =>
          await this.call(new Api.updates.GetDifference({ pts, qts, date }), { deadlineMs: DIFFERENCE_MS }),
        state: async () => await this.call(new Api.updates.GetState()),
        history: async (date) => await this.directory.since(date),
        commit: async (batch, idle) => await this.#inbox.commit(batch, idle),
        keep: async (at) => await this.#inbox.keep(at),
        failed: (error) => this.#doors.lost(this, error),
        clock,
        log,
      },
      cursor,
      cures,
    );
  }

  #news(envelope: Envelope, own: boolean): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    // The short form brings no access hash, without which we could not answer, and no name of a group. The difference does.
    const stranger =
      (envelope instanceof Api.UpdateShortMessage && this.#kept.peers.hash(textOf(envelope.userId)) === undefined) ||
      (envelope instanceof Api.UpdateShortChatMessage &&
        !this.#kept.unbridged.knows(peerChat({ kind: 'g', id: textOf(envelope.chatId) })));
    if (stranger && this.#doors.cures.gaps) stream.suspect();
    else stream.offer(envelope, own);
  }

  /** Errors that concern more than the call that met them. @throws FencedError */
  async #heed(method: string, error: unknown): Promise<void> {
    const { clock, sink, scope, puppet, log } = this.#doors;
    if (isSignedOut(error)) this.#doors.lost(this, error);
    if (!(error instanceof WireFault) || error.kind !== 'flood') return;
    const ms = (error.seconds ?? 1) * 1000;
    this.#kept.flood.note(method, clock.now() + ms);
    log.info({ puppet, network: 'telegram', code: 'flood-wait', kind: method, ms }, 'asked to wait');
    await sink.keep([{ scope, key: FLOOD_KEY, value: this.#kept.flood.pack(clock.now()) }]);
  }

  #live(): Wire {
    if (this.#wire === undefined) throw new WireFault('lost', 'NOT_CONNECTED');
    return this.#wire;
  }
}
