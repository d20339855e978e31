// What the library goes on with after its transaction has ended: it would read and write in the memory of that one, which nobody commits
// any more. Knows no keys.
import type { SignalKeyStoreWithTransaction } from '@whiskeysockets/baileys';
import { AsyncLocalStorage } from 'node:async_hooks';

/** From the end of a transaction on, whatever was begun in it finds the keys as if it had been begun outside. */
export function endTransactions(keys: SignalKeyStoreWithTransaction): void {
  const outside = AsyncLocalStorage.snapshot();
  const within = new AsyncLocalStorage<{ over: boolean }>();
  const isLate = (): boolean => within.getStore()?.over === true;
  const get = keys.get.bind(keys);
  const set = keys.set.bind(keys);
  const isInTransaction = keys.isInTransaction.bind(keys);
  const transaction = keys.transaction.bind(keys);
  keys.get = async (type, ids) => await (isLate() ? outside(get, type, ids) : get(type, ids));
  keys.set = async (data) => await (isLate() ? outside(set, data) : set(data));
  keys.isInTransaction = () => !isLate() && isInTransaction();
  keys.transaction = async (work, key) => {
    if (keys.isInTransaction()) return await transaction(work, key);
    const state = { over: false };
    const ending = async () => {
      try {
        return await work();
      } finally {
        state.over = true;
      }
    };
    return await outside(async () => await transaction(async () => await within.run(state, ending), key));
  };
}
