// The one event that Node forgets when a simulator breaks a connection. Knows sockets, no protocol.
import type { Socket } from 'node:net';

/** What a socket still holds while its failed reset is told. */
interface Held {
  readonly _handle?: { close(): void } | null;
}

/**
 * Lets `socket` close, and say so, also when its reset came while it was being shut down: libuv then refuses the reset (EINVAL), and
 * Node 24 takes the socket for closed, keeps it open and says nothing (net.js, `_destroy`). Other errors are followed by 'close'.
 */
export function closeAfterReset(socket: Socket): void {
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall !== 'reset') return;
    (socket as unknown as Held)._handle?.close();
    socket.emit('close', true);
  });
}
