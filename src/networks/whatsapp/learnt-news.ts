// What the house is told when more is known of who somebody is: that two chats are one, and which number a rule may know theirs by.
// Knows neither rooms nor other logins.
import { originKey } from '../../model/effect.ts';
import type { ChatId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { PHONE, phoneFact } from './facts.ts';
import type { Learnt } from './people-desk.ts';

/** To be accepted together with what was learnt: else a crash in between would leave a room that nobody joins to the other. @param at epoch ms */
export function learntNews(
  { merged, numbered }: Pick<Learnt, 'merged' | 'numbered'>,
  sink: Pick<NetworkSink, 'portalKey'>,
  at: number,
): readonly NetworkEvent[] {
  const joined = merged.map(({ from, to }): NetworkEvent => {
    const [chat, before] = [to as string as ChatId, from as string as ChatId];
    const portal = sink.portalKey(chat, 'direct');
    const key = originKey(portal, 'same-chat', before);
    return { kind: 'same-chat', key, portal, sender: to, at, via: 'live', before };
  });
  // The newest of somebody's is theirs.
  const numbers = new Map(numbered.map(({ person, pn }) => [person, pn]));
  const known = [...numbers].map(([person, pn]): NetworkEvent => {
    const portal = sink.portalKey(person as string as ChatId, 'direct');
    // No key bears a number; somebody may have a former one again.
    const key = originKey(portal, 'number', String(at));
    const now = pn === undefined ? [] : [phoneFact(pn)];
    return { kind: 'facts', key, portal, sender: person, at, via: 'live', of: PHONE, now };
  });
  return [...joined, ...known];
}
