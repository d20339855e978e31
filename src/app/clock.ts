// The real clock; tests use another.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/stores.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
