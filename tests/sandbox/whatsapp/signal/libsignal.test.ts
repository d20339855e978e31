// Our Signal and libsignal 6.0.0 (as Baileys runs it) in conversation, in both directions: first messages, answers,
// disorder, loss, repetition, and both starting at once. What libsignal itself spoils is counted and cured.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { SignalDevice, type Sealed } from '../../../../sandbox/whatsapp/signal/device.ts';
import { SignalError } from '../../../../sandbox/whatsapp/signal/errors.ts';
import { randomBelow, seededRandom, type RandomBytes } from '../../../../sandbox/whatsapp/signal/random.ts';
import { LibsignalParty } from './support/libsignal-party.ts';
import { LossyPath } from './support/lossy-path.ts';

// libsignal prints keys and sessions to the console.
beforeAll(() => {
  for (const method of ['error', 'warn', 'info'] as const) jest.spyOn(console, method).mockReturnValue(undefined);
});
afterAll(() => {
  jest.restoreAllMocks();
});

const text = (value: string): Buffer => Buffer.from(value, 'utf8');

/** Either side of a conversation, so that one test serves both directions. */
interface Side {
  startSession(address: string, bundle: ReturnType<SignalDevice['bundle']>): void | Promise<void>;
  encryptTo(address: string, plaintext: Uint8Array): Sealed | Promise<Sealed>;
  decrypt(address: string, type: Sealed['type'], bytes: Buffer): Buffer | Promise<Buffer>;
}

function pairing(seed: string, cured = false): { ours: SignalDevice; theirs: LibsignalParty; random: RandomBytes } {
  const ours = new SignalDevice({ random: seededRandom(`${seed} keys`) });
  return { ours, theirs: new LibsignalParty({ cured }), random: seededRandom(`${seed} path`) };
}

async function exchange(from: Side, to: Side, names: readonly [string, string], plaintext: string): Promise<string> {
  const { type, bytes } = await from.encryptTo(names[1], text(plaintext));
  return `${type}: ${(await to.decrypt(names[0], type, bytes)).toString('utf8')}`;
}

describe('the first message and its answers', () => {
  test.each([true, false])('go from ours to libsignal (one-time prekey: %s)', async (preKey) => {
    const { ours, theirs } = pairing('first out');
    ours.startSession('theirs', theirs.bundle({ preKey }));
    expect(theirs.unusedPreKeys).toBe(preKey ? 1 : 0);
    expect(await exchange(ours, theirs, ['ours', 'theirs'], 'one')).toBe('pkmsg: one');
    expect(theirs.unusedPreKeys).toBe(0);
    expect(await exchange(ours, theirs, ['ours', 'theirs'], 'two')).toBe('pkmsg: two');
    expect(await exchange(theirs, ours, ['theirs', 'ours'], 'three')).toBe('msg: three');
    expect(await exchange(ours, theirs, ['ours', 'theirs'], 'four')).toBe('msg: four');
  });

  test.each(['fresh', 'none'] as const)('go from libsignal to ours (one-time prekey: %s)', async (oneTime) => {
    const { ours, theirs } = pairing('first in');
    await theirs.startSession('ours', ours.bundle(oneTime));
    expect(await exchange(theirs, ours, ['theirs', 'ours'], 'one')).toBe('pkmsg: one');
    expect(await exchange(theirs, ours, ['theirs', 'ours'], 'two')).toBe('pkmsg: two');
    expect(await exchange(ours, theirs, ['ours', 'theirs'], 'three')).toBe('msg: three');
    expect(await exchange(theirs, ours, ['theirs', 'ours'], 'four')).toBe('msg: four');
  });

  test('start over after a retry: our session is forgotten, theirs begins anew', async () => {
    const { ours, theirs } = pairing('retry');
    await theirs.startSession('ours', ours.bundle());
    await exchange(theirs, ours, ['theirs', 'ours'], 'one');
    await exchange(ours, theirs, ['ours', 'theirs'], 'two');
    ours.forgetSession('theirs');
    const lost = await theirs.encryptTo('ours', text('three'));
    expect(() => ours.decrypt('theirs', lost.type, lost.bytes)).toThrow(
      expect.objectContaining({ reason: 'no-session' }),
    );
    await theirs.startSession('ours', ours.bundle());
    expect(await exchange(theirs, ours, ['theirs', 'ours'], 'three')).toBe('pkmsg: three');
    expect(await exchange(ours, theirs, ['ours', 'theirs'], 'four')).toBe('msg: four');
  });
});

interface Mail extends Sealed {
  readonly to: 'ours' | 'theirs';
  readonly plaintext: string;
}

interface Tally {
  sent: number;
  lost: number;
  readonly unread: { ours: number; theirs: number };
  readonly read: { ours: number; theirs: number };
  repeated: number;
  /** Copies of what was read that were not called copies. */
  mistaken: number;
}

/** Sends `messages` each way over a path that disorders, repeats and, with `losing`, loses one in twelve. */
async function converse(
  { ours, theirs, random }: ReturnType<typeof pairing>,
  messages: number,
  losing: boolean,
): Promise<Tally> {
  const path = new LossyPath<Mail>(random);
  const seen = new Set<Mail>();
  const tally: Tally = {
    sent: 0,
    lost: 0,
    unread: { ours: 0, theirs: 0 },
    read: { ours: 0, theirs: 0 },
    repeated: 0,
    mistaken: 0,
  };
  const send = async (): Promise<void> => {
    const to = tally.sent % 2 === 0 ? 'theirs' : 'ours';
    const plaintext = `message ${tally.sent}`;
    tally.sent += 1;
    const sealed =
      to === 'theirs' ? ours.encryptTo('theirs', text(plaintext)) : await theirs.encryptTo('ours', text(plaintext));
    path.send({ ...sealed, to, plaintext });
  };
  const opened = async ({ to, type, bytes }: Mail): Promise<string> => {
    try {
      return (
        await (to === 'ours' ? ours.decrypt('theirs', type, bytes) : theirs.decrypt('ours', type, bytes))
      ).toString();
    } catch (error) {
      return error instanceof SignalError ? error.reason : 'refused';
    }
  };
  const deliver = async (): Promise<void> => {
    const delivery = path.deliver();
    if (delivery === undefined) return;
    const { item, before } = delivery;
    // What could not be read the first time need not be called a copy the second time.
    if (before > 0 && !seen.has(item)) return;
    const outcome = await opened(item);
    if (before > 0) {
      tally.repeated += 1;
      if (outcome !== (item.to === 'ours' ? 'duplicate' : 'refused')) tally.mistaken += 1;
    } else if (outcome === item.plaintext) {
      seen.add(item);
      tally.read[item.to] += 1;
    } else tally.unread[item.to] += 1;
  };
  while (tally.sent < 2 * messages || path.waiting > 0) {
    const dice = randomBelow(random, 24);
    if (losing && dice < 1 && path.lose()) tally.lost += 1;
    else if (tally.sent < 2 * messages && (dice < 12 || path.waiting === 0)) await send();
    else await deliver();
  }
  return tally;
}

describe('500 messages each way in random order, with loss and repetition', () => {
  test.each(['ours', 'theirs'])('are all read, once each, when %s started', async (starter) => {
    const sides = pairing(`five hundred ${starter}`);
    if (starter === 'ours') {
      sides.ours.startSession('theirs', sides.theirs.bundle());
      await exchange(sides.ours, sides.theirs, ['ours', 'theirs'], 'first');
    } else {
      await sides.theirs.startSession('ours', sides.ours.bundle());
      await exchange(sides.theirs, sides.ours, ['theirs', 'ours'], 'first');
    }
    const tally = await converse(sides, 500, true);
    expect(tally).toMatchObject({ unread: { ours: 0, theirs: 0 }, mistaken: 0 });
    expect(tally.read.ours + tally.read.theirs + tally.lost).toBe(1000);
    expect(tally.lost).toBeGreaterThan(10);
    expect(tally.repeated).toBeGreaterThan(20);
  });
});

// A record of libsignal with two sessions tries each message on the live sessions one after the other; the failed try
// has turned that session's ratchet when the record is stored (libsignal/src/session_cipher.js, decryptWithSessions).
describe('both starting at once', () => {
  async function glare(cured: boolean): Promise<Tally> {
    const sides = pairing('glare', cured);
    sides.ours.startSession('theirs', sides.theirs.bundle());
    await sides.theirs.startSession('ours', sides.ours.bundle());
    return converse(sides, 100, false);
  }

  test('loses nothing either way when libsignal tries sessions on copies', async () => {
    const tally = await glare(true);
    expect(tally).toMatchObject({ unread: { ours: 0, theirs: 0 }, mistaken: 0 });
    expect(tally.read).toEqual({ ours: 100, theirs: 100 });
  });

  test('loses messages with libsignal as it is: its own sessions are damaged, so what it sends cannot be read', async () => {
    const tally = await glare(false);
    expect(tally.unread.ours).toBeGreaterThan(0);
    expect(tally.read.ours + tally.unread.ours).toBe(100);
    expect(tally.read.theirs + tally.unread.theirs).toBe(100);
  });
});
