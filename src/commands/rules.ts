// The administrators' commands: allow, deny, rules; lays down nothing itself, the policy desk does.
import type { Facts, Rule } from '../model/rules.ts';
import { say, type Language } from '../model/say.ts';
import { allowanceFor, ruleText } from '../policy/rule-text.ts';
import { render } from '../words/index.ts';
import { as, type UserId } from '../model/ids.ts';
import { reply, type Call, type Command, type CommandResult } from './doors.ts';
import { misunderstood, usage } from './misunderstood.ts';
import { findNetwork } from './networks.ts';
import { readRuleWords, type ReadWords } from './rule-words.ts';
import { plain, tame, type Token } from './tokens.ts';

/** Again after a crash: the rule's id comes from the event, so the same rule is found, not made twice. */
const allow: Command = {
  name: 'allow',
  names: ['allow', 'autoriser'],
  help: 'help.allow',
  who: 'administrator',
  run: async (call) => {
    const read = readWords(call, call.args);
    if (!('words' in read)) return wrongWords(call, read);
    const { everybody, ...draft } = read.words;
    if (draft.user === undefined && !everybody) return reply(say('rules.say-everybody'));
    const rule = await call.doors.policy.allow(draft, call.request.user, call.request.event);
    return reply(say('rules.made', { rule: ruleText(rule) }));
  },
};

/** Again after a crash: as allow. */
const deny: Command = {
  name: 'deny',
  names: ['deny', 'refuser', 'interdire'],
  help: 'help.deny',
  who: 'administrator',
  run: async (call) => {
    const read = readWords(call, call.args);
    if (!('words' in read)) return wrongWords(call, read);
    const { everybody: _, ...draft } = read.words;
    const rule = await call.doors.policy.deny(draft, call.request.user, call.request.event);
    return reply(say('rules.made', { rule: ruleText(rule) }));
  },
};

/** Again after a crash: a rule removed already is said to be unknown; nothing else happens. */
const rules: Command = {
  name: 'rules',
  names: ['rules', 'regles'],
  help: 'help.rules',
  who: 'administrator',
  run: async (call) => {
    const [verb, ...rest] = call.args;
    if (verb === undefined) return await list(call);
    const word = plain(verb.text);
    if (['remove', 'retirer', 'supprimer'].includes(word)) return await remove(call, rest);
    if (['explain', 'expliquer'].includes(word)) return await explain(call, rest);
    return misunderstood(call, verb.text);
  },
};

async function list(call: Call): Promise<CommandResult> {
  const all = await call.doors.policy.list();
  if (all.length === 0) return reply(say('rules.none'));
  const now = call.doors.clock.now();
  const lines = all.map((rule) => lineOf(rule, now, call.request.language));
  return reply(say('rules.list', { lines: lines.join('\n') }));
}

function lineOf(rule: Rule, now: number, language: Language): string {
  const text = tameRule(rule);
  const expired = rule.expiresAt !== undefined && now >= rule.expiresAt;
  const tail = expired ? ` ${render(say('rules.expired'), language)}` : '';
  if (rule.source === 'file') return `${render(say('rules.line-of-file', { rule: text }), language)}${tail}`;
  const when = new Date(rule.madeAt).toISOString().slice(0, 10);
  return `${render(say('rules.line', { rule: text, by: rule.by, when }), language)}${tail}`;
}

async function remove(call: Call, args: readonly Token[]): Promise<CommandResult> {
  const [word, extra] = args;
  if (word === undefined) return usage(call);
  if (extra !== undefined) return misunderstood(call, extra.text);
  const id = word.text.replace(/:$/, '');
  const outcome = await call.doors.policy.remove(id, call.request.user);
  const said = { removed: 'rules.removed', unknown: 'rules.unknown', 'of-file': 'rules.of-file' } as const;
  return reply(say(said[outcome], { id: tame(id) }));
}

/** `rules explain login @alice:example.org telegram`: the verdict and what each rule has to do with it. */
async function explain(call: Call, args: readonly Token[]): Promise<CommandResult> {
  const read = readWords(call, args);
  if (!('words' in read)) return wrongWords(call, read);
  const { action, user, network, chat } = read.words;
  if (action === 'any' || user === undefined) return usage(call);
  const facts: Facts = {
    action,
    user: as<UserId>(user),
    ...(network === undefined ? {} : { network }),
    ...(chat === undefined ? {} : { chats: [chat] }),
  };
  const { policy } = call.doors;
  const { language } = call.request;
  const verdict = await policy.may(facts);
  const lines = (await policy.explain(facts)).map(
    ({ rule, standing }) => `- ${tameRule(rule)} (${render(say(`standing.${standing}`), language)})`,
  );
  const key = verdict.effect === 'allow' ? 'rules.explain-allowed' : 'rules.explain-denied';
  const explained = say(key, { lines: lines.length === 0 ? render(say('rules.none'), language) : lines.join('\n') });
  // Where a rule denies, no other one helps.
  const missing = verdict.effect === 'deny' && verdict.because.length === 0;
  return reply(explained, ...(missing ? [say('rules.explain-write', { rule: tame(allowanceFor(facts)) })] : []));
}

function readWords(call: Call, args: readonly Token[]): ReadWords {
  return readRuleWords({
    args,
    line: call.line,
    now: call.doors.clock.now(),
    network: (word) => findNetwork(call.doors, word),
  });
}

function wrongWords(call: Call, read: Exclude<ReadWords, { words: unknown }>): CommandResult {
  if ('problem' in read) return reply(read.problem);
  return read.wrong === undefined ? usage(call) : misunderstood(call, read.wrong);
}

function tameRule(rule: Rule): string {
  return tame(ruleText(rule));
}

export const ruleCommands: readonly Command[] = [allow, deny, rules];
