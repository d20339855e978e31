// Sets how long what is said stays in a chat: a group by asking the server, a private chat by saying so; and remembers it. Knows no Matrix.
import type { GroupAction } from '../../model/delivery.ts';
import type { EffectId } from '../../model/ids.ts';
import type { ActionReceipt, NetworkSink } from '../../ports/network.ts';
import type { ChatBook } from './chat-book.ts';
import type { Groups } from './groups.ts';
import { chatKind } from './ids.ts';
import type { Line } from './line.ts';
import type { House, Sends } from './sends.ts';

export interface TimerDoors {
  readonly groups: Groups;
  readonly sends: Sends;
  readonly chats: ChatBook;
  readonly sink: Pick<NetworkSink, 'keep'>;
}

export class TimerDesk {
  readonly #doors: TimerDoors;

  constructor(doors: TimerDoors) {
    this.#doors = doors;
  }

  /** Done again after a crash, it is remembered again. @throws BridgeError */
  async perform(
    line: Line,
    action: Extract<GroupAction, { kind: 'set-timer' }>,
    effect: EffectId,
    { heardBefore }: House,
  ): Promise<ActionReceipt> {
    const { groups, sends, chats, sink } = this.#doors;
    const group = chatKind(action.chat) === 'group';
    const house = heardBefore === undefined ? {} : { heardBefore };
    const receipt = group
      ? await groups.perform(line, action, effect)
      : await sends.perform(line, action, effect, house);
    // Of a group the server tells when it was; our own clock may be ahead of its.
    const since = group ? {} : { since: Math.floor(receipt.at / 1000) };
    chats.time(action.chat, { seconds: action.seconds, ...since });
    // Of what is set here no news comes back in a private chat.
    const { changes, written } = chats.take();
    await sink.keep(changes);
    written();
    return receipt;
  }
}
