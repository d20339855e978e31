// The same random scripts on Synapse and on the double: everybody gets the same answers and sees the same room.
import { expect, test } from '@jest/globals';
import { replay } from '../../homeserver/replay.ts';

test.each([
  ['12', 20_261],
  ['12', 7],
  ['11', 4_711],
] as const)(
  'a random script ends alike on both, room version %s, seed %i',
  async (version, seed) => {
    const [synapse, double] = [await replay('synapse', version, seed), await replay('double', version, seed)];
    expect(synapse.length).toBeGreaterThan(60);
    expect(double).toEqual(synapse);
  },
  120_000,
);
