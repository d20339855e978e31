// One login's line through drops and restarts: opens it, tells its state, and opens the next one. Knows not what the house asks over it.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { Errands } from '../../model/errands.ts';
import { BridgeError, FencedError } from '../../model/errors.ts';
import { KeyedTurns } from '../../model/keyed-turns.ts';
import { vaultScope } from '../../ports/network.ts';
import { openAccount, type Account, type AccountDoors } from './account.ts';
import { endingOf, isUnreadable, partingOf, trouble, unreadable, type Parting } from './errors.ts';
import { Line } from './line.ts';
import { worthless } from './logged-out.ts';
import { PACING_KEY } from './pacing.ts';
import { ownPhoneAt } from './passing.ts';
import { closedNow } from './permit.ts';
import { afterEnd } from './reopening.ts';

export interface KeeperDoors extends Omit<AccountDoors, 'broken' | 'line'> {
  readonly ackMs: number;
  readonly openMs: number;
  /** As in LineDoors. */
  readonly keepAliveMs?: number | undefined;
}

export class LineKeeper {
  readonly #doors: KeeperDoors;
  readonly #closing = new AbortController();
  readonly #turns = new KeyedTurns();
  readonly #errands: Errands;
  #account: Promise<Account> | undefined;
  #line: Line | undefined;
  #watching = false;
  #troubles = 0; // Lines in a row that ended for one.

  constructor(doors: KeeperDoors) {
    this.#doors = doors;
    this.#errands = new Errands((error) => {
      if (!(error instanceof FencedError) && !this.#closing.signal.aborted)
        doors.log.error({ puppet: doors.puppet.id, error }, 'background work failed');
    });
  }

  /** As NetworkSession.connect. */
  async connect(asked?: 'asked'): Promise<void> {
    for (let restarts = 0; ; restarts += 1) {
      try {
        const closed = await closedNow(await this.account(), this.#doors.clock, asked !== undefined);
        if (closed !== undefined) {
          this.#doors.sink.report(closed.state, closed.error);
          throw closed.error;
        }
        await this.#open(asked);
        return;
      } catch (error) {
        if (error instanceof FencedError || this.#closing.signal.aborted) throw error;
        if (isUnreadable(error)) this.#doors.sink.report('offline', error);
        if (error instanceof BridgeError) throw error;
        const parting = this.#partingOf(error);
        if (parting.next === 'restart' && restarts === 0) continue;
        await this.#heed(parting);
        // Why it stays closed is its own state: the house would only know that it could not be opened.
        if (parting.state === 'stopped') this.#doors.sink.report(parting.state, parting.error);
        throw parting.error;
      }
    }
  }

  /** There is one, or one that has just ended. */
  get hasLine(): boolean {
    return this.#line !== undefined;
  }

  /** The line that is open now. @throws BridgeError */
  live(): Line {
    if (this.#line === undefined || !this.#line.alive || this.#closing.signal.aborted)
      throw new BridgeError('whatsapp-offline', 'later', 'network.unreachable', { values: { network: 'WhatsApp' } });
    return this.#line;
  }

  /** @throws BridgeError */
  async account(): Promise<Account> {
    this.#account ??= openAccount({
      ...this.#doors,
      line: () => this.#line,
      broken: (why) => this.#broken(why),
    }).catch(unreadable);
    return await this.#account;
  }

  /** From here on the end of the line is what was asked for. */
  letGo(): void {
    this.#closing.abort();
  }

  /** Leaves nothing open, neither the line nor the account. */
  async close(): Promise<void> {
    this.#closing.abort();
    const line = this.#line;
    this.#line = undefined;
    try {
      await line?.close();
    } finally {
      await this.#errands.done();
      const account = await this.#account?.catch(() => undefined); // connect() has said so
      await Promise.all([account?.inbox.close(), account?.state.close()]);
      await account?.pictures.close();
    }
  }

  /** One at a time, whoever asks: two lines of one login would end each other. @throws the library's error, BridgeError, FencedError */
  async #open(asked?: 'asked'): Promise<void> {
    await this.#turns.run('(line)', async () => {
      if (this.#line?.alive !== true) await this.#openLine(asked);
    });
  }

  async #openLine(asked?: 'asked'): Promise<void> {
    const { settings, cures, clock, ackMs, openMs, keepAliveMs } = this.#doors;
    const account = await this.account();
    account.state.journal.forgetIncomplete();
    // What was kept for us comes before the line is open, and whom a group holds can be asked only then.
    const opened = Promise.withResolvers<void>();
    const opening = Line.open({
      settings,
      state: account.state,
      cures,
      clock,
      ackMs,
      openMs,
      keepAliveMs,
      passing: (node) => this.#errands.begin(opened.promise.then(async () => await account.passing(node))),
      heard: (node) => this.#heard(account, node),
      limited: (until) => this.#errands.begin(until === null ? account.standing.free() : account.standing.limit(until)),
      closing: this.#closing.signal,
      reached: () => {
        if (asked === undefined) this.#errands.begin(account.reconnects.count());
      },
    });
    try {
      this.#line = await opening;
    } finally {
      opened.resolve();
    }
    const line = this.#line;
    line.whenLost((why) => this.#errands.begin(this.#lost(line, why)));
    if (!this.#watching) this.#errands.begin(account.chores(this.#closing.signal));
    this.#watching = true;
    this.#errands.begin(account.marks.run(line));
    account.inbox.resume();
    if (settings.presence) this.#errands.begin(this.#appear(line));
    // The house takes an open line for a free one.
    if (account.standing.why !== undefined) account.standing.report('online');
  }

  /** Nothing waits for it: a line that ends meanwhile says so itself, and the next one appears again. */
  async #appear(line: Line): Promise<void> {
    try {
      await line.appear();
    } catch (error) {
      // Only for this line: whoever looks at the account sees it offline.
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, error }, 'not shown as online');
    }
  }

  #heard({ context, phone }: Account, node: BinaryNode): void {
    const at = ownPhoneAt(context, node);
    const change = at === undefined ? undefined : phone.heard(at);
    if (change !== undefined) this.#errands.begin(this.#doors.sink.keep([change]));
  }

  /** One voice tells the house, one loop opens the next line. */
  async #lost(line: Line, why: unknown, troubles = 0): Promise<void> {
    if (this.#closing.signal.aborted || this.#line !== line) return;
    this.#line = undefined;
    const { clock, log, puppet } = this.#doors;
    const doors = {
      puppet: puppet.id,
      sink: (await this.account()).standing,
      clock,
      log,
      reconnects: async () => (await this.account()).reconnects,
      closing: this.#closing.signal,
      gone: async () => await line.close(),
      kept: async () => await (await this.account()).state.settled(),
      open: async () => await this.#open(),
      partingOf: (why: unknown) => this.#partingOf(why),
      heed: async (parting: Parting) => await this.#heed(parting),
    };
    this.#troubles = troubles;
    await afterEnd(doors, this.#partingOf(why), Math.max(0, troubles - 1));
  }

  async #heed(parting: Parting): Promise<void> {
    const { sink, vault, clock } = this.#doors;
    if (parting.next === 'sign-out') {
      await sink.keep(await worthless(vault, vaultScope(this.#doors.puppet.id)));
      this.#closing.abort();
    }
    const { pacing } = await this.account();
    if (parting.next !== 'wait' || parting.until === undefined || pacing === undefined) return;
    pacing.ban({ until: parting.until, code: parting.code });
    await sink.keep([{ scope: vaultScope(this.#doors.puppet.id), key: PACING_KEY, value: pacing.pack(clock.now()) }]);
  }

  #partingOf(error: unknown): Parting {
    if (error instanceof BridgeError) return { next: 'back-off', state: 'offline', error };
    return partingOf(endingOf(error), this.#doors.clock.now());
  }

  /**
   * Nothing can be written: whoever has this login now goes on with what the vault holds. Anything else that nobody foresaw is told, and
   * what came is read again with the next line.
   */
  #broken(why: unknown): void {
    if (this.#closing.signal.aborted) return;
    const { log, puppet } = this.#doors;
    const line = this.#line;
    if (!(why instanceof FencedError)) {
      log.error({ puppet: puppet.id, code: 'trouble', error: why }, 'what came cannot be read on, will try again');
      if (line !== undefined) this.#errands.begin(this.#lost(line, trouble(why), this.#troubles + 1));
      return;
    }
    line?.shut();
    this.#closing.abort();
    log.info({ puppet: puppet.id, code: 'fenced', error: why }, 'this login is no longer kept here');
    if (line !== undefined) this.#errands.begin(line.close());
  }
}
