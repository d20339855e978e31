// The words of what is answered, for a network that no longer remembers them: from the room, where they stand. Knows no wire.
import { BridgeError } from '../../model/errors.ts';
import type { MessageId, PortalKey } from '../../model/ids.ts';
import type { FlowDoors } from '../doors.ts';

/** As they were changed last. Undefined for what the room does not show, or no longer, and for the bridge's own notices. @throws BridgeError while the homeserver is away */
export async function wordsOf(
  doors: Pick<FlowDoors, 'links' | 'matrix'>,
  portal: PortalKey,
  message: MessageId,
): Promise<string | undefined> {
  const [link] = await doors.links.byMessage(portal, message);
  if (link === undefined) return undefined;
  try {
    return (await doors.matrix.lookAtEvent(link.room, link.event))?.words;
  } catch (error) {
    // The bot may not look there: an answer is worth more than what it quotes.
    if (error instanceof BridgeError && error.retry === 'never') return undefined;
    throw error;
  }
}
