// The double ratchet of one session, as Signal specifies it. States are values: whatever fails leaves the old one as it
// was. Knows nothing of prekeys, addresses and other sessions.

import {
  hmac,
  messageKeys,
  sameBytes,
  seal,
  stepChain,
  turnRoot,
  unseal,
  type Chain,
  type MessageKeys,
} from './derive.ts';
import { SignalError } from './errors.ts';
import type { KeyPair } from '../curve.ts';
import { agreeWith, newKeyPair } from './keys.ts';
import { MAC_LENGTH, typedKey, writeWhisper, type ReceivedWhisper } from './messages.ts';
import type { RandomBytes } from './random.ts';

/** Message keys kept for messages that are still missing, of all chains of a session together. */
export const MAX_SKIPPED = 2000;
/** Chains of the other side that are remembered as past, so that a late copy is known for one. */
const MAX_PAST = 1000;

export interface Ratchet {
  readonly root: Buffer;
  readonly ours: KeyPair;
  readonly sending: Chain | undefined;
  /** Their current ratchet key in hex, and the chain that goes with it. */
  readonly theirs: string | undefined;
  readonly receiving: Chain | undefined;
  readonly previousCounter: number;
  /** Seeds of message keys that were passed over, by `slot`; oldest first. */
  readonly skipped: ReadonlyMap<string, Buffer>;
  readonly past: readonly string[];
}

/** The identity keys of both ends, which every MAC covers. */
export interface Ends {
  readonly sender: Uint8Array;
  readonly receiver: Uint8Array;
}

const EMPTY = { theirs: undefined, receiving: undefined, previousCounter: 0, skipped: new Map(), past: [] } as const;

/** The side that starts: it can send at once. `theirKey` is the signed prekey of the other side. */
export function initiate(root: Buffer, theirKey: Uint8Array, random: RandomBytes): Ratchet {
  const ours = newKeyPair(random);
  const turned = turnRoot(root, agreeWith(ours, theirKey));
  return { ...EMPTY, root: turned.root, ours, sending: turned.chain };
}

/** The side that was written to: it can send as soon as it has read the first message. `ours` is its signed prekey. */
export function respond(root: Buffer, ours: KeyPair): Ratchet {
  return { ...EMPTY, root, ours, sending: undefined };
}

const slot = (ratchetKey: string, counter: number): string => `${ratchetKey}:${counter}`;

function macOf(keys: MessageKeys, ends: Ends, signed: Uint8Array): Buffer {
  return hmac(keys.mac, typedKey(ends.sender), typedKey(ends.receiver), signed).subarray(0, MAC_LENGTH);
}

/** A whole WhisperMessage. @throws SignalError `no-session` when this side cannot send yet */
export function sealMessage(ratchet: Ratchet, plaintext: Uint8Array, ends: Ends): { ratchet: Ratchet; bytes: Buffer } {
  if (ratchet.sending === undefined) throw new SignalError('no-session', 'nothing was received yet');
  const { seed, chain } = stepChain(ratchet.sending);
  const keys = messageKeys(seed);
  const signed = writeWhisper({
    ratchetKey: Buffer.from(ratchet.ours.publicKey),
    counter: ratchet.sending.next,
    previousCounter: ratchet.previousCounter,
    ciphertext: seal(keys.cipher, keys.iv, plaintext),
  });
  return {
    ratchet: { ...ratchet, sending: chain },
    bytes: Buffer.concat([signed, macOf(keys, ends, signed)]),
  };
}

/** As if so many messages had been sent that nobody will ever get. */
export function skipMessages(ratchet: Ratchet, count: number): Ratchet {
  let chain = ratchet.sending;
  if (chain === undefined) throw new SignalError('no-session', 'nothing was received yet');
  for (let done = 0; done < count; done += 1) chain = stepChain(chain).chain;
  return { ...ratchet, sending: chain };
}

/** Whether a ratchet key of the other side was seen before: then no other session can have to do with it. */
export function knowsKey(ratchet: Ratchet, ratchetKey: Buffer): boolean {
  const theirs = ratchetKey.toString('hex');
  return theirs === ratchet.theirs || ratchet.past.includes(theirs);
}

/**
 * @throws SignalError `duplicate`, `too-far`, `bad-mac`, `malformed`; `bad-padding` when the sender's own
 * code is at fault
 */
export function openMessage(
  ratchet: Ratchet,
  { message, signed, mac }: ReceivedWhisper,
  ends: Ends,
  random: RandomBytes,
): { ratchet: Ratchet; plaintext: Buffer } {
  const unlock = (seed: Buffer): Buffer => {
    const keys = messageKeys(seed);
    if (!sameBytes(macOf(keys, ends, signed), mac)) throw new SignalError('bad-mac', 'the MAC does not fit');
    return unseal(keys.cipher, keys.iv, message.ciphertext);
  };
  const theirs = message.ratchetKey.toString('hex');

  const kept = ratchet.skipped.get(slot(theirs, message.counter));
  if (kept !== undefined) {
    const plaintext = unlock(kept);
    const skipped = new Map(ratchet.skipped);
    skipped.delete(slot(theirs, message.counter));
    return { ratchet: { ...ratchet, skipped }, plaintext };
  }

  const current = theirs === ratchet.theirs ? ratchet.receiving : undefined;
  if (current !== undefined) {
    const read = readAlong(ratchet.skipped, current, theirs, message.counter);
    return { plaintext: unlock(read.seed), ratchet: { ...ratchet, receiving: read.chain, skipped: read.skipped } };
  }
  if (ratchet.past.includes(theirs)) throw new SignalError('duplicate', 'a message of a chain that is over');

  const turned = turnRoot(ratchet.root, agreeWith(ratchet.ours, message.ratchetKey));
  const read = readAlong(closeChain(ratchet, message.previousCounter), turned.chain, theirs, message.counter);
  const plaintext = unlock(read.seed);
  // Only now is it certain that the other side turned its ratchet: answer with a turn of our own.
  const ours = newKeyPair(random);
  const answer = turnRoot(turned.root, agreeWith(ours, message.ratchetKey));
  return {
    plaintext,
    ratchet: {
      root: answer.root,
      ours,
      sending: answer.chain,
      theirs,
      receiving: read.chain,
      previousCounter: Math.max((ratchet.sending?.next ?? 0) - 1, 0),
      skipped: read.skipped,
      past: ratchet.theirs === undefined ? ratchet.past : [...ratchet.past.slice(1 - MAX_PAST), ratchet.theirs],
    },
  };
}

type Skipped = ReadonlyMap<string, Buffer>;

/** Walks a receiving chain up to a counter; the keys passed on the way are kept. */
function readAlong(
  skipped: Skipped,
  chain: Chain,
  theirs: string,
  counter: number,
): { seed: Buffer; chain: Chain; skipped: Skipped } {
  if (counter < chain.next) throw new SignalError('duplicate', `message ${counter} of this chain was read before`);
  if (counter - chain.next > MAX_SKIPPED) throw new SignalError('too-far', `${counter - chain.next} messages missing`);
  const walked = walk(skipped, chain, theirs, counter);
  return { ...stepChain(walked.chain), skipped: walked.skipped };
}

/** Keeps the keys of what is still missing in the chain that the other side has left. */
function closeChain(ratchet: Ratchet, lastCounter: number): Skipped {
  const { theirs, receiving, skipped } = ratchet;
  if (theirs === undefined || receiving === undefined || lastCounter < receiving.next) return skipped;
  // More than we may keep is given up altogether: those messages are lost, but not the session.
  if (lastCounter - receiving.next > MAX_SKIPPED) return skipped;
  return walk(skipped, receiving, theirs, lastCounter + 1).skipped;
}

function walk(skipped: Skipped, chain: Chain, theirs: string, end: number): { chain: Chain; skipped: Skipped } {
  if (chain.next >= end) return { chain, skipped };
  const kept = new Map(skipped);
  let at = chain;
  while (at.next < end) {
    const step = stepChain(at);
    kept.set(slot(theirs, at.next), step.seed);
    at = step.chain;
  }
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_SKIPPED) break;
    kept.delete(oldest);
  }
  return { chain: at, skipped: kept };
}
