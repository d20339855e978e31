// Lets requests that are made in the same moment travel in one packet, and each for itself; knows the library's send queue only.

/** What the library calls MessagePacker; its types keep it private. */
interface SendQueue {
  append(state: Chained | undefined, setReady?: boolean, atStart?: boolean): void;
  wait(): Promise<void>;
}

/** The library makes every send wait for the one before it, whatever chats they go to. */
interface Chained {
  after?: unknown;
}

const packed = new WeakSet<SendQueue>();

/**
 * @param sender the library's sender, as it is made anew with every connection
 * @param alone ties no send to the one before: one that is refused would take the others with it, and a chat's order is kept
 * by asking for one at a time
 */
export function packTogether(sender: object, alone: boolean): void {
  const { _sendQueue: queue } = sender as { readonly _sendQueue?: SendQueue };
  if (queue === undefined || packed.has(queue)) return;
  packed.add(queue);
  const [append, wait] = [queue.append.bind(queue), queue.wait.bind(queue)];
  queue.append = (state, setReady, atStart) => {
    append(state, setReady, atStart);
    if (alone && state !== undefined) delete state.after;
  };
  queue.wait = async () => {
    await wait();
    // The first of several wakes the library; the rest come before this turn ends.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  };
}
