// A ledger that takes its time, drawn from chance; knows nothing of what it keeps.
import type { Ledger } from '../../../../src/networks/whatsapp/state/ledger.ts';
import type { Pauses } from './chance.ts';

export function slow(ledger: Ledger, pauses: Pauses): Ledger {
  return {
    read: async (key) => {
      await pauses.pause(1 + pauses.pick(3));
      return await ledger.read(key);
    },
    readAll: async () => {
      await pauses.pause(1 + pauses.pick(3));
      return await ledger.readAll();
    },
    write: async (changes) => {
      await pauses.pause(1 + pauses.pick(4));
      await ledger.write(changes);
      await pauses.pause();
    },
  };
}
