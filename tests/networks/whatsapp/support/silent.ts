// The library's logger for tests: says nothing.
import type { addTransactionCapability } from '@whiskeysockets/baileys';

export type LibraryLogger = Parameters<typeof addTransactionCapability>[1];

export const silent: LibraryLogger = {
  level: 'silent',
  child: () => silent,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
