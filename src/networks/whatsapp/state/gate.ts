// The gate on a socket's outgoing frames: nothing leaves while something that came before it is not written down. Order is kept,
// since every frame is encrypted with its number before it gets here. Knows no stanzas.

export type FrameSent = (error?: Error) => void;

export interface Frames {
  send(frame: Uint8Array | string, sent: FrameSent): void;
}

interface Held {
  readonly frame: Uint8Array | string;
  /** Absent when its sender was told already. */
  readonly sent?: FrameSent;
}

interface Hold {
  committed: boolean;
}

/** Nothing leaves any more: what came could not be written down. */
export class GateShut extends Error {
  constructor() {
    super('nothing leaves while what came is not kept');
    this.name = 'GateShut';
  }
}

/** Senders of so many frames need not wait for them: the library works off one message after the other, each up to its receipt. */
const MOST_UNHEEDED = 64;

export class Gate implements Frames {
  readonly #out: Frames;
  /** Frames and what they wait for, in the order of the stream. */
  #queue: (Held | Hold)[] = [];
  #shut = false;

  constructor(out: Frames) {
    this.#out = out;
  }

  /** Frames that wait. */
  get waiting(): number {
    return this.#queue.filter((one) => 'frame' in one).length;
  }

  /** Every frame from now on waits for this commit; when it fails, the gate shuts. */
  hold(commit: Promise<void>): void {
    if (this.#shut) {
      // Whoever shut it has said why.
      commit.catch(() => undefined);
      return;
    }
    const hold: Hold = { committed: false };
    this.#queue.push(hold);
    commit.then(
      () => {
        hold.committed = true;
        this.#drain();
      },
      () => this.shut(),
    );
  }

  /**
   * A frame that waits may be lost with its connection, as may one that the system has taken.
   * @param sent told when the frame is handed to the socket or waits here, or why it never will leave
   */
  send(frame: Uint8Array | string, sent: FrameSent = () => undefined): void {
    if (this.#shut) sent(new GateShut());
    else if (this.#queue.length === 0) this.#out.send(frame, sent);
    else if (this.#queue.length >= MOST_UNHEEDED) this.#queue.push({ frame, sent });
    else {
      this.#queue.push({ frame });
      sent();
    }
  }

  /** For good: a later frame must not tell the server that we have what we have not. */
  shut(): void {
    if (this.#shut) return;
    this.#shut = true;
    const queue = this.#queue;
    this.#queue = [];
    for (const one of queue) if ('frame' in one) one.sent?.(new GateShut());
  }

  #drain(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      if ('frame' in head) this.#out.send(head.frame, head.sent ?? (() => undefined));
      else if (!head.committed) return;
      this.#queue.shift();
    }
  }
}
