// What rules may match a chat of WhatsApp on beside its own name, as it is spelled everywhere. Pure.
import type { ChatId } from '../../model/ids.ts';

export const COMMUNITY = 'community';
export const PHONE = 'phone';

/** @param community its own group, in which nobody writes */
export function communityFact(community: ChatId): string {
  return `${COMMUNITY}:${community}`;
}

/** @param pn digits */
export function phoneFact(pn: string): string {
  return `${PHONE}:+${pn}`;
}
