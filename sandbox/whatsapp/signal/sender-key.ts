// Sender keys: the chain one device uses for all its messages to one group, as its owner and as a receiver. States are
// values: what cannot be read changes nothing. Knows no groups and no addresses.

import { sign, verify, type KeyPair } from '../curve.ts';
import { groupKeys, seal, stepChain, unseal, type Chain } from './derive.ts';
import { SignalError } from './errors.ts';
import { newKeyPair } from './keys.ts';
import {
  readDistribution,
  readSenderKeyMessage,
  writeDistribution,
  writeSenderKeyMessage,
  type SenderKeyDistribution,
} from './messages.ts';
import { randomBelow, type RandomBytes } from './random.ts';

/** Message keys kept for messages that are still missing. */
export const MAX_SKIPPED = 2000;
/** Keys of one sender in one group that are kept side by side, for what is still under way. */
export const MAX_STATES = 5;

/** A sender key of our own. */
export interface OwnSenderKey {
  readonly keyId: number;
  readonly chain: Chain;
  readonly signing: KeyPair;
}

/** A sender key as its owner told us. */
export interface ForeignSenderKey {
  readonly keyId: number;
  /** The first message we were given the key for. */
  readonly since: number;
  readonly chain: Chain;
  readonly signingKey: Uint8Array;
  /** Seeds of message keys that were passed over, by iteration; oldest first. */
  readonly skipped: ReadonlyMap<number, Buffer>;
}

export function newSenderKey(random: RandomBytes): OwnSenderKey {
  return {
    keyId: 1 + randomBelow(random, 0x7ffffffe),
    chain: { key: random(32), next: 0 },
    signing: newKeyPair(random),
  };
}

/** What the owner sends to each device of the group: whoever gets it reads all messages from the next one on. */
export function distributionOf(own: OwnSenderKey): Buffer {
  return writeDistribution({
    keyId: own.keyId,
    iteration: own.chain.next,
    chainKey: own.chain.key,
    signingKey: Buffer.from(own.signing.publicKey),
  });
}

export function sealForGroup(own: OwnSenderKey, plaintext: Uint8Array, random: RandomBytes): [OwnSenderKey, Buffer] {
  const { seed, chain } = stepChain(own.chain);
  const keys = groupKeys(seed);
  const signed = writeSenderKeyMessage({
    keyId: own.keyId,
    iteration: own.chain.next,
    ciphertext: seal(keys.cipher, keys.iv, plaintext),
  });
  const signature = sign(own.signing.privateKey, signed, random(64));
  return [{ ...own, chain }, Buffer.concat([signed, signature])];
}

/** As if so many messages had been sent that nobody will ever get. */
export function skipForGroup(own: OwnSenderKey, count: number): OwnSenderKey {
  let { chain } = own;
  for (let done = 0; done < count; done += 1) chain = stepChain(chain).chain;
  return { ...own, chain };
}

/** The keys of one sender in one group, latest first. A key told twice keeps what it knows. */
export function withDistribution(
  known: readonly ForeignSenderKey[],
  distribution: SenderKeyDistribution,
): readonly ForeignSenderKey[] {
  const { keyId, iteration, chainKey, signingKey } = distribution;
  const same = known.find((key) => key.keyId === keyId && Buffer.compare(key.signingKey, signingKey) === 0);
  const fresh = { keyId, since: iteration, chain: { key: chainKey, next: iteration }, signingKey, skipped: new Map() };
  return [same ?? fresh, ...known.filter((key) => key.keyId !== keyId)].slice(0, MAX_STATES);
}

/** @throws SignalError `malformed`, `version` */
export function acceptDistribution(known: readonly ForeignSenderKey[], bytes: Uint8Array): readonly ForeignSenderKey[] {
  return withDistribution(known, readDistribution(bytes));
}

/**
 * @throws SignalError `no-sender-key` when we do not have the key or were given it later, `duplicate`, `too-far`,
 * `bad-signature`, `malformed`, `version`; `bad-padding` when the sender's own code is at fault
 */
export function openFromGroup(
  known: readonly ForeignSenderKey[],
  bytes: Uint8Array,
): [readonly ForeignSenderKey[], Buffer] {
  const { message, signed, signature } = readSenderKeyMessage(bytes);
  const { keyId, iteration, ciphertext } = message;
  const key = known.find((each) => each.keyId === keyId);
  if (key === undefined) throw new SignalError('no-sender-key', `no sender key ${keyId}`);
  if (!verify(key.signingKey, signed, signature)) throw new SignalError('bad-signature', 'not by the owner of the key');
  if (iteration < key.since) throw new SignalError('no-sender-key', 'sent before we were told the key');
  const { seed, after } = take(key, iteration);
  const keys = groupKeys(seed);
  const plaintext = unseal(keys.cipher, keys.iv, ciphertext);
  return [known.map((each) => (each === key ? after : each)), plaintext];
}

function take(key: ForeignSenderKey, iteration: number): { seed: Buffer; after: ForeignSenderKey } {
  const kept = key.skipped.get(iteration);
  if (kept !== undefined) {
    const skipped = new Map(key.skipped);
    skipped.delete(iteration);
    return { seed: kept, after: { ...key, skipped } };
  }
  const missing = iteration - key.chain.next;
  if (missing < 0) throw new SignalError('duplicate', `message ${iteration} was read before`);
  if (missing > MAX_SKIPPED) throw new SignalError('too-far', `${missing} messages missing`);
  let { chain, skipped } = key;
  if (missing > 0) {
    const more = new Map(skipped);
    while (chain.next < iteration) {
      const step = stepChain(chain);
      more.set(chain.next, step.seed);
      chain = step.chain;
    }
    for (const oldest of more.keys()) {
      if (more.size <= MAX_SKIPPED) break;
      more.delete(oldest);
    }
    skipped = more;
  }
  const step = stepChain(chain);
  return { seed: step.seed, after: { ...key, chain: step.chain, skipped } };
}
