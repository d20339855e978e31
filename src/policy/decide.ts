// The one judgement: may this person do this, under these rules, now? Pure; knows no store and no clock.
import type { Facts, Rule, Verdict } from '../model/rules.ts';
import { chatFits, userFits } from './patterns.ts';

/** How a rule stands to a question: it fits, or the first thing that keeps it from fitting. */
export type Standing = 'fits' | 'expired' | 'not-yet' | 'other-action' | 'other-user' | 'other-network' | 'other-chat';

/**
 * Nothing is allowed but by a rule, and a denial that fits outweighs every allowance. The order of the rules is of no
 * account. `because` holds the rules that decided, those with a reason first, then by id.
 */
export function decide(rules: readonly Rule[], facts: Facts, now: number): Verdict {
  const fitting = rules.filter((rule) => standing(rule, facts, now) === 'fits');
  const denying = fitting.filter((rule) => rule.effect === 'deny');
  if (denying.length > 0) return { effect: 'deny', because: denying.toSorted(byWeight) };
  if (fitting.length > 0) return { effect: 'allow', because: fitting.toSorted(byWeight) };
  return { effect: 'deny', because: [] };
}

/** Every rule with how it stands to the question, for people who wonder about a verdict. */
export function explain(
  rules: readonly Rule[],
  facts: Facts,
  now: number,
): readonly { readonly rule: Rule; readonly standing: Standing }[] {
  return rules.map((rule) => ({ rule, standing: standing(rule, facts, now) }));
}

/** In force from `notBefore` (included) to `expiresAt` (excluded). */
function standing(rule: Rule, facts: Facts, now: number): Standing {
  if (rule.expiresAt !== undefined && now >= rule.expiresAt) return 'expired';
  if (rule.notBefore !== undefined && now < rule.notBefore) return 'not-yet';
  if (!coversAction(rule, facts)) return 'other-action';
  if (rule.user !== undefined && !userFits(rule.user, facts.user)) return 'other-user';
  if (rule.network !== undefined && rule.network !== facts.network) return 'other-network';
  return coversChat(rule, facts) ? 'fits' : 'other-chat';
}

/** `any` denies everything, but allows everything else than to administer: nobody becomes an administrator by the way. */
function coversAction(rule: Rule, facts: Facts): boolean {
  if (rule.action !== 'any') return rule.action === facts.action;
  return rule.effect === 'deny' || facts.action !== 'administer';
}

/**
 * A login without `chats` is one whose account is not known yet: an allowance for certain accounts may still come true,
 * so it counts; the question is put again with the account's own facts. Everywhere else no facts means no match.
 */
function coversChat(rule: Rule, facts: Facts): boolean {
  const { chat } = rule;
  if (chat === undefined) return true;
  if (facts.chats === undefined) return rule.effect === 'allow' && facts.action === 'login';
  return facts.chats.some((fact) => chatFits(chat, fact));
}

function byWeight(a: Rule, b: Rule): number {
  if ((a.reason === undefined) !== (b.reason === undefined)) return a.reason === undefined ? 1 : -1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
