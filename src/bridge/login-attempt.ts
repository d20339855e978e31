// One login from its first step to its end: follows the steps, keeps the time limit, has the account judged and kept; knows no chat rooms.
import { BridgeError } from '../model/errors.ts';
import type { NetworkId, UserId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import type { Shown } from '../model/shown.ts';
import { say, type Say } from '../model/say.ts';
import type { LoginProcess, LoginStep, NewLogin } from '../ports/login.ts';
import type { Fence } from '../ports/queue.ts';
import type { Clock, Logger } from '../ports/stores.ts';
import type { Accounts } from './accounts.ts';
import type { AttemptMarks } from './attempt-marks.ts';

/** A step that people see; `done` and `failed` are told in words, never handed out: they carry the session. */
export type OpenStep = Exclude<LoginStep, { kind: 'done' | 'failed' }>;
export type AskStep = Extract<LoginStep, { kind: 'ask' }>;

export interface AttemptDoors {
  readonly accounts: Accounts;
  readonly marks: AttemptMarks;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onLogin: (puppet: Puppet) => Promise<void>;
  /** `cause` is unique for ever. */
  readonly tell: (attempt: LoginAttempt, cause: string, words: Say, more: CodeNews) => Promise<void>;
  /** All is told: another login may begin. */
  readonly over: (attempt: LoginAttempt) => void;
  readonly release: (fence: Fence) => Promise<void>;
}

/** A code to show, or those that are worth nothing any more, by their causes. */
export interface CodeNews {
  readonly show?: Shown;
  readonly ends?: readonly string[];
}

/** One sentence about a login for its person. `cause` is unique for ever, so that it can be told exactly once. */
export interface LoginNotice extends CodeNews {
  readonly user: UserId;
  readonly network: NetworkId;
  readonly cause: string;
  readonly say: Say;
}

export interface AttemptOf {
  readonly user: UserId;
  readonly network: NetworkId;
  /** The network's title. */
  readonly title: string;
  readonly fence: Fence;
  readonly process: LoginProcess;
  /** Its mark is set under this name. */
  readonly id: string;
}

/** A login that takes longer is ended, in ms. */
const LONGEST_MS = 10 * 60_000;

export class LoginAttempt {
  readonly id: string;
  readonly of: AttemptOf;
  readonly #doors: AttemptDoors;
  readonly #stop = new AbortController();
  #end: Say;
  #step: OpenStep | undefined;
  #steps = 0;
  /** Causes of the codes shown one after the other. */
  #codes: string[] = [];
  /** Of all codes shown. */
  readonly #shownAll: string[] = [];
  #answered = false;
  #finishing = false;
  #closed = false;

  constructor(doors: AttemptDoors, of: AttemptOf) {
    this.id = of.id;
    this.#doors = doors;
    this.of = of;
    this.#end = say('login.broken-off', { network: of.title });
  }

  get step(): OpenStep | undefined {
    return this.#step;
  }

  get question(): AskStep | undefined {
    return this.#step?.kind === 'ask' && !this.#answered ? this.#step : undefined;
  }

  /** @returns false when that question is no longer asked */
  answer(question: AskStep, fields: Readonly<Record<string, string>>): boolean {
    if (this.question !== question) return false;
    this.#answered = true;
    this.of.process.answer(fields);
    return true;
  }

  /** Ends it, telling its person why. @returns false when it is too late: the account is being written down */
  stop(why: Say): boolean {
    if (this.#finishing || this.#stop.signal.aborted) return false;
    this.#end = why;
    this.#stop.abort();
    return true;
  }

  /** Never rejects: whatever happens is told to the person, and nothing stays open. */
  async run(): Promise<void> {
    const limit = this.#limit();
    try {
      this.#end = await this.#follow();
    } catch (error) {
      this.#doors.log.error({ network: this.of.network, error }, 'login broke');
      this.#end = error instanceof BridgeError ? error.human : say('login.broken', { network: this.of.title });
    }
    const unanswered = this.question !== undefined && this.#end.key !== 'login.cancelled';
    this.#step = undefined;
    this.#stop.abort();
    await limit;
    await this.#close();
    // A mark stays when a question was open: its answer may be under way and must be known for what it is.
    if (!unanswered) {
      await this.#quietly('clear-mark', async () => await this.#doors.marks.clear(this.of.user, this.of.network));
    }
    await this.#tell('end', this.#end, this.#shownAll.length === 0 ? {} : { ends: this.#shownAll });
    // Whoever takes the lease next must not find it, and tell its end once more.
    await this.#quietly('close-mark', async () => await this.#doors.marks.close(this.of));
    await this.#quietly('release-lease', async () => await this.#doors.release(this.of.fence));
    this.#doors.over(this);
  }

  async #limit(): Promise<void> {
    try {
      await this.#doors.clock.sleep(LONGEST_MS, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
    this.stop(say('login.timed-out', { network: this.of.title }));
  }

  /** Follows the steps. @returns what the person is told at the end */
  async #follow(): Promise<Say> {
    const { signal } = this.#stop;
    const stopped = new Promise<'stopped'>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    const steps = this.of.process.steps[Symbol.asyncIterator]();
    while (!signal.aborted) {
      const next = steps.next();
      // When the stop wins, the pending step may still fail; nobody waits for it any more.
      next.catch(() => undefined);
      const result = await Promise.race([next, stopped]);
      if (result === 'stopped' || result.done === true) return this.#end;
      const step = result.value;
      if (step.kind === 'failed') {
        this.#doors.log.info({ network: this.of.network, code: step.error.code }, 'login failed');
        return step.error.human;
      }
      if (step.kind === 'done') return await this.#finish(step.login);
      await this.#open(step);
    }
    return this.#end;
  }

  async #open(step: OpenStep): Promise<void> {
    this.#step = step;
    this.#steps += 1;
    this.#answered = false;
    const part = String(this.#steps);
    const secret = step.kind === 'ask' && step.fields.some((field) => field.secret);
    if (step.kind === 'show') this.#shownAll.push(this.#cause(part));
    if (secret || step.kind === 'show') {
      const mark = { user: this.of.user, network: this.of.network, id: this.id, codes: this.#shownAll };
      await this.#doors.marks.set(mark, secret, this.of.fence);
    }
    const show = this.#shown(step, part);
    await this.#tell(part, step.say, show === undefined ? {} : { show });
    const first = step.kind === 'ask' && step.fields.length > 1 ? step.fields[0] : undefined;
    if (first !== undefined) await this.#tell(`${this.#steps}/field`, first.label);
  }

  #shown(step: OpenStep, part: string): Shown | undefined {
    const after = this.#codes;
    this.#codes = step.kind === 'show' ? [...after, this.#cause(part)] : [];
    if (step.kind !== 'show') return undefined;
    const { form, data, until } = step;
    return { form, data, until, ...(after.length === 0 ? {} : { after }) };
  }

  #cause(part: string): string {
    return attemptCause(this.id, part);
  }

  /** The account is known: the rules are asked again, then everything is written down; from then on the login exists. */
  async #finish(login: NewLogin): Promise<Say> {
    if (this.#stop.signal.aborted) return await this.#refuse(this.#end);
    this.#finishing = true;
    this.#step = undefined;
    const { network, title, user, fence } = this.of;
    let puppet: Puppet;
    try {
      const judged = await this.#doors.accounts.judge(user, network, title, login);
      if (judged.refused !== undefined) return await this.#refuse(judged.refused);
      puppet = await this.#doors.accounts.keep(user, network, login, judged.shared, fence);
    } catch (error) {
      this.#doors.log.error({ network, error }, 'a login could not be kept');
      return await this.#refuse(say('login.broken', { network: this.of.title }));
    }
    this.#doors.log.info({ network, puppet: puppet.id }, 'login kept');
    // The wire used for the login closes before the session opens with the same keys.
    await this.#close();
    await this.#quietly('open-session', async () => await this.#doors.onLogin(puppet));
    return say('login.done', { network: title, name: login.name });
  }

  /** The account must not stay signed in on the network when we do not keep it. */
  async #refuse(why: Say): Promise<Say> {
    this.#doors.log.info({ network: this.of.network, code: why.key }, 'login refused');
    await this.#quietly('abandon', async () => await this.of.process.abandon());
    return why;
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#quietly('close-wire', async () => await this.of.process.cancel());
  }

  async #tell(part: string, words: Say, more: CodeNews = {}): Promise<void> {
    await this.#quietly('tell', async () => await this.#doors.tell(this, this.#cause(part), words, more));
  }

  /** What must not keep a login from ending is written to the log instead. */
  async #quietly(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#doors.log.warn({ network: this.of.network, kind: what, error }, 'a step of ending a login failed');
    }
  }
}

export function attemptCause(id: string, part: string): string {
  return `login:${id}/${part}`;
}
