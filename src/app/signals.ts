// SIGTERM and SIGINT ask the bridge to stop; a second one ends it at once, which costs nobody a message.
import type { Logger } from '../ports/stores.ts';

export interface StopSignal {
  readonly signal: AbortSignal;
  forget(): void;
}

/** 128 + SIGTERM's number, as shells report it. */
const ENDED_BY_SIGNAL = 143;
/** Nobody asks twice within this; service managers wait much longer before they insist, in ms. */
const SAME_REQUEST_MS = 1_000;

export function stopSignal(log: Logger): StopSignal {
  const controller = new AbortController();
  let first = 0;
  const asked = (): void => {
    if (controller.signal.aborted) {
      // A signal to the whole group comes twice: directly, and handed on by the launcher.
      if (performance.now() - first < SAME_REQUEST_MS) return;
      log.warn({}, 'ended at once, as asked twice');
      process.exit(ENDED_BY_SIGNAL);
    }
    first = performance.now();
    controller.abort();
  };
  process.on('SIGTERM', asked);
  process.on('SIGINT', asked);
  return {
    signal: controller.signal,
    forget: () => {
      process.off('SIGTERM', asked);
      process.off('SIGINT', asked);
    },
  };
}
