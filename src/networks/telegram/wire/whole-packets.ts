// Lets every message of a packet be heard, whatever became of those before it; knows the library's handlers only.
import { MessageContainer } from 'telegram/tl/core/index.js';

/** What the library keeps private of its sender. */
interface Hearing {
  readonly _handlers: Record<string, (packet: Packet) => unknown>;
  _processMessage(message: unknown): Promise<void>;
}

interface Packet {
  readonly obj: { readonly messages: readonly unknown[] };
}

/**
 * The library throws a refusal out of the packet that brought it, and what follows it there, answers and news, is lost
 * though it was acknowledged.
 * @param sender the library's sender, as it is made anew with every connection
 */
export function hearWholePackets(sender: object): void {
  const hearing = sender as Hearing;
  hearing._handlers[String(MessageContainer.CONSTRUCTOR_ID)] = async ({ obj }) => {
    const failures: unknown[] = [];
    for (const message of obj.messages) {
      try {
        await hearing._processMessage(message);
      } catch (error) {
        failures.push(error);
      }
    }
    // Whoever reads the packets acts upon some of them.
    if (failures.length > 0) throw failures[0];
  };
}
