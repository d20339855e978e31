// Runs logins for whoever asks (management room, console): one at a time per person and network; knows no wire and no commands.
import { randomUUID } from 'node:crypto';
import { attemptOwner, type NetworkId, type UserId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import type { PolicyDesk } from '../policy/policy-desk.ts';
import { loginRefusal } from '../policy/refusal.ts';
import type { LoginFlow } from '../ports/login.ts';
import type { NetworkAdapter } from '../ports/network.ts';
import type { Fence } from '../ports/queue.ts';
import type { Clock, Leases, Logger, PuppetStore, Vault, VaultChange } from '../ports/stores.ts';
import { Accounts, type LoginCaps } from './accounts.ts';
import { AttemptMarks, type LostAttempt, type OpenAttempt } from './attempt-marks.ts';
import { LoginAttempt, type AskStep, type CodeNews, type LoginNotice, type OpenStep } from './login-attempt.ts';
import { buryAttempt } from './lost-attempts.ts';

export type { LoginNotice } from './login-attempt.ts';

export interface LoginDoors {
  readonly adapters: ReadonlyMap<NetworkId, NetworkAdapter>;
  readonly policy: PolicyDesk;
  readonly puppets: PuppetStore;
  readonly vault: Vault;
  readonly caps: LoginCaps;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Logger;
  /** The login is kept: its session may be opened. */
  readonly onLogin: (puppet: Puppet) => Promise<void>;
  readonly onNotice: (notice: LoginNotice) => Promise<void>;
}

export interface LoginView {
  readonly network: NetworkId;
  readonly step: OpenStep | undefined;
}

/** A question that waits for its answer. */
export interface OpenQuestion {
  readonly network: NetworkId;
  readonly step: AskStep;
}

interface Running {
  readonly attempt: LoginAttempt;
  readonly over: Promise<void>;
}

export class LoginDesk {
  readonly #doors: LoginDoors;
  readonly #marks: AttemptMarks;
  readonly #accounts: Accounts;
  /** By attemptOwner(), oldest first. */
  readonly #running = new Map<string, Running>();
  readonly #starting = new Set<string>();
  #stopped = false;

  constructor(doors: LoginDoors) {
    this.#doors = doors;
    this.#marks = new AttemptMarks(doors.vault);
    this.#accounts = new Accounts(doors);
  }

  /**
   * Starts a login by one of the network's flows (the first when none is named); its steps are told as notices.
   * @param anew an account that was linked before is meant @returns why not, or undefined when it has begun
   */
  async begin(user: UserId, network: NetworkId, flow?: string, anew = false): Promise<Say | undefined> {
    const adapter = this.#doors.adapters.get(network);
    if (adapter === undefined) return say('login.unknown-network', { network });
    const chosen = pick(adapter.loginFlows, flow);
    if (chosen === undefined) {
      const flows = adapter.loginFlows.map((one) => one.id).join(', ');
      return say('login.unknown-flow', { network: adapter.title, flows });
    }
    const key = attemptOwner(user, network);
    if (this.#running.has(key) || this.#starting.has(key)) return say('login.busy', { network: adapter.title });
    this.#starting.add(key);
    try {
      return await this.#start(user, adapter, chosen.id, anew);
    } finally {
      this.#starting.delete(key);
    }
  }

  /** The newest running login of this person here. */
  current(user: UserId): LoginView | undefined {
    const attempt = this.#attemptsOf(user).at(-1);
    return attempt === undefined ? undefined : viewOf(attempt);
  }

  /** The question this person was asked last and has not answered. */
  question(user: UserId): OpenQuestion | undefined {
    for (const attempt of this.#attemptsOf(user).toReversed()) {
      if (attempt.question !== undefined) return { network: attempt.of.network, step: attempt.question };
    }
    return undefined;
  }

  /** Answers exactly that question, once. @returns false when it is no longer asked */
  answer(user: UserId, question: OpenQuestion, fields: Readonly<Record<string, string>>): boolean {
    const running = this.#running.get(attemptOwner(user, question.network));
    return running?.attempt.answer(question.step, fields) ?? false;
  }

  /** Ends this person's running logins, all or one network's, and waits for it. @returns the networks' titles; the end is told as a notice */
  async cancel(user: UserId, network?: NetworkId): Promise<readonly string[]> {
    const ended: LoginAttempt[] = [];
    for (const attempt of this.#attemptsOf(user)) {
      if (network !== undefined && attempt.of.network !== network) continue;
      if (attempt.stop(say('login.cancelled', { network: attempt.of.title }))) ended.push(attempt);
    }
    await Promise.all(
      ended.map(async (attempt) => await this.#running.get(attemptOwner(user, attempt.of.network))?.over),
    );
    return ended.map((attempt) => attempt.of.title);
  }

  /** Logins of this person that ended with a question open (a dead process, too slow) since last asked: what comes now may be its answer. */
  async lost(user: UserId): Promise<readonly LostAttempt[]> {
    const lost: LostAttempt[] = [];
    for (const mark of await this.#marks.of(user)) {
      const owner = attemptOwner(user, mark.network);
      if (this.#running.has(owner) || this.#starting.has(owner)) continue;
      const fence = await this.#doors.leases.acquire(owner);
      if (fence === undefined) continue;
      await this.#marks.clear(user, mark.network);
      await this.#doors.leases.release(fence);
      lost.push(mark);
    }
    return lost;
  }

  /**
   * One round, to be called at the start and now and then: whatever a dead process left half-made is undone on its network, the
   * codes of it leave the room, and its person hears of it. What cannot be undone now is left to the next round.
   */
  async bury(): Promise<void> {
    for (const open of await this.#marks.all()) {
      try {
        await this.#buryIdle(open);
      } catch (error) {
        // Its mark stands: the next round finds it. Nobody else's waits for it.
        const { network } = open;
        this.#doors.log.warn({ network, error }, 'a login whose process died could not be ended, will try again');
      }
    }
  }

  async #buryIdle(open: OpenAttempt): Promise<void> {
    const owner = attemptOwner(open.user, open.network);
    if (this.#running.has(owner) || this.#starting.has(owner)) return;
    this.#starting.add(owner);
    try {
      const fence = await this.#doors.leases.acquire(owner);
      if (fence === undefined) return;
      try {
        const still = (await this.#marks.all()).find(({ id }) => id === open.id);
        if (still !== undefined) await this.#bury(still);
      } finally {
        await this.#doors.leases.release(fence);
      }
    } finally {
      this.#starting.delete(owner);
    }
  }

  /** May this login stay open under the rules of now, judged by its account's own facts? The reason when not. */
  async mayStay(puppet: Puppet): Promise<Say | undefined> {
    return await this.#accounts.mayStay(puppet, this.#doors.adapters.get(puppet.network)?.title ?? puppet.network);
  }

  /** Throws away what is kept of a login that its person ended. */
  async forget(puppet: Puppet): Promise<void> {
    await this.#accounts.forget(puppet);
  }

  /** Ends every login running here, begins none any more; their people are told. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { attempt } of this.#running.values()) {
      attempt.stop(say('command.login-interrupted', { network: attempt.of.title, login: attempt.of.network }));
    }
    await Promise.all([...this.#running.values()].map(async ({ over }) => await over));
  }

  async #start(user: UserId, adapter: NetworkAdapter, flow: string, anew: boolean): Promise<Say | undefined> {
    const { policy, leases } = this.#doors;
    const verdict = await policy.may({ action: 'login', user, network: adapter.id });
    if (verdict.effect === 'deny') return loginRefusal(verdict, adapter.title);
    const full = await this.#accounts.fullAtBegin(user, adapter.id, anew);
    if (full !== undefined) return full;
    const owner = attemptOwner(user, adapter.id);
    const fence = await leases.acquire(owner);
    if (fence === undefined) return say('login.busy', { network: adapter.title });
    await this.#buryFormer(user, adapter.id, fence);
    const id = randomUUID();
    try {
      await this.#marks.set({ user, network: adapter.id, id, codes: [] }, false, fence);
      if (this.#stopped) throw new Error('the desk is closed');
      const keep = async (changes: readonly VaultChange[]): Promise<void> =>
        await this.#doors.vault.write(changes, fence);
      const process = adapter.beginLogin(flow, user, keep);
      const attempt = new LoginAttempt(
        {
          accounts: this.#accounts,
          marks: this.#marks,
          clock: this.#doors.clock,
          log: this.#doors.log,
          onLogin: this.#doors.onLogin,
          tell: async (of, cause, words, more) => await this.#tell(of, cause, words, more),
          over: (of) => this.#running.delete(attemptOwner(of.of.user, of.of.network)),
          release: async (held) => await leases.release(held),
        },
        { user, network: adapter.id, title: adapter.title, fence, process, id },
      );
      this.#running.set(owner, { attempt, over: attempt.run() });
    } catch (error) {
      await this.#marks.clear(user, adapter.id);
      await this.#marks.close({ user, network: adapter.id });
      await leases.release(fence);
      throw error;
    }
    this.#doors.log.info({ network: adapter.id }, 'login begun');
    return undefined;
  }

  async #tell(attempt: LoginAttempt, cause: string, words: Say, more: CodeNews): Promise<void> {
    const { user, network } = attempt.of;
    await this.#doors.onNotice({ user, network, cause, say: words, ...more });
  }

  /** One before may have died with the device linked: when that cannot be undone now, its mark stays for the next round. */
  async #buryFormer(user: UserId, network: NetworkId, fence: Fence): Promise<void> {
    try {
      for (const open of await this.#marks.all()) if (isOf(open, user, network)) await this.#bury(open);
    } catch (error) {
      await this.#doors.leases.release(fence);
      throw error;
    }
  }

  async #bury(open: OpenAttempt): Promise<void> {
    await buryAttempt({ ...this.#doors, marks: this.#marks }, open);
  }

  #attemptsOf(user: UserId): readonly LoginAttempt[] {
    return [...this.#running.values()].map(({ attempt }) => attempt).filter((attempt) => attempt.of.user === user);
  }
}

function pick(flows: readonly LoginFlow[], id: string | undefined): LoginFlow | undefined {
  return id === undefined ? flows[0] : flows.find((flow) => flow.id === id);
}

function viewOf(attempt: LoginAttempt): LoginView {
  return { network: attempt.of.network, step: attempt.step };
}

function isOf(open: OpenAttempt, user: UserId, network: NetworkId): boolean {
  return open.user === user && open.network === network;
}
