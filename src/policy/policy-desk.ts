// The rules in force: a copy that follows the store, changes with an author and a line in the audit; knows no commands.
import { createHash } from 'node:crypto';
import { BridgeError } from '../model/errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Facts, Rule, Verdict } from '../model/rules.ts';
import type { Clock, Logger, RuleStore } from '../ports/stores.ts';
import { decide, explain, type Standing } from './decide.ts';
import { ruleText } from './rule-text.ts';

export interface PolicyDoors {
  readonly rules: RuleStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Named in the configuration: no rule made by a command takes their office. */
  readonly administrators: readonly UserId[];
}

/** What a person lays down; the desk adds who, when and the id. */
export type RuleDraft = Pick<Rule, 'effect' | 'action'> &
  Partial<Pick<Rule, 'user' | 'network' | 'chat' | 'reason' | 'notBefore' | 'expiresAt'>>;

/** The copy is compared with the store when it is older than this, in ms. */
const LOOK_EVERY_MS = 5_000;
/** Without an answer from the store the copy is used this long; then nothing is judged any more, in ms. */
const TRUST_MS = 55_000;

export class PolicyDesk {
  readonly #doors: PolicyDoors;
  readonly #administrators: ReadonlySet<UserId>;
  #rules: readonly Rule[] = [];
  #version: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #heardAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(doors: PolicyDoors) {
    this.#doors = doors;
    this.#administrators = new Set(doors.administrators);
  }

  /** Makes the file's rules the store's, if they differ; what changed goes to the audit as the file's doing. */
  async adopt(fileRules: readonly Rule[]): Promise<void> {
    const before = new Map((await this.#doors.rules.all()).filter(isOfFile).map((rule) => [rule.id, rule]));
    const after = new Map(fileRules.map((rule) => [rule.id, rule]));
    const gone = [...before.values()].filter((rule) => !after.has(rule.id));
    const come = [...after.values()].filter((rule) => !before.has(rule.id));
    if (gone.length > 0 || come.length > 0) {
      const at = this.#doors.clock.now();
      for (const rule of gone) await this.#doors.rules.audit({ at, by: 'file', what: `remove ${ruleText(rule)}` });
      for (const rule of come) await this.#doors.rules.audit({ at, by: 'file', what: ruleText(rule) });
      await this.#doors.rules.replaceFileRules([...after.values()]);
    }
    await this.look();
  }

  /** @throws whatever the store throws when it has not answered for a minute: old rules are not used for ever */
  async may(facts: Facts): Promise<Verdict> {
    await this.#refresh();
    return decide(this.#relevant(facts), facts, this.#doors.clock.now());
  }

  async isAdministrator(user: UserId): Promise<boolean> {
    return (await this.may({ action: 'administer', user })).effect === 'allow';
  }

  async explain(facts: Facts): Promise<readonly { readonly rule: Rule; readonly standing: Standing }[]> {
    await this.#refresh();
    return explain(this.#relevant(facts), facts, this.#doors.clock.now());
  }

  /** All rules, the file's first, then in the order they were made; expired ones too. */
  async list(): Promise<readonly Rule[]> {
    await this.look();
    return this.#rules.toSorted(
      (a, b) => Number(isOfFile(b)) - Number(isOfFile(a)) || a.madeAt - b.madeAt || (a.id < b.id ? -1 : 1),
    );
  }

  /** `cause` (an event id) names the rule: laying it down again changes nothing. @throws BridgeError (not-administrator) */
  async allow(draft: Omit<RuleDraft, 'effect'>, by: UserId, cause: string): Promise<Rule> {
    return await this.#put({ ...draft, effect: 'allow' }, by, cause);
  }

  /** As allow(). */
  async deny(draft: Omit<RuleDraft, 'effect'>, by: UserId, cause: string): Promise<Rule> {
    return await this.#put({ ...draft, effect: 'deny' }, by, cause);
  }

  /** @throws BridgeError (not-administrator) */
  async remove(id: string, by: UserId): Promise<'removed' | 'unknown' | 'of-file'> {
    await this.#demandAdministrator(by);
    const rule = (await this.#doors.rules.all()).find((one) => one.id === id);
    if (rule === undefined) return 'unknown';
    if (isOfFile(rule)) return 'of-file';
    const line = { at: this.#doors.clock.now(), by, what: `remove ${ruleText(rule)}` };
    const removed = await this.#doors.rules.remove(id, line);
    await this.look();
    return removed ? 'removed' : 'unknown';
  }

  /** Looks every few seconds until the signal, so that a question need not wait for the store. */
  async keepFresh(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#refresh();
      } catch (error) {
        this.#doors.log.error({ error }, 'the rules could not be read');
      }
      try {
        await this.#doors.clock.sleep(LOOK_EVERY_MS, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Compares the copy with the store now. */
  async look(): Promise<void> {
    while (this.#looking !== undefined) await this.#looking.catch(() => undefined); // its own caller hears of it
    this.#looking = this.#read().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #put(draft: RuleDraft, by: UserId, cause: string): Promise<Rule> {
    await this.#demandAdministrator(by);
    const id = `r-${createHash('sha256').update('passerelle-rule\0').update(cause).digest('hex').slice(0, 8)}`;
    const before = (await this.#doors.rules.all()).find((rule) => rule.id === id);
    if (before !== undefined) return before;
    const at = this.#doors.clock.now();
    const rule: Rule = { ...draft, id, source: 'command', by, madeAt: at };
    // The line comes first: a change that nobody can be asked about must not exist.
    await this.#doors.rules.audit({ at, by, what: ruleText(rule) });
    await this.#doors.rules.put(rule);
    await this.look();
    return rule;
  }

  async #demandAdministrator(user: UserId): Promise<void> {
    await this.look();
    if (!(await this.isAdministrator(user))) {
      throw new BridgeError('not-administrator', 'never', 'command.not-administrator');
    }
  }

  /** An administrator named in the file is judged by the file alone. */
  #relevant(facts: Facts): readonly Rule[] {
    if (facts.action !== 'administer' || !this.#administrators.has(facts.user)) return this.#rules;
    const named: Rule = {
      id: 'administrators',
      effect: 'allow',
      action: 'administer',
      user: facts.user,
      source: 'file',
      by: 'file',
      madeAt: 0,
    };
    return [named, ...this.#rules.filter(isOfFile)];
  }

  async #refresh(): Promise<void> {
    const heard = this.#since(this.#heardAt);
    if (heard < LOOK_EVERY_MS) return;
    const trusted = heard <= TRUST_MS;
    if (trusted && this.#since(this.#lookedAt) < LOOK_EVERY_MS) return;
    try {
      await (this.#looking ?? this.look());
    } catch (error) {
      if (!trusted) throw error;
      this.#doors.log.warn({ error }, 'the rules could not be compared, the copy is used');
    }
  }

  /** A clock that was set back says nothing of how long ago it was. */
  #since(at: number): number {
    const ms = this.#doors.clock.now() - at;
    return ms < 0 ? Number.POSITIVE_INFINITY : ms;
  }

  async #read(): Promise<void> {
    const now = this.#doors.clock.now();
    this.#lookedAt = now;
    const version = await this.#doors.rules.version();
    if (version !== this.#version) {
      this.#rules = await this.#doors.rules.all();
      this.#version = version;
    }
    this.#heardAt = now;
  }
}

function isOfFile(rule: Rule): boolean {
  return rule.source === 'file';
}
