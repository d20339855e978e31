// A rule in the words of the commands, for lists and the audit; the same in every language, since it can be typed back.
import type { Facts, Rule } from '../model/rules.ts';

/** For example `r-1a2b3c4d: allow login :example.org telegram until 2027-01-31`. */
export function ruleText(rule: Rule): string {
  const parts: string[] = wordsOf(rule);
  if (rule.notBefore !== undefined) parts.push(`from ${moment(rule.notBefore, 0)}`);
  if (rule.expiresAt !== undefined) parts.push(`until ${moment(rule.expiresAt, LAST_MS_OF_DAY)}`);
  if (rule.reason !== undefined) parts.push(`reason ${rule.reason}`);
  return `${rule.id}: ${parts.join(' ')}`;
}

/** What an administrator would type to allow just what is asked, for example `allow start-chat @alice:example.org telegram`. */
export function allowanceFor({ action, user, network, chats }: Facts): string {
  const [chat] = chats ?? [];
  const about = { ...(network === undefined ? {} : { network }), ...(chat === undefined ? {} : { chat }) };
  return wordsOf({ effect: 'allow', action, user, ...about }).join(' ');
}

function wordsOf({
  effect,
  action,
  user = '*',
  network,
  chat,
}: Pick<Rule, 'effect' | 'action'> & Partial<Rule>): string[] {
  return [
    effect,
    action,
    user,
    ...(network === undefined ? [] : [network]),
    ...(chat === undefined ? [] : [quoted(chat)]),
  ];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LAST_MS_OF_DAY = DAY_MS - 1;

/** A date alone when the moment is that end of its day (UTC), else with the time. */
function moment(at: number, within: number): string {
  const text = new Date(at).toISOString();
  return at % DAY_MS === within ? text.slice(0, 10) : text;
}

function quoted(text: string): string {
  return /\s/.test(text) ? `"${text}"` : text;
}
