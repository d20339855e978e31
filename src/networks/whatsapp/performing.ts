// Which desk of a login carries out what the house asks for: what is said, what is done to a group, how long things stay. Knows no Matrix.
import { isAboutGroup, type NetworkAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import type { EffectId, PersonId } from '../../model/ids.ts';
import type { ActionReceipt, PerformContext } from '../../ports/network.ts';
import type { Directory } from './directory.ts';
import { codeOf } from './group-errors.ts';
import { Groups, type GroupDoors } from './groups.ts';
import { chatKind, parseMessage } from './ids.ts';
import type { Line } from './line.ts';
import { noAnswer } from './no-answer.ts';
import { Sends, type House, type SendDoors } from './sends.ts';
import { TimerDesk } from './timer-desk.ts';

/** @throws BridgeError */
export type Perform = (
  line: Line,
  action: NetworkAction,
  effect: EffectId,
  context: Pick<PerformContext, 'open'> & House,
) => Promise<ActionReceipt>;

export function performing(doors: Omit<SendDoors, 'know' | 'context'> & Omit<GroupDoors, 'sends'>): Perform {
  const { chats, directory, sink } = doors;
  const sends = new Sends({
    ...doors,
    know: async (line, action) => {
      await directory.know(line, action);
      if (action.kind === 'remove') await mayRemove(directory, doors.self, line, action);
    },
    context: () => directory.writeContext(),
  });
  const groups = new Groups({ ...doors, sends });
  const timers = new TimerDesk({ groups, sends, chats, sink });
  return async (line, action, effect, context) => {
    if (action.kind === 'set-timer') return await timers.perform(line, action, effect, context);
    if (action.kind === 'set-picture')
      return await groups.setPicture(line, action, async (source) => await context.open(source));
    if (isAboutGroup(action)) return await groups.perform(line, action, effect);
    return await sends.perform(line, action, effect, context);
  };
}

/** Phones ignore the deletion of somebody else's message by who is no admin, and nobody says so. @throws BridgeError */
async function mayRemove(
  directory: Pick<Directory, 'admins'>,
  self: PersonId,
  line: Line,
  { chat, target }: Extract<NetworkAction, { kind: 'remove' }>,
): Promise<void> {
  if (chatKind(chat) !== 'group' || parseMessage(target).sender === self) return;
  try {
    if ((await directory.admins(line, chat)).has(self)) return;
  } catch (error) {
    // The server refuses to tell: what is sent there gets its own answer.
    if (codeOf(error) !== undefined) return;
    throw noAnswer(error);
  }
  throw new BridgeError('whatsapp-not-admin', 'never', 'whatsapp.not-admin-of-message', {
    values: { network: 'WhatsApp' },
  });
}
