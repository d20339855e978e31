// The experiment of glare: both of each pair send at once and go on sending while they receive. Counts what did not arrive readable.
import type { Cures } from '../../../../src/networks/whatsapp/cures.ts';
import type { Ledger } from '../../../../src/networks/whatsapp/state/ledger.ts';
import type { Pauses } from './chance.ts';
import { Party } from './party.ts';
import { Post } from './post.ts';

export interface Glare {
  readonly pairs: number;
  /** Messages of each party. */
  readonly each: number;
  readonly pauses: Pauses;
  readonly cures: Partial<Cures>;
  readonly ledger: (number: number) => Ledger;
}

export async function glare({
  pairs,
  each,
  pauses,
  cures,
  ledger,
}: Glare): Promise<{ readonly sent: number; readonly lost: number }> {
  const post = new Post();
  const ask = async (): Promise<void> => await pauses.pause(1 + pauses.pick(4));
  const parties: Party[] = [];
  for (let number = 1; number <= pairs * 2; number += 1) {
    const party = await Party.open({ number, ledger: ledger(number), post, cures, ask });
    await party.uploadPreKeys(4);
    parties.push(party);
  }
  const receiving = new Set<Promise<void>>();
  const leaving = parties.map((party) =>
    post.attend(party.jid, (node) => {
      const done = party.receive(node).finally(() => receiving.delete(done));
      receiving.add(done);
    }),
  );
  await Promise.all(
    parties.map(async (party, index) => {
      const other = parties[index ^ 1];
      if (other === undefined) throw new Error('nobody to talk to');
      for (let number = 0; number < each; number += 1) {
        await party.send(other, `${party.jid}-${number}`, `message ${number}`);
        await pauses.pause(pauses.pick(3));
      }
    }),
  );
  while (receiving.size > 0) await Promise.all(receiving);
  for (const leave of leaving) leave();
  const heard = parties.reduce((sum, party) => sum + new Set(party.heard.map(({ id }) => id)).size, 0);
  await Promise.all(parties.map(async (party) => await party.close()));
  return { sent: parties.length * each, lost: parties.length * each - heard };
}
