// Keeps the Matrix client library from filling the screen and from holding the process; knows no test.
import { logger } from 'matrix-js-sdk/lib/logger.js';

interface Loudness {
  methodFactory: () => () => void;
  rebuild(): void;
}

/** The library leaves one timer behind for every request, as long as its longest wait. */
const LEFT_BEHIND_MS = 60_000;

let tamed = false;

export function tameClientLibrary(): void {
  if (tamed) return;
  tamed = true;
  // Its children take the factory over.
  const loud = logger as unknown as Loudness;
  loud.methodFactory = () => () => undefined;
  loud.rebuild();
  const real = globalThis.setTimeout;
  const letting = (...args: Parameters<typeof real>): NodeJS.Timeout => {
    const timer = real(...args);
    if ((args[1] ?? 0) >= LEFT_BEHIND_MS) timer.unref();
    return timer;
  };
  globalThis.setTimeout = Object.assign(letting, real);
}
