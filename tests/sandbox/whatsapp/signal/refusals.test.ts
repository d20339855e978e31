// What a simulated device must refuse, and that a refusal leaves its sessions as they were: changed messages, wrong
// signatures, spent prekeys, copies, gaps too wide; and the faults it can be told to commit.
import { describe, expect, test } from '@jest/globals';
import { SignalDevice, type Sealed } from '../../../../sandbox/whatsapp/signal/device.ts';
import {
  readPreKeyWhisper,
  readWhisper,
  writePreKeyWhisper,
  writeWhisper,
  type PreKeyWhisperMessage,
  type WhisperMessage,
} from '../../../../sandbox/whatsapp/signal/messages.ts';
import { MAX_SKIPPED } from '../../../../sandbox/whatsapp/signal/ratchet.ts';
import { seededRandom } from '../../../../sandbox/whatsapp/signal/random.ts';
import { MAX_ARCHIVED } from '../../../../sandbox/whatsapp/signal/session.ts';

const device = (seed: string): SignalDevice => new SignalDevice({ random: seededRandom(seed) });
const reason = (reason: string) => expect.objectContaining({ reason });
const text = (value: string): Buffer => Buffer.from(value, 'utf8');

/** Two devices, the first of which has started a session. */
function strangers(): { alice: SignalDevice; bob: SignalDevice } {
  const [alice, bob] = [device('alice'), device('bob')];
  alice.startSession('bob', bob.bundle());
  return { alice, bob };
}

/** Two devices that have heard from each other. */
function friends(): { alice: SignalDevice; bob: SignalDevice } {
  const { alice, bob } = strangers();
  say(alice, 'bob', bob, 'alice', 'first');
  say(bob, 'alice', alice, 'bob', 'answer');
  return { alice, bob };
}

function say(from: SignalDevice, to: string, at: SignalDevice, sender: string, words: string): void {
  const { type, bytes } = from.encryptTo(to, text(words));
  expect(at.decrypt(sender, type, bytes).toString()).toBe(words);
}

const flipped = (bytes: Buffer, at = bytes.length - 1): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
};

function expectRefusal(bob: SignalDevice, type: Sealed['type'], bytes: Buffer): void {
  expect(() => bob.decrypt('alice', type, bytes)).toThrow(expect.objectContaining({ name: 'SignalError' }));
}

describe('a message with one field changed', () => {
  const changes: Record<keyof WhisperMessage, (message: WhisperMessage) => Partial<WhisperMessage>> = {
    ratchetKey: ({ ratchetKey }) => ({ ratchetKey: flipped(ratchetKey, 5) }),
    counter: ({ counter }) => ({ counter: counter + 1 }),
    previousCounter: ({ previousCounter }) => ({ previousCounter: previousCounter + 3 }),
    ciphertext: ({ ciphertext }) => ({ ciphertext: flipped(ciphertext) }),
  };

  test.each(Object.keys(changes) as (keyof WhisperMessage)[])('(%s) is refused, the true one read', (field) => {
    const { alice, bob } = friends();
    const { type, bytes } = alice.encryptTo('bob', text('hello'));
    const { message, mac } = readWhisper(bytes);
    expectRefusal(bob, type, Buffer.concat([writeWhisper({ ...message, ...changes[field](message) }), mac]));
    expectRefusal(bob, type, flipped(bytes));
    expect(bob.decrypt('alice', type, bytes).toString()).toBe('hello');
  });

  const firstChanges: Record<
    keyof PreKeyWhisperMessage,
    (message: PreKeyWhisperMessage) => Partial<PreKeyWhisperMessage> | undefined
  > = {
    preKeyId: () => ({ preKeyId: undefined }),
    signedPreKeyId: ({ signedPreKeyId }) => ({ signedPreKeyId: signedPreKeyId + 1 }),
    baseKey: ({ baseKey }) => ({ baseKey: flipped(baseKey, 5) }),
    identityKey: ({ identityKey }) => ({ identityKey: flipped(identityKey, 5) }),
    message: ({ message }) => ({ message: flipped(message) }),
    // No MAC covers it, in no implementation: it only tells devices of one number apart.
    registrationId: () => undefined,
  };

  test.each(Object.keys(firstChanges) as (keyof PreKeyWhisperMessage)[])(
    '(%s) is refused as a first one, the true one read',
    (field) => {
      const { alice, bob } = strangers();
      const { type, bytes } = alice.encryptTo('bob', text('hello'));
      expect(type).toBe('pkmsg');
      const message = readPreKeyWhisper(bytes);
      const change = firstChanges[field](message);
      if (change !== undefined) expectRefusal(bob, type, writePreKeyWhisper({ ...message, ...change }));
      expect(bob.hasSession('alice')).toBe(false);
      expect(bob.decrypt('alice', type, bytes).toString()).toBe('hello');
    },
  );

  test('is refused whichever byte it is', () => {
    const { alice, bob } = friends();
    const { type, bytes } = alice.encryptTo('bob', text('hello'));
    for (let at = 0; at < bytes.length; at += 1) expectRefusal(bob, type, flipped(bytes, at));
    for (let end = 0; end < bytes.length; end += 1) expectRefusal(bob, type, bytes.subarray(0, end));
    expect(bob.decrypt('alice', type, bytes).toString()).toBe('hello');
  });
});

describe('a bundle', () => {
  test('whose prekey its owner did not sign starts nothing', () => {
    const [alice, bob, mallory] = [device('alice'), device('bob'), device('mallory')];
    const bundle = bob.bundle();
    const wrong = [
      { ...bundle, signedPreKey: mallory.bundle().signedPreKey },
      { ...bundle, identityKey: mallory.identity.keyPair.publicKey },
      { ...bundle, signedPreKey: { ...bundle.signedPreKey, signature: new Uint8Array(64) } },
      { ...bundle, signedPreKey: { ...bundle.signedPreKey, signature: new Uint8Array(63) } },
    ];
    for (const each of wrong) {
      expect(() => alice.startSession('bob', each)).toThrow(reason('bad-signature'));
      expect(() => alice.encryptTo('bob', text('hello'), { bundle: each })).toThrow(reason('bad-signature'));
    }
    expect(alice.hasSession('bob')).toBe(false);
    expect(alice.encryptTo('bob', text('hello'), { bundle }).type).toBe('pkmsg');
  });

  test('gives each one-time prekey away once, unless told to give one twice; the second session cannot use it', () => {
    const [alice, carol, bob] = [device('alice'), device('carol'), device('bob')];
    const first = bob.bundle();
    expect(bob.bundle('again').preKey).toEqual(first.preKey);
    alice.startSession('bob', first);
    carol.startSession('bob', bob.bundle('again'));
    say(alice, 'bob', bob, 'alice', 'hello');
    const { type, bytes } = carol.encryptTo('bob', text('hello'));
    expect(() => bob.decrypt('carol', type, bytes)).toThrow(reason('unknown-prekey'));
    const fresh = Array.from({ length: 50 }, () => bob.bundle().preKey?.id);
    expect(new Set([first.preKey?.id, ...fresh]).size).toBe(51);
    expect(bob.bundle('none').preKey).toBeUndefined();
  });

  test('stays usable for two rotations of the signed prekey', () => {
    const bob = device('bob');
    const bundle = bob.bundle();
    bob.identity.rotateSignedPreKey();
    bob.identity.rotateSignedPreKey();
    const intime = device('in time').encryptTo('bob', text('hello'), { bundle: { ...bundle } });
    expect(bob.decrypt('in time', intime.type, intime.bytes).toString()).toBe('hello');
    bob.identity.rotateSignedPreKey();
    const late = device('late').encryptTo('bob', text('hello'), { bundle });
    expect(() => bob.decrypt('late', late.type, late.bytes)).toThrow(reason('unknown-prekey'));
  });
});

describe('a session', () => {
  test('calls a copy a duplicate: at once, in a later chain, as a first message, from an archived session', () => {
    const { alice, bob } = strangers();
    const first = alice.encryptTo('bob', text('first'));
    const copies = [first];
    bob.decrypt('alice', first.type, first.bytes);
    for (let round = 0; round < 5; round += 1) {
      say(bob, 'alice', alice, 'bob', 'answer');
      const next = alice.encryptTo('bob', text('next'));
      bob.decrypt('alice', next.type, next.bytes);
      copies.push(next);
    }
    alice.startSession('bob', bob.bundle());
    say(alice, 'bob', bob, 'alice', 'anew');
    for (const { type, bytes } of copies) {
      expect(() => bob.decrypt('alice', type, bytes)).toThrow(reason('duplicate'));
    }
  });

  test('reads across a gap as wide as it keeps keys for, and no wider', () => {
    const { alice, bob } = friends();
    const first = alice.encryptTo('bob', text('first'));
    alice.skipMessages('bob', MAX_SKIPPED - 1);
    const across = alice.encryptTo('bob', text('across'));
    alice.skipMessages('bob', MAX_SKIPPED + 1);
    const beyond = alice.encryptTo('bob', text('beyond'));
    expect(bob.decrypt('alice', across.type, across.bytes).toString()).toBe('across');
    expect(() => bob.decrypt('alice', beyond.type, beyond.bytes)).toThrow(reason('too-far'));
    expect(bob.decrypt('alice', first.type, first.bytes).toString()).toBe('first');
  });

  test('goes on after a gap too wide to keep, once the other side has turned its ratchet', () => {
    const { alice, bob } = friends();
    say(alice, 'bob', bob, 'alice', 'before');
    alice.skipMessages('bob', MAX_SKIPPED + 5);
    say(bob, 'alice', alice, 'bob', 'turn');
    const { type, bytes } = alice.encryptTo('bob', text('a new chain'));
    expect(bob.decrypt('alice', type, bytes).toString()).toBe('a new chain');
  });

  test('reads what is still under way in the last sessions, and no older ones', () => {
    const { alice, bob } = strangers();
    const underWay: Sealed[] = [];
    for (let i = 0; i <= MAX_ARCHIVED + 1; i += 1) {
      alice.startSession('bob', bob.bundle());
      say(alice, 'bob', bob, 'alice', `first of ${i}`);
      underWay.push(alice.encryptTo('bob', text(`second of ${i}`)));
    }
    const [oldest, ...others] = underWay;
    const last = bob.encryptTo('alice', text('before'));
    expect(alice.decrypt('bob', last.type, last.bytes).toString()).toBe('before');
    // Its prekey is spent and its session forgotten.
    expect(() => bob.decrypt('alice', 'pkmsg', oldest?.bytes ?? Buffer.alloc(0))).toThrow(reason('unknown-prekey'));
    for (const [i, { type, bytes }] of others.entries()) {
      expect(bob.decrypt('alice', type, bytes).toString()).toBe(`second of ${i + 1}`);
    }
  });

  test('is one and the same whichever address a stanza carries', () => {
    const lids = new Map([['bob@phone', 'bob@lid']]);
    const alice = new SignalDevice({
      random: seededRandom('alice'),
      resolve: (address) => lids.get(address) ?? address,
    });
    const bob = device('bob');
    alice.startSession('bob@phone', bob.bundle());
    say(alice, 'bob@lid', bob, 'alice', 'hello');
    say(bob, 'alice', alice, 'bob@phone', 'answer');
    say(bob, 'alice', alice, 'bob@lid', 'another');
    alice.acceptDistribution('group', 'bob@phone', bob.distribution('group'));
    expect(alice.decryptGroup('group', 'bob@lid', bob.encryptGroup('group', text('all'))).toString()).toBe('all');
  });

  test('commits a damaged message on demand, after which it goes on', () => {
    const { alice, bob } = strangers();
    for (const words of ['first', 'later']) {
      const damaged = alice.encryptTo('bob', text(words), { damage: 'mac' });
      expect(() => bob.decrypt('alice', damaged.type, damaged.bytes)).toThrow(reason('bad-mac'));
      say(alice, 'bob', bob, 'alice', `${words} again`);
      say(bob, 'alice', alice, 'bob', 'answer');
    }
  });

  test('does not exist before somebody starts it', () => {
    const bob = device('bob');
    expect(() => bob.encryptTo('alice', text('hello'))).toThrow(reason('no-session'));
    expect(() => bob.skipMessages('alice', 1)).toThrow(reason('no-session'));
    const { alice } = friends();
    const { type, bytes } = alice.encryptTo('bob', text('hello'));
    expect(() => bob.decrypt('alice', type, bytes)).toThrow(reason('no-session'));
  });
});
