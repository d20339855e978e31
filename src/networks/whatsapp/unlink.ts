// Takes this device off the account over a live line; knows no session.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { BridgeError } from '../../model/errors.ts';
import type { Line } from './line.ts';
import { loggedOut } from './logged-out.ts';

/** Answered, or the line ends with the words that it is no longer linked. @throws BridgeError */
export async function unlink(line: Line): Promise<void> {
  const { socket } = line;
  const jid = socket.user?.id;
  if (jid === undefined) throw loggedOut();
  const attrs = { to: 's.whatsapp.net', type: 'set', xmlns: 'md' };
  const remove: BinaryNode = { tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } };
  try {
    await socket.query({ tag: 'iq', attrs, content: [remove] });
  } catch (error) {
    // The line may end before the answer comes: then it has been done.
    if (line.alive)
      throw new BridgeError('whatsapp-logout', 'later', 'network.unreachable', {
        cause: error,
        values: { network: 'WhatsApp' },
      });
  }
}
