// Who reacts to a message of a private chat now: Telegram sends the whole list, the house hears of one person after the other. Pure.
import { originKey } from '../../model/effect.ts';
import type { ChatId, PersonId, PortalKey } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import { directChatId, messageId, personId } from './ids.ts';
import { Api } from './wire/api.ts';

/** Emoji that only Telegram has are shown as this. */
const OTHER_EMOJI = '❔';

interface Context {
  readonly self: PersonId;
  readonly portal: (chat: ChatId) => PortalKey;
}

/** @param date the envelope's, in seconds: two reactions of one second are told apart by their emoji only */
export function readReactions(context: Context, update: Api.UpdateMessageReactions, date: number): NetworkEvent[] {
  const { peer, reactions } = update;
  // "min": seen with nobody's eyes, so that nothing is said about whose they are.
  if (!(peer instanceof Api.PeerUser) || reactions.min === true) return [];
  const portal = context.portal(directChatId(peer.userId));
  const target = messageId(update.msgId);
  return [personId(peer.userId), context.self].map((sender) => {
    // Whoever is not in the list has taken theirs back, or never reacted: both are harmless to say.
    const emoji = emojiOf(reactions.recentReactions ?? [], sender);
    const key = originKey(portal, 'reaction', target, `${sender}.${emoji ?? ''}.${date}`);
    return { kind: 'reaction', key, portal, sender, at: date * 1000, via: 'live', target, emoji };
  });
}

function emojiOf(all: readonly Api.TypeMessagePeerReaction[], sender: PersonId): string | null {
  const own = all.find((one) => one.peerId instanceof Api.PeerUser && personId(one.peerId.userId) === sender);
  if (own === undefined || own.reaction instanceof Api.ReactionEmpty) return null;
  return own.reaction instanceof Api.ReactionEmoji ? own.reaction.emoticon : OTHER_EMOJI;
}
