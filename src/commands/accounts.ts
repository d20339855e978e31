// Which of a person's logins a command means: the account that is named, or the only one there is; guesses among several never.
import type { Puppet } from '../model/records.ts';
import { say } from '../model/say.ts';
import { reply, type Call, type CommandResult } from './doors.ts';
import { titleOf } from './networks.ts';
import { plain, tame, type Token } from './tokens.ts';

const AS: ReadonlySet<string> = new Set(['as', 'comme']);
const ALL: ReadonlySet<string> = new Set(['all', 'tous', 'toutes']);

export interface Named {
  /** As typed; absent: none was named. */
  readonly account?: string;
  readonly rest: readonly Token[];
}

/** `as <account>` before everything else. */
export function namedAccount(args: readonly Token[]): Named {
  const [word, account, ...rest] = args;
  if (word === undefined || account === undefined || word.quoted || !AS.has(plain(word.text))) return { rest: args };
  return { account: account.text, rest };
}

export function isAll(account: string): boolean {
  return ALL.has(plain(account));
}

/** Those that go by this name; all of them when none is named. */
export function goingBy(puppets: readonly Puppet[], account: string | undefined): readonly Puppet[] {
  if (account === undefined) return puppets;
  const wanted = spelled(account);
  return puppets.filter(({ name }) => spelled(name) === wanted);
}

/** @returns undefined when there is none at all */
export function oneOf(
  call: Call,
  puppets: readonly Puppet[],
  account: string | undefined,
): Puppet | CommandResult | undefined {
  const meant = goingBy(puppets, account);
  if (meant.length === 1 || puppets.length === 0) return meant[0];
  const [first] = puppets;
  const lines = listed(puppets);
  return first === undefined || meant.length === 0
    ? unknownAccount(account, puppets)
    : reply(say('account.which', { network: titleOf(call.doors, first.network), lines }));
}

/** One line each, as they are typed. */
export function listed(puppets: readonly Puppet[]): string {
  return puppets.map((puppet) => `- ${typedName(puppet)}`).join('\n');
}

/** As it is typed in a command. */
export function typedName({ name }: Puppet): string {
  return /\s/.test(name) ? `"${tame(name)}"` : tame(name);
}

/** Everything that is left of the line names an account. */
export function accountOf(words: readonly Token[]): string | undefined {
  return words.length === 0 ? undefined : words.map(({ text }) => text).join(' ');
}

export function unknownAccount(account: string | undefined, puppets: readonly Puppet[]): CommandResult {
  return reply(say('account.unknown', { account: tame(account ?? ''), lines: listed(puppets) }));
}

/** Numbers are typed with and without spaces and their plus sign. */
function spelled(name: string): string {
  const text = plain(name);
  return /^\+?[\d\s.()-]+$/.test(text) ? text.replaceAll(/\D/g, '') : text;
}
