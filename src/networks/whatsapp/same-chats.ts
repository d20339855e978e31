// What the house is told when two people turn out to be one: that their chats are one. Knows neither rooms nor other logins.
import { originKey } from '../../model/effect.ts';
import type { ChatId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Merged } from './people-book.ts';

/** To be accepted together with what was learnt: else a crash in between would leave a room that nobody joins to the other. @param at epoch ms */
export function sameChats(
  merged: readonly Merged[],
  sink: Pick<NetworkSink, 'portalKey'>,
  at: number,
): readonly NetworkEvent[] {
  return merged.map(({ from, to }): NetworkEvent => {
    const [chat, before] = [to as string as ChatId, from as string as ChatId];
    const portal = sink.portalKey(chat, 'direct');
    const key = originKey(portal, 'same-chat', before);
    return { kind: 'same-chat', key, portal, sender: to, at, via: 'live', before };
  });
}
