// Typing and reading here, passed on over a line; best effort, knows no session.
import type { EphemeralAction } from '../../model/delivery.ts';
import type { PersonId } from '../../model/ids.ts';
import type { EphemeralContext } from '../../ports/network.ts';
import type { Account } from './account.ts';
import { parseMessage } from './ids.ts';
import type { Line } from './line.ts';

/** @throws the library's error, BridgeError */
export async function passOn(
  line: Line,
  { directory, chats }: Account,
  self: PersonId,
  action: EphemeralAction,
  house?: EphemeralContext,
): Promise<void> {
  const jid = directory.chatJid(action.chat);
  if (action.kind === 'typing') {
    await line.socket.sendPresenceUpdate(action.active ? 'composing' : 'paused', jid);
    return;
  }
  await directory.know(line, action);
  const read = await chats.readUpTo(action.chat, action.upTo, house?.saidBefore);
  const keys = read.flatMap((message) => {
    const { sender, id } = parseMessage(message);
    if (sender === self) return [];
    const group = jid.endsWith('@g.us') ? { participant: directory.personJid(action.chat, sender) } : {};
    return [{ remoteJid: jid, id, fromMe: false, ...group }];
  });
  if (keys.length > 0) await line.markRead(keys);
}
