// One login's live line through drops and restarts: reconnects, tells its state, and carries out what the house asks. Knows no Matrix.
import type { PersonSnapshot } from '../../model/chat.ts';
import type { EphemeralAction, NetworkAction } from '../../model/delivery.ts';
import { originKey } from '../../model/effect.ts';
import { Errands } from '../../model/errands.ts';
import { BridgeError, FencedError } from '../../model/errors.ts';
import type { ChatId, EffectId, PersonId } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
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
import { bridgeError, isSignedOut, offline, signedOut } from './errors.ts';
import { directChatId, parseMessage, parsePeer } from './ids.ts';
import { Line, restoreKept, type Kept } from './line.ts';
import { KeyedTurns } from '../../model/keyed-turns.ts';
import { Api } from './wire/api.ts';
import type { Wire, WireListener } from './wire/client.ts';
import { WireFault } from './wire/fault.ts';
import type { WireKey } from './wire/session.ts';

export interface SessionDoors {
  readonly puppet: Puppet;
  readonly sink: NetworkSink;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cures: Cures;
  readonly openWire: (key: WireKey, listener: WireListener, signal: AbortSignal) => Promise<Wire>;
  /** Nothing is open any more. */
  readonly closed: (session: NetworkSession) => void;
}

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 5 * 60_000;
/** The transport may refuse a good key in passing: only the second refusal in a row counts. */
const KEY_REFUSALS = 2;

export class TelegramSession implements NetworkSession {
  readonly #doors: SessionDoors;
  readonly #scope: string;
  readonly #turns = new KeyedTurns();
  readonly #closing = new AbortController();
  readonly #errands: Errands;
  #kept: Kept | undefined;
  #line: Line | undefined;
  #refusals = 0;

  constructor(doors: SessionDoors) {
    this.#doors = doors;
    this.#scope = vaultScope(doors.puppet.id);
    this.#errands = new Errands((error) => {
      doors.log.error({ puppet: doors.puppet.id, error }, 'background work failed');
    });
  }

  async connect(): Promise<void> {
    this.#kept ??= await restoreKept(this.#doors.vault, this.#scope);
    for (;;) {
      try {
        await this.#open(this.#kept);
        return;
      } catch (error) {
        if (this.#refusedInPassing(error)) continue;
        throw isSignedOut(error) ? signedOut(error) : this.#judged(error);
      }
    }
  }

  async disconnect(): Promise<void> {
    this.#closing.abort();
    const line = this.#line;
    this.#line = undefined;
    const before = this.#kept?.cursor;
    await line?.close();
    await this.#errands.done();
    this.#doors.closed(this);
    if (line === undefined || this.#kept?.cursor === before) return;
    try {
      await line.keepCursor();
    } catch (error) {
      // The next start fetches a little more than it needs; nothing is lost.
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, error }, 'last cursor not kept');
    }
  }

  async logout(): Promise<void> {
    try {
      if (this.#line === undefined) await this.connect();
      await this.#live().call(new Api.auth.LogOut());
    } catch (error) {
      const over = isSignedOut(error) || (error instanceof BridgeError && error.retry === 'after-login');
      if (!over) throw this.#judged(error);
    }
    await this.disconnect();
  }

  async perform(action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt> {
    const work = async (): Promise<ActionReceipt> => {
      try {
        const receipt = await this.#live().sends.perform(action, id, context);
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
      const line = this.#live();
      const peer = await line.directory.inputPeer(action.chat);
      if (action.kind === 'typing') {
        const doing = action.active ? new Api.SendMessageTypingAction() : new Api.SendMessageCancelAction();
        await line.call(new Api.messages.SetTyping({ peer, action: doing }));
      } else await line.call(new Api.messages.ReadHistory({ peer, maxId: parseMessage(action.upTo) }));
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

  async hasTraffic(chat: ChatId): Promise<boolean> {
    return await this.#ask(async ({ directory }) => await directory.hasTraffic(chat));
  }

  async openMedia(source: MediaSource): Promise<MediaStream> {
    return await this.#ask(async ({ directory }) => await directory.openMedia(source));
  }

  /** @throws WireFault, FencedError */
  async #open(kept: Kept): Promise<void> {
    this.#closing.signal.throwIfAborted();
    const { puppet, sink, clock, log, cures, openWire } = this.#doors;
    const line = await Line.open(
      {
        puppet: puppet.id,
        scope: this.#scope,
        self: puppet.self,
        sink,
        clock,
        log,
        cures,
        openWire,
        lost: (which, why) => {
          if (this.#line === which) this.#errands.begin(this.#lost(which, why));
        },
        changed: (people) => this.#tellProfiles(people),
        closing: this.#closing.signal,
      },
      kept,
    );
    this.#refusals = 0;
    this.#line = line;
  }

  /** One voice tells the house, one loop opens the next line. */
  async #lost(line: Line, why: unknown): Promise<void> {
    if (this.#closing.signal.aborted || this.#line !== line) return;
    if (isSignedOut(why) && !this.#doors.cures.actOnRefusal) return;
    this.#line = undefined;
    await line.close();
    if (why instanceof FencedError) {
      this.#doors.log.info({ puppet: this.#doors.puppet.id, code: 'fenced' }, 'another process has this login');
      return;
    }
    if (this.#isOver(why)) {
      this.#doors.sink.report('signed-out', signedOut(why));
      return;
    }
    this.#doors.sink.report('offline', offline(why));
    await this.#reopen(this.#must(), why);
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
        if (this.#isOver(next)) {
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

  #isOver(why: unknown): boolean {
    return isSignedOut(why) && !this.#refusedInPassing(why);
  }

  #refusedInPassing(why: unknown): boolean {
    if (!(why instanceof WireFault) || why.kind !== 'refused-key') return false;
    this.#refusals += 1;
    return this.#refusals < KEY_REFUSALS;
  }

  async #ask<T>(question: (line: Line) => Promise<T>, identifier?: string): Promise<T> {
    try {
      return await question(this.#live());
    } catch (error) {
      throw this.#judged(error, false, identifier);
    }
  }

  async #keepPeers(): Promise<void> {
    if (!this.#doors.cures.keepHashes) return;
    const { changes, saved } = this.#must().peers.changes();
    if (changes.length === 0) return;
    await this.#doors.sink.keep(changes);
    saved();
  }

  #tellProfiles(people: readonly PersonId[]): void {
    for (const person of people) {
      if (this.#kept?.peers.hash(parsePeer(person).id) !== undefined) this.#errands.begin(this.#tellProfile(person));
    }
  }

  /** A profile changed: the house gets the public view of it. */
  async #tellProfile(id: PersonId): Promise<void> {
    try {
      const person = await this.describePerson(id);
      const portal = this.#doors.sink.portalKey(this.directChat(id), 'direct');
      const at = this.#doors.clock.now();
      const key = originKey(portal, 'person', id, String(at));
      await this.#doors.sink.accept([{ kind: 'person', key, portal, sender: id, at, via: 'live', person }]);
    } catch (error) {
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, error }, 'a changed profile was not read');
    }
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
