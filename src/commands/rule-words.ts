// Reads the words after allow and deny into a rule: `<action> [user] [network] [chat] [until DATE] [reason …]`; knows no desk.
import type { NetworkId } from '../model/ids.ts';
import type { RuleAction } from '../model/rules.ts';
import { say, type Say } from '../model/say.ts';
import type { RuleDraft } from '../policy/policy-desk.ts';
import { plain, tame, type Token } from './tokens.ts';

export type Words = Omit<RuleDraft, 'effect'> & {
  /** `*` was written, so that nobody in particular is meant on purpose. */
  readonly everybody: boolean;
};
export type ReadWords =
  | { readonly words: Words }
  | { readonly problem: Say }
  /** This word fits nowhere; absent when one is missing. */
  | { readonly wrong: string | undefined };

interface Draft {
  user?: string;
  network?: NetworkId;
  chat?: string;
  expiresAt?: number;
  reason?: string;
}

const ACTIONS = new Map<string, RuleAction | 'any'>([
  ['login', 'login'],
  ['connexion', 'login'],
  ['bridge', 'bridge'],
  ['conversation', 'bridge'],
  ['start-chat', 'start-chat'],
  ['nouvelle-conversation', 'start-chat'],
  ['administer', 'administer'],
  ['administrer', 'administer'],
  ['any', 'any'],
  ['tout', 'any'],
]);
const UNTIL = new Set(['until', "jusqu'au", 'jusquau', 'jusque']);
const REASON = new Set(['reason', 'raison', 'motif']);
const LAST_MS_OF_DAY = 24 * 60 * 60 * 1000 - 1;
/** `@name:server`, `@*:server`, `:server`, `@*`; no spaces. */
const USER = /^@[^\s:]+(?::\S+)?$|^:\S+$/;
const CHAT = /^[a-z][a-z0-9-]*:\S/i;

export interface Reading {
  readonly args: readonly Token[];
  readonly line: string;
  readonly now: number;
  readonly network: (word: string) => NetworkId | undefined;
}

export function readRuleWords(reading: Reading): ReadWords {
  const [first, ...rest] = reading.args;
  const action = first === undefined || first.quoted ? undefined : ACTIONS.get(plain(first.text));
  if (action === undefined) return { wrong: first?.text };
  const draft: Draft = {};
  let everybody = false;
  for (let at = 0; at < rest.length; at += 1) {
    const token = rest[at];
    if (token === undefined) break;
    const keyword = token.quoted ? '' : plain(token.text);
    if (REASON.has(keyword)) {
      const reason = reasonAfter(reading.line, token, rest.slice(at + 1));
      if (reason === '') return { wrong: undefined };
      draft.reason = reason;
      break;
    }
    if (UNTIL.has(keyword) && draft.expiresAt === undefined) {
      at += 1;
      const end = endOfDay(rest[at]?.text ?? '', reading.now);
      if (typeof end !== 'number') return { problem: end };
      draft.expiresAt = end;
      continue;
    }
    if (token.text === '*') {
      everybody = true;
      continue;
    }
    if (!place(draft, token.text, reading)) return { wrong: token.text };
  }
  return { words: { action, ...draft, everybody } };
}

/** Each word is known by its shape, so that those left out leave no hole; twice the same is a mistake. */
function place(draft: Draft, word: string, reading: Reading): boolean {
  const network = reading.network(word);
  if (network !== undefined && draft.network === undefined) {
    draft.network = network;
    return true;
  }
  if (USER.test(word) && draft.user === undefined) {
    draft.user = word;
    return true;
  }
  if (CHAT.test(word) && draft.chat === undefined) {
    draft.chat = word;
    return true;
  }
  return false;
}

/** Everything to the end of the line, as it was typed, without quotes around the whole. */
function reasonAfter(line: string, keyword: Token, rest: readonly Token[]): string {
  const [only, more] = rest;
  return tame(only !== undefined && more === undefined ? only.text : line.slice(keyword.end));
}

/** `2027-03-31` or `31/03/2027`: that day included, by UTC, as in the configuration. */
export function endOfDay(word: string, now: number): number | Say {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(word);
  const french = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(word);
  const text = iso === null && french !== null ? `${french[3]}-${french[2]}-${french[1]}` : word;
  const at = iso === null && french === null ? Number.NaN : Date.parse(`${text}T00:00:00Z`);
  // 2027-02-31 is no day, whatever a parser makes of it.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text) {
    return say('rules.bad-date', { word: tame(word) });
  }
  const end = at + LAST_MS_OF_DAY;
  return end <= now ? say('rules.past-date', { word: tame(word) }) : end;
}
