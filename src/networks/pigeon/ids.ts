// Makes and parses our names for the toy network's people, chats and messages; the only file that knows how they are spelled.
import { createHash } from 'node:crypto';
import { as, type ChatId, type EffectId, type NetworkId, type PersonId, type PuppetId } from '../../model/ids.ts';

export const PIGEON = as<NetworkId>('pigeon');

/** The network has one id for a direct chat, the same for both: `d<lower>-<higher>`. Groups are `g<n>`. */
export function directChatId(a: PersonId, b: PersonId): ChatId {
  const [low = a, high = b] = [a, b].toSorted((x, y) => Number(x) - Number(y));
  return as<ChatId>(`d${low}-${high}`);
}

export function chatKind(chat: ChatId): 'direct' | 'group' {
  return chat.startsWith('d') ? 'direct' : 'group';
}

/** Stable over sign-outs of the same account by the same owner. */
export function puppetId(owner: string, account: string): PuppetId {
  const hash = createHash('sha256').update(`passerelle-pigeon-login\0${owner}\0${account}`).digest('base64url');
  return as<PuppetId>(`pg-${hash.slice(0, 22)}`);
}

/** The network does what an account does under one client id once, and answers a repeat as it answered the first. */
export function clientId(effect: EffectId): string {
  return `passerelle-${effect}`;
}
