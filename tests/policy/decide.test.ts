// The judgement against a naive oracle on random rules, and its laws; knows no store.
import { describe, expect, test } from '@jest/globals';
import { as } from '../../src/model/ids.ts';
import type { Facts, Rule, RuleAction } from '../../src/model/rules.ts';
import { decide } from '../../src/policy/decide.ts';
import { chatFits, fits, userFits } from '../../src/policy/patterns.ts';

/** Small, seeded and repeatable (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const USERS = ['@a:x', '@ab:x', '@b:y', '@a:x.y', '@A:x'];
const USER_PATTERNS = [...USERS, ':x', ':y', '*', '@*:x', '@a*:*', '@*b:x', ':*.y', '@a', ''];
const CHATS = ['direct:1', 'group:1', 'username:ab', 'username:AB'];
const CHAT_PATTERNS = [...CHATS, 'direct:*', '*', '*:1', 'u*a*', 'x'];
const ACTIONS: readonly RuleAction[] = ['login', 'bridge', 'start-chat', 'administer'];
const NETWORKS = ['p', 'q'];

function randomRule(roll: (sides: number) => number, id: number): Rule {
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  return {
    id: `r${id}`,
    effect: pick(['allow', 'deny']),
    action: pick([...ACTIONS, 'any']),
    source: 'command',
    by: as('@root:x'),
    madeAt: 0,
    ...(roll(2) === 0 ? {} : { user: pick(USER_PATTERNS) }),
    ...(roll(2) === 0 ? {} : { network: as(pick(NETWORKS)) }),
    ...(roll(2) === 0 ? {} : { chat: pick(CHAT_PATTERNS) }),
    ...(roll(3) > 0 ? {} : { notBefore: roll(10) }),
    ...(roll(3) > 0 ? {} : { expiresAt: roll(10) }),
  };
}

function randomFacts(roll: (sides: number) => number): Facts {
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  return {
    action: pick(ACTIONS),
    user: as(pick(USERS)),
    ...(roll(3) === 0 ? {} : { network: as(pick(NETWORKS)) }),
    ...(roll(3) === 0 ? {} : { chats: CHATS.filter(() => roll(2) === 0) }),
  };
}

function naiveGlob(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    return naiveGlob(pattern.slice(1), text) || (text !== '' && naiveGlob(pattern, text.slice(1)));
  }
  return text !== '' && pattern[0] === text[0] && naiveGlob(pattern.slice(1), text.slice(1));
}

function naiveUser(pattern: string, user: string): boolean {
  if (!pattern.includes(':')) return naiveGlob(pattern, user);
  const [name = '', ...server] = pattern.split(':');
  const [userName = '', ...userServer] = user.split(':');
  return (name === '' || naiveGlob(name, userName)) && naiveGlob(server.join(':'), userServer.join(':'));
}

function oracle(rules: readonly Rule[], facts: Facts, now: number): 'allow' | 'deny' {
  let allowed = false;
  for (const rule of rules) {
    if (rule.expiresAt !== undefined && rule.expiresAt <= now) continue;
    if (rule.notBefore !== undefined && rule.notBefore > now) continue;
    if (rule.action === 'any' && rule.effect === 'allow' && facts.action === 'administer') continue;
    if (rule.action !== 'any' && rule.action !== facts.action) continue;
    if (rule.user !== undefined && !naiveUser(rule.user, facts.user)) continue;
    if (rule.network !== undefined && rule.network !== facts.network) continue;
    const { chat } = rule;
    if (chat !== undefined) {
      const unknownAccount = facts.chats === undefined && facts.action === 'login';
      const known = facts.chats?.some((one) => naiveGlob(chat.toLowerCase(), one.toLowerCase())) ?? false;
      if (!known && !(unknownAccount && rule.effect === 'allow')) continue;
    }
    if (rule.effect === 'deny') return 'deny';
    allowed = true;
  }
  return allowed ? 'allow' : 'deny';
}

describe('decide', () => {
  test('agrees with a naive oracle on 100 000 random cases, and keeps its laws on each', () => {
    const roll = dice(20_260_101);
    const seen = { allow: 0, deny: 0 };
    const wrong: unknown[] = [];
    for (let n = 0; n < 100_000; n += 1) {
      const rules = Array.from({ length: roll(6) }, (_, id) => randomRule(roll, id));
      const facts = randomFacts(roll);
      const now = roll(10);
      const verdict = decide(rules, facts, now);
      seen[verdict.effect] += 1;
      if (verdict.effect !== oracle(rules, facts, now)) wrong.push({ law: 'oracle', rules, facts, now });
      const turned = decide(rules.toReversed(), facts, now);
      if (JSON.stringify(turned) !== JSON.stringify(verdict)) wrong.push({ law: 'order', rules, facts, now });
      const denial: Rule = { ...randomRule(roll, 99), effect: 'deny' };
      const stricter = decide([...rules, denial], facts, now);
      if (verdict.effect === 'deny' && stricter.effect === 'allow')
        wrong.push({ law: 'deny', rules, facts, now, denial });
      const gone = rules.map((rule) => ({ ...rule, expiresAt: now }));
      if (decide(gone, facts, now).effect === 'allow') wrong.push({ law: 'expired', rules, facts, now });
      const shorter = rules.map((rule) => (rule.effect === 'allow' ? { ...rule, expiresAt: roll(10) } : rule));
      const before = rules.map((rule) => (rule.effect === 'allow' ? { ...rule, expiresAt: 99 } : rule));
      if (decide(before, facts, now).effect === 'deny' && decide(shorter, facts, now).effect === 'allow') {
        wrong.push({ law: 'expiry', rules, facts, now });
      }
    }
    expect(wrong.slice(0, 1)).toEqual([]);
    expect(Math.min(seen.allow, seen.deny)).toBeGreaterThan(5_000);
  });

  test('a star in the name never reaches into the server', () => {
    expect(userFits('@*:agency.fr', '@eve:evil.org:agency.fr')).toBe(false);
    expect(userFits(':agency.fr:8448', '@eve:agency.fr:8448')).toBe(true);
    expect(userFits(':agency.fr', '@eve:evil-agency.fr')).toBe(false);
  });

  test('letters of a regular expression stand for themselves', () => {
    expect(fits('a.c', 'abc')).toBe(false);
    expect(fits('(a+)+$', 'aaaa')).toBe(false);
    expect(fits('[*]', '[x]')).toBe(true);
    expect(chatFits('phone:+33*', 'phone:+33612345678')).toBe(true);
  });
});
