// Which desk of a login carries out what the house asks for: what is said, what is done to a group, how long things stay. Knows no Matrix.
import { isAboutGroup, type NetworkAction } from '../../model/delivery.ts';
import type { EffectId } from '../../model/ids.ts';
import type { ActionReceipt, PerformContext } from '../../ports/network.ts';
import { Groups, type GroupDoors } from './groups.ts';
import type { Line } from './line.ts';
import { Sends, type SendDoors } from './sends.ts';
import { TimerDesk } from './timer-desk.ts';

/** @throws BridgeError */
export type Perform = (
  line: Line,
  action: NetworkAction,
  effect: EffectId,
  context: Pick<PerformContext, 'open' | 'inTime' | 'wordsOf'>,
) => Promise<ActionReceipt>;

export function performing(doors: Omit<SendDoors, 'know' | 'context'> & Omit<GroupDoors, 'sends'>): Perform {
  const { chats, directory, sink } = doors;
  const sends = new Sends({
    ...doors,
    know: async (line, action) => await directory.know(line, action),
    context: () => directory.writeContext(),
  });
  const groups = new Groups({ ...doors, sends });
  const timers = new TimerDesk({ groups, sends, chats, sink });
  return async (line, action, effect, context) => {
    if (action.kind === 'set-timer') return await timers.perform(line, action, effect);
    if (action.kind === 'set-picture')
      return await groups.setPicture(line, action, async (source) => await context.open(source));
    if (isAboutGroup(action)) return await groups.perform(line, action, effect);
    return await sends.perform(line, action, effect, context);
  };
}
