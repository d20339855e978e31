// Puts the journal and the gate around the library's socket: every stanza is heard before the library acts on it.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Socket } from 'node:net';
import type { Cures } from '../cures.ts';
import { Gate, type FrameSent } from './gate.ts';
import type { Journal } from './journal.ts';

/** The library's own client of the socket (`sock.ws`), as far as it matters here. */
export interface LibrarySocket {
  prependListener(event: 'frame', listener: (frame: Uint8Array | BinaryNode) => void): unknown;
}

interface RawSocket {
  send(frame: Uint8Array | string, sent?: FrameSent): void;
}

/**
 * To be called in the turn that made the socket, before anything was sent on it.
 * @param wants which stanzas are kept besides encrypted messages
 * @throws Error when the library keeps its socket elsewhere than it used to
 */
export function guardSocket(
  ws: LibrarySocket,
  journal: Pick<Journal, 'heard'>,
  cures: Cures,
  wants: (node: BinaryNode) => boolean = () => true,
): Gate {
  const raw = Reflect.get(ws, 'socket') as RawSocket | null | undefined;
  if (typeof raw?.send !== 'function') throw new Error('the library keeps its socket elsewhere');
  const send = together(raw);
  const gate = new Gate({ send });
  raw.send = (frame, sent) => gate.send(frame, sent);
  ws.prependListener('frame', (frame) => {
    if (frame instanceof Uint8Array || !wants(frame)) return;
    const commit = journal.heard(frame);
    if (cures.inTurn && frame.tag === 'message') queueUp(frame);
    if (commit === undefined) return;
    if (cures.gate) gate.hold(commit);
    // The writer has told its line why nothing is kept any more.
    else commit.catch(() => undefined);
  });
  return gate;
}

/**
 * The library works off what was stored for us one by one, and beside it whatever comes now: a group's message before the one that
 * brought its key. By this mark, which it looks at for nothing else that matters here, it takes both into one queue.
 */
function queueUp(message: BinaryNode): void {
  if (!message.attrs['offline']) message.attrs['offline'] = '0';
}

/** Frames of one turn leave together: each write of its own is a call of the system. */
function together(raw: RawSocket): RawSocket['send'] {
  const send = raw.send.bind(raw);
  let holding = false;
  return (frame, sent) => {
    const stream = Reflect.get(raw, '_socket') as Pick<Socket, 'cork' | 'uncork'> | null | undefined;
    if (!holding && typeof stream?.cork === 'function') {
      holding = true;
      stream.cork();
      setImmediate(() => {
        holding = false;
        stream.uncork();
      });
    }
    send(frame, sent);
  };
}
