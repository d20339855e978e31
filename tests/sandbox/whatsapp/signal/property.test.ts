// Thousands of random steps between our own devices, from seeds: whatever order, loss, repetition, glare, damage and gaps
// there are, each true message is read exactly once as long as its session is kept, and the same seed does the same again.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { SignalDevice, type Sealed } from '../../../../sandbox/whatsapp/signal/device.ts';
import { SignalError } from '../../../../sandbox/whatsapp/signal/errors.ts';
import { randomBelow, seededRandom } from '../../../../sandbox/whatsapp/signal/random.ts';
import { LossyPath } from './support/lossy-path.ts';

interface Mail extends Sealed {
  readonly from: 0 | 1;
  readonly plaintext: string;
  readonly damaged: boolean;
}

/** Sessions begun in one run: fewer than a record keeps, so that nothing is unreadable for want of its session. */
const MOST_SESSIONS = 30;

/** The digest is over every byte that was sent, in order. */
function run(
  seed: string,
  steps: number,
): { read: number; repeated: number; damaged: number; begun: number; digest: string } {
  const random = seededRandom(seed);
  const devices = [0, 1].map((side) => new SignalDevice({ random: seededRandom(`${seed} device ${side}`) })) as [
    SignalDevice,
    SignalDevice,
  ];
  const path = new LossyPath<Mail>(random);
  const digest = createHash('sha256');
  const tally = { read: 0, repeated: 0, damaged: 0, begun: 0 };

  const send = (from: 0 | 1, step: number): void => {
    const [us, them] = [devices[from], devices[1 - from] as SignalDevice];
    const anew = tally.begun < MOST_SESSIONS && randomBelow(random, 50) === 0;
    if (anew || !us.hasSession('peer')) {
      tally.begun += 1;
      us.startSession('peer', them.bundle(randomBelow(random, 2) === 0 ? 'fresh' : 'none'));
    }
    if (randomBelow(random, 40) === 0) us.skipMessages('peer', randomBelow(random, 20));
    const damaged = randomBelow(random, 25) === 0;
    const plaintext = `${step} from ${from}`;
    const sealed = us.encryptTo('peer', Buffer.from(plaintext), { damage: damaged ? 'mac' : 'none' });
    digest.update(sealed.type).update(sealed.bytes);
    path.send({ ...sealed, from, plaintext, damaged });
  };

  const deliver = (): void => {
    const delivery = path.deliver();
    if (delivery === undefined) return;
    const { type, bytes, from, plaintext, damaged } = delivery.item;
    let got: string;
    try {
      got = devices[1 - from]?.decrypt('peer', type, bytes).toString() ?? '';
    } catch (error) {
      if (!(error instanceof SignalError)) throw error;
      got = error.reason;
    }
    const outcome = damaged ? 'damaged' : delivery.before > 0 ? 'repeated' : 'read';
    expect(got).toBe({ damaged: 'bad-mac', repeated: 'duplicate', read: plaintext }[outcome]);
    tally[outcome] += 1;
  };

  for (let step = 0; step < steps; step += 1) {
    const dice = randomBelow(random, 100);
    if (dice < 48) send(dice % 2 === 0 ? 0 : 1, step);
    else if (dice < 52) path.lose();
    else deliver();
  }
  while (path.waiting > 0) deliver();
  return { ...tally, digest: digest.digest('hex') };
}

describe('two devices of ours', () => {
  test.each(['one', 'two', 'three'])('read everything once, whatever happens on the way (seed %s)', (seed) => {
    const tally = run(seed, 3000);
    expect(tally.read).toBeGreaterThan(1000);
    expect(tally.repeated).toBeGreaterThan(50);
    expect(tally.damaged).toBeGreaterThan(20);
    expect(tally.begun).toBeGreaterThan(5);
  });

  test('do the same again with the same seed, and something else with another', () => {
    expect(run('again', 500)).toEqual(run('again', 500));
    expect(run('again', 500).digest).not.toBe(run('other', 500).digest);
  });

  test('send the same group messages again with the same seed, signatures included', () => {
    const sent = (seed: string): string[] => {
      const device = new SignalDevice({ random: seededRandom(seed) });
      return [device.distribution('group'), device.encryptGroup('group', Buffer.from('hello'))].map((bytes) =>
        bytes.toString('hex'),
      );
    };
    expect(sent('group')).toEqual(sent('group'));
    expect(sent('group')).not.toEqual(sent('other'));
  });
});
