// A logger that says nothing; knows nothing.
import type { Logger } from '../../src/ports/stores.ts';

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
