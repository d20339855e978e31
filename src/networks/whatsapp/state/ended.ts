// What the library goes on with after its transaction has ended: it would read and write in the memory of that one, which nobody commits
// any more. Knows no keys.
import type { SignalKeyStoreWithTransaction } from '@whiskeysockets/baileys';
import { AsyncLocalStorage } from 'node:async_hooks';

interface State {
  over: boolean;
  /** Or given up. */
  readonly written: PromiseWithResolvers<void>;
}

/**
 * From the end of a transaction on, whatever was begun in it finds the keys as if it had been begun outside: when they are written, since
 * what it sets is newer than what the transaction did.
 */
export function endTransactions(keys: SignalKeyStoreWithTransaction): void {
  const outside = AsyncLocalStorage.snapshot();
  const within = new AsyncLocalStorage<State>();
  /** @returns when the transaction in which this was begun is written, if it is late */
  const late = (): Promise<void> | undefined => {
    const state = within.getStore();
    return state?.over === true ? state.written.promise : undefined;
  };
  const get = keys.get.bind(keys);
  const set = keys.set.bind(keys);
  const isInTransaction = keys.isInTransaction.bind(keys);
  const transaction = keys.transaction.bind(keys);
  keys.get = async (type, ids) => {
    const written = late();
    if (written === undefined) return await get(type, ids);
    await written;
    return await outside(get, type, ids);
  };
  keys.set = async (data) => {
    const written = late();
    if (written === undefined) return await set(data);
    await written;
    await outside(set, data);
  };
  keys.isInTransaction = () => late() === undefined && isInTransaction();
  keys.transaction = async (work, key) => {
    if (keys.isInTransaction()) return await transaction(work, key);
    await late();
    const state: State = { over: false, written: Promise.withResolvers() };
    const ending = async () => {
      try {
        return await work();
      } finally {
        state.over = true;
      }
    };
    try {
      return await outside(async () => await transaction(async () => await within.run(state, ending), key));
    } finally {
      state.written.resolve();
    }
  };
}
