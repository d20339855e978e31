// Whether somebody new may be written to: nobody unless a rule names it, and what whoever is refused is told; knows no store.
import { describe, expect, test } from '@jest/globals';
import { as, type NetworkId, type UserId } from '../../src/model/ids.ts';
import type { Facts, Rule, RuleAction } from '../../src/model/rules.ts';
import { decide } from '../../src/policy/decide.ts';
import { startRefusal } from '../../src/policy/refusal.ts';
import { allowanceFor } from '../../src/policy/rule-text.ts';
import { render } from '../../src/words/index.ts';

const telegram = as<NetworkId>('telegram');
const alice = as<UserId>('@alice:example.org');
const asked: Facts = {
  action: 'start-chat',
  user: alice,
  network: telegram,
  chats: ['direct:7', 'username:bob', 'phone:+33612345678'],
};

function rule(effect: Rule['effect'], action: Rule['action'], more: Partial<Rule> = {}): Rule {
  return { id: `${effect}-${action}`, effect, action, source: 'file', by: 'file', madeAt: 0, ...more };
}

const table: readonly (readonly [what: string, rules: readonly Rule[], effect: Rule['effect'], facts?: Facts])[] = [
  ['no rule at all', [], 'deny'],
  ['having chats carried', [rule('allow', 'bridge')], 'deny'],
  ['signing in', [rule('allow', 'login')], 'deny'],
  ['administering', [rule('allow', 'administer')], 'deny'],
  ['a rule that names it', [rule('allow', 'start-chat')], 'allow'],
  ['a rule about everything', [rule('allow', 'any')], 'allow'],
  ['a rule about everything on another network', [rule('allow', 'any', { network: as('whatsapp') })], 'deny'],
  ['numbers of this country', [rule('allow', 'start-chat', { chat: 'phone:+33*' })], 'allow'],
  ['numbers of another one', [rule('allow', 'start-chat', { chat: 'phone:+44*' })], 'deny'],
  ['this person by name, in whatever case', [rule('allow', 'start-chat', { chat: 'username:BOB' })], 'allow'],
  ['private chats', [rule('allow', 'start-chat', { chat: 'direct:*' })], 'allow'],
  ['somebody else here', [rule('allow', 'start-chat', { user: ':example.com' })], 'deny'],
  ['this person and a prohibition', [rule('allow', 'any'), rule('deny', 'start-chat')], 'deny'],
  ['everybody but this person', [rule('allow', 'any'), rule('deny', 'start-chat', { chat: 'username:bob' })], 'deny'],
  ['everything being forbidden', [rule('allow', 'start-chat'), rule('deny', 'any')], 'deny'],
  ['a rule that is over', [rule('allow', 'start-chat', { expiresAt: 10 })], 'deny'],
  [
    'some people, while nobody is named',
    [rule('allow', 'start-chat', { chat: 'direct:*' })],
    'deny',
    { ...asked, chats: [] },
  ],
];

describe('to write first to somebody new', () => {
  test.each(table)('is judged by %s', (_, rules, effect, facts = asked) => {
    expect(decide(rules, facts, 10).effect).toBe(effect);
    expect(decide(rules.toReversed(), facts, 10).effect).toBe(effect);
  });

  test('lets nobody do anything else', () => {
    const others: readonly RuleAction[] = ['login', 'bridge', 'administer'];
    for (const action of others) {
      expect(decide([rule('allow', 'start-chat')], { ...asked, action }, 0).effect).toBe('deny');
    }
  });

  test('is refused with the reason of the rule, or with what to ask an administrator for', () => {
    const told = (rules: readonly Rule[]): readonly string[] => {
      const words = startRefusal(
        decide(rules, asked, 0),
        { action: 'start-chat', user: alice, network: telegram },
        'Telegram',
      );
      return [render(words, 'en'), render(words, 'fr')];
    };
    expect(told([])).toEqual([
      'You may not begin this conversation on Telegram: no rule allows it. Ask an administrator for `allow start-chat @alice:example.org telegram`.',
      'Vous ne pouvez pas commencer cette conversation sur Telegram : aucune règle ne l’autorise. Demandez `allow start-chat @alice:example.org telegram` à un administrateur.',
    ]);
    for (const said of told([rule('deny', 'start-chat', { reason: 'the move is over' })])) {
      expect(said).toMatch(/Telegram.*: the move is over$/);
    }
    for (const said of told([rule('deny', 'start-chat')])) expect(said).not.toContain('allow');
  });

  test('is allowed by just the rule that is named', () => {
    expect(allowanceFor(asked)).toBe('allow start-chat @alice:example.org telegram direct:7');
    expect(allowanceFor({ action: 'login', user: alice })).toBe('allow login @alice:example.org');
    const spaced = allowanceFor({ ...asked, chats: ['name:two words'] });
    expect(spaced).toBe('allow start-chat @alice:example.org telegram "name:two words"');
  });
});
