// One login's live line through drops and restarts: reconnects, tells its state, and carries out what the house asks. Knows no Matrix.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { PersonSnapshot } from '../../model/chat.ts';
import type { EphemeralAction, NetworkAction } from '../../model/delivery.ts';
import { BridgeError, FencedError } from '../../model/errors.ts';
import { as, type ChatId, type EffectId, type PersonId } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
import type { GroupAnswer, GroupAsk } from '../../ports/group.ts';
import type { ActionReceipt, MediaStream, NetworkSession, PerformContext, ResolvedChat } from '../../ports/network.ts';
import { vaultScope } from '../../ports/network.ts';
import { openAccount, worthless, type Account, type AccountDoors } from './account.ts';
import { endingOf, isRestriction, isUnreadable, partingOf, trouble, unreadable, type Parting } from './errors.ts';
import { learnLimit } from './learn-limit.ts';
import { Line } from './line.ts';
import { lookUp } from './look-up.ts';
import { PACING_KEY } from './pacing.ts';
import { noAnswer } from './no-answer.ts';
import { ownPhoneAt } from './passing.ts';
import { closedNow } from './permit.ts';
import { afterEnd } from './reopening.ts';
import { passOn } from './passing-on.ts';
import { unlink } from './unlink.ts';
import { KeyedTurns } from '../../model/keyed-turns.ts';

export interface SessionDoors extends Omit<AccountDoors, 'broken' | 'line'> {
  readonly ackMs: number;
  readonly openMs: number;
  /** As in LineDoors. */
  readonly keepAliveMs?: number | undefined;
  /** Nothing is open any more. */
  readonly closed: (session: NetworkSession) => void;
}

export class WhatsAppSession implements NetworkSession {
  readonly #doors: SessionDoors;
  readonly #scope: string;
  readonly #closing = new AbortController();
  readonly #turns = new KeyedTurns();
  readonly #errands = new Set<Promise<void>>();
  #account: Promise<Account> | undefined;
  #line: Line | undefined;
  #watching = false;
  #troubles = 0; // Lines in a row that ended for one.

  constructor(doors: SessionDoors) {
    this.#doors = doors;
    this.#scope = vaultScope(doors.puppet.id);
  }

  async connect(asked?: 'asked'): Promise<void> {
    for (let restarts = 0; ; restarts += 1) {
      try {
        const closed = await closedNow(await this.#must(), this.#doors.clock, asked !== undefined);
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

  async disconnect(): Promise<void> {
    this.#closing.abort();
    const line = this.#line;
    this.#line = undefined;
    try {
      await line?.close();
    } finally {
      await Promise.allSettled(this.#errands);
      const account = await this.#account?.catch(() => undefined); // connect() has said so
      await Promise.all([account?.inbox.close(), account?.state.close()]);
      await account?.pictures.close();
      this.#doors.closed(this);
    }
  }

  async logout(): Promise<void> {
    try {
      if (this.#line === undefined) await this.connect('asked');
      const line = this.#live();
      // From here on its end is what was asked for.
      this.#closing.abort();
      await unlink(line);
    } catch (error) {
      if (!(error instanceof BridgeError && error.retry === 'after-login')) throw error;
    }
    await this.disconnect();
  }

  async perform(action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt> {
    return await this.#turns.run(action.chat, async () => {
      const line = this.#live();
      const { perform, standing } = await this.#must();
      try {
        return await perform(line, action, id, async (source) => await context.open(source));
      } catch (error) {
        if (isRestriction(error)) await learnLimit(line, standing, this.#doors.log, this.#doors.puppet.id);
        throw error;
      }
    });
  }

  async performEphemeral(action: EphemeralAction): Promise<void> {
    try {
      await passOn(this.#live(), await this.#must(), this.#doors.puppet.self, action);
    } catch (error) {
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, kind: action.kind, error }, 'passing news not passed on');
    }
  }

  async describeChat(chat: ChatId): Promise<ResolvedChat> {
    return await this.#ask(
      async (line, { directory, pictures }) => await pictures.beside(line, await directory.describeChat(line, chat)),
    );
  }

  async describePerson(person: PersonId): Promise<PersonSnapshot> {
    return await (await this.#must()).pictures.person(person);
  }

  async resolve(identifier: string): Promise<ResolvedChat> {
    const doors = { ...this.#doors, scope: this.#scope };
    return await this.#ask(async (line, account) => await lookUp(line, account, doors, identifier));
  }

  async contacts(): Promise<ReturnType<Account['contacts']['lines']>> {
    return (await this.#must()).contacts.lines();
  }

  async askGroup(ask: GroupAsk, id: EffectId): Promise<GroupAnswer> {
    return await this.#ask(async (line, { desk }) => await desk.ask(line, ask, id));
  }

  directChat(person: PersonId): ChatId {
    return as<ChatId>(person);
  }

  async openMedia(source: MediaSource): Promise<MediaStream> {
    return await this.#ask(async (line, { pictures }) => await pictures.open(line, source));
  }

  /** One at a time, whoever asks: two lines of one login would end each other. @throws the library's error, BridgeError, FencedError */
  async #open(asked?: 'asked'): Promise<void> {
    await this.#turns.run('(line)', async () => {
      if (this.#line?.alive !== true) await this.#openLine(asked);
    });
  }

  async #openLine(asked?: 'asked'): Promise<void> {
    const { settings, cures, clock, ackMs, openMs, keepAliveMs } = this.#doors;
    const account = await this.#must();
    account.state.journal.forgetIncomplete();
    const line = await Line.open({
      settings,
      state: account.state,
      cures,
      clock,
      ackMs,
      openMs,
      keepAliveMs,
      passing: (node) => this.#errand(account.passing(node)),
      heard: (node) => this.#heard(account, node),
      limited: (until) => this.#errand(until === null ? account.standing.free() : account.standing.limit(until)),
      closing: this.#closing.signal,
      reached: () => {
        if (asked === undefined) this.#errand(account.reconnects.count());
      },
    });
    this.#line = line;
    line.whenLost((why) => this.#errand(this.#lost(line, why)));
    if (!this.#watching) this.#errand(account.chores(this.#closing.signal));
    this.#watching = true;
    this.#errand(account.marks.run(line));
    account.inbox.resume();
    if (settings.presence) this.#errand(this.#appear(line));
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
    if (change !== undefined) this.#errand(this.#doors.sink.keep([change]));
  }

  /** One voice tells the house, one loop opens the next line. */
  async #lost(line: Line, why: unknown, troubles = 0): Promise<void> {
    if (this.#closing.signal.aborted || this.#line !== line) return;
    this.#line = undefined;
    const { clock, log, puppet } = this.#doors;
    const doors = {
      puppet: puppet.id,
      sink: (await this.#must()).standing,
      clock,
      log,
      reconnects: async () => (await this.#must()).reconnects,
      closing: this.#closing.signal,
      gone: async () => await line.close(),
      kept: async () => await (await this.#must()).state.settled(),
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
      await sink.keep(await worthless(vault, this.#scope));
      this.#closing.abort();
    }
    const { pacing } = await this.#must();
    if (parting.next !== 'wait' || parting.until === undefined || pacing === undefined) return;
    pacing.ban({ until: parting.until, code: parting.code });
    await sink.keep([{ scope: this.#scope, key: PACING_KEY, value: pacing.pack(clock.now()) }]);
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
      if (line !== undefined) this.#errand(this.#lost(line, trouble(why), this.#troubles + 1));
      return;
    }
    line?.shut();
    this.#closing.abort();
    log.info({ puppet: puppet.id, code: 'fenced', error: why }, 'this login is no longer kept here');
    if (line !== undefined) this.#errand(line.close());
  }

  async #ask<T>(question: (line: Line, account: Account) => Promise<T>): Promise<T> {
    const line = this.#live();
    try {
      return await question(line, await this.#must());
    } catch (error) {
      if (error instanceof BridgeError) throw error;
      throw noAnswer(error);
    }
  }

  async #must(): Promise<Account> {
    this.#account ??= openAccount({
      ...this.#doors,
      line: () => this.#line,
      broken: (why) => this.#broken(why),
    }).catch(unreadable);
    return await this.#account;
  }

  #errand(work: Promise<void>): void {
    const errand = work
      .catch((error: unknown) => {
        if (!(error instanceof FencedError) && !this.#closing.signal.aborted)
          this.#doors.log.error({ puppet: this.#doors.puppet.id, error }, 'background work failed');
      })
      .finally(() => this.#errands.delete(errand));
    this.#errands.add(errand);
  }

  #live(): Line {
    if (this.#line === undefined || !this.#line.alive || this.#closing.signal.aborted)
      throw new BridgeError('whatsapp-offline', 'later', 'network.unreachable', { values: { network: 'WhatsApp' } });
    return this.#line;
  }
}
