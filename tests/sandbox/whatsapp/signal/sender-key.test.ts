// Our sender keys and Baileys' own in one group, in both directions: messages in and out of order, missing ones, keys told
// late, twice or anew, and whatever must be refused.
import { describe, expect, test } from '@jest/globals';
import { GroupCipher, GroupSessionBuilder } from '@whiskeysockets/baileys/lib/Signal/Group/index.js';
import { SenderKeyDistributionMessage } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-distribution-message.js';
import { SenderKeyName } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-name.js';
import { SenderKeyRecord } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-record.js';
import { BufferJSON, unpadRandomMax16, writeRandomPadMax16 } from '@whiskeysockets/baileys/lib/Utils/generics.js';
import { SignalDevice } from '../../../../sandbox/whatsapp/signal/device.ts';
import { randomBelow, seededRandom } from '../../../../sandbox/whatsapp/signal/random.ts';
import { MAX_SKIPPED, MAX_STATES } from '../../../../sandbox/whatsapp/signal/sender-key.ts';

const GROUP = '123@g.us';

/**
 * A group member whose code is Baileys'. Its signal storage writes records with plain JSON and reads them with a reviver that
 * wants base64, so that a key kept for a late message comes back as no Buffer and cannot be used; `cured` writes base64.
 */
class BaileysMember {
  readonly #cured: boolean;
  readonly #records = new Map<string, Buffer>();
  readonly #store = {
    loadSenderKey: async (name: SenderKeyName): Promise<SenderKeyRecord> => {
      const kept = this.#records.get(name.toString());
      return kept === undefined ? new SenderKeyRecord() : SenderKeyRecord.deserialize(kept);
    },
    storeSenderKey: async (name: SenderKeyName, record: SenderKeyRecord): Promise<void> => {
      const stored = JSON.stringify(record.serialize());
      const kept = this.#cured ? JSON.stringify(JSON.parse(stored), BufferJSON.replacer) : stored;
      this.#records.set(name.toString(), Buffer.from(kept));
    },
  };

  constructor({ cured = true }: { cured?: boolean } = {}) {
    this.#cured = cured;
  }

  #name(member: string): SenderKeyName {
    return new SenderKeyName(GROUP, { id: member, deviceId: 0, toString: () => `${member}.0` });
  }

  async distribution(): Promise<Buffer> {
    const message = await new GroupSessionBuilder(this.#store).create(this.#name('me'));
    return Buffer.from(message.serialize());
  }

  async accept(member: string, bytes: Uint8Array): Promise<void> {
    const message = new SenderKeyDistributionMessage(null, null, null, null, bytes);
    await new GroupSessionBuilder(this.#store).process(this.#name(member), message);
  }

  async encrypt(plaintext: string): Promise<Buffer> {
    const padded = writeRandomPadMax16(Buffer.from(plaintext));
    return Buffer.from(await new GroupCipher(this.#store, this.#name('me')).encrypt(padded));
  }

  async decrypt(member: string, bytes: Uint8Array): Promise<string> {
    const padded = await new GroupCipher(this.#store, this.#name(member)).decrypt(bytes);
    return Buffer.from(unpadRandomMax16(padded)).toString();
  }
}

const device = (seed: string): SignalDevice => new SignalDevice({ random: seededRandom(seed) });
const reason = (reason: string) => expect.objectContaining({ reason });

/** The positions 0 to count - 1 in the order a seed says. */
function shuffled(count: number, seed: string): number[] {
  const random = seededRandom(seed);
  const rest = Array.from({ length: count }, (_, i) => i);
  return rest.map((_, i) => {
    const [taken] = rest.splice(i + randomBelow(random, count - i), 1);
    rest.splice(i, 0, taken ?? 0);
    return taken ?? 0;
  });
}

describe('a group with Baileys', () => {
  test('reads what our device sends, in any order, though some are missing', async () => {
    const ours = device('to baileys');
    const theirs = new BaileysMember();
    ours.encryptGroup(GROUP, Buffer.from('before they were told'));
    await theirs.accept('ours', ours.distribution(GROUP));
    const sent = Array.from({ length: 14 }, (_, i) => ours.encryptGroup(GROUP, Buffer.from(`message ${i}`)));
    ours.skipGroupMessages(GROUP, 100);
    for (const at of shuffled(14, 'order').filter((at) => at % 5 !== 3)) {
      expect(await theirs.decrypt('ours', sent[at] ?? Buffer.alloc(0))).toBe(`message ${at}`);
    }
    const after = ours.encryptGroup(GROUP, Buffer.from('after the gap'));
    expect(await theirs.decrypt('ours', after)).toBe('after the gap');
  });

  test('is read by our device, in any order, though some are missing; copies are called duplicates', async () => {
    const ours = device('from baileys');
    const theirs = new BaileysMember();
    ours.acceptDistribution(GROUP, 'theirs', await theirs.distribution());
    const sent: Buffer[] = [];
    for (let i = 0; i < 14; i += 1) sent.push(await theirs.encrypt(`message ${i}`));
    for (const at of shuffled(14, 'order').filter((at) => at % 5 !== 3)) {
      const bytes = sent[at] ?? Buffer.alloc(0);
      expect(ours.decryptGroup(GROUP, 'theirs', bytes).toString()).toBe(`message ${at}`);
      expect(() => ours.decryptGroup(GROUP, 'theirs', bytes)).toThrow(reason('duplicate'));
    }
  });

  test('reads nothing that comes late as it is: the key it kept is lost on the way through its store', async () => {
    const ours = device('late');
    const theirs = new BaileysMember({ cured: false });
    await theirs.accept('ours', ours.distribution(GROUP));
    const [late, first] = ['late', 'first'].map((words) => ours.encryptGroup(GROUP, Buffer.from(words))) as [
      Buffer,
      Buffer,
    ];
    expect(await theirs.decrypt('ours', first)).toBe('first');
    await expect(theirs.decrypt('ours', late)).rejects.toThrow('Expected Buffer');
  });

  test('refuses a message of ours whose signature does not fit', async () => {
    const ours = device('damage');
    const theirs = new BaileysMember();
    await theirs.accept('ours', ours.distribution(GROUP));
    const spoiled = ours.encryptGroup(GROUP, Buffer.from('hello'), { damage: 'mac' });
    await expect(theirs.decrypt('ours', spoiled)).rejects.toThrow('Invalid signature');
    expect(await theirs.decrypt('ours', ours.encryptGroup(GROUP, Buffer.from('again')))).toBe('again');
  });
});

describe('a group of our devices', () => {
  function group(): { sender: SignalDevice; reader: SignalDevice } {
    const [sender, reader] = [device('sender'), device('reader')];
    reader.acceptDistribution(GROUP, 'sender', sender.distribution(GROUP));
    return { sender, reader };
  }

  test('refuses a message with any byte changed, and reads the true one afterwards', () => {
    const { sender, reader } = group();
    const bytes = sender.encryptGroup(GROUP, Buffer.from('hello'));
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      expect(() => reader.decryptGroup(GROUP, 'sender', changed)).toThrow(
        expect.objectContaining({ name: 'SignalError', reason: expect.not.stringMatching('duplicate') }),
      );
    }
    expect(reader.decryptGroup(GROUP, 'sender', bytes).toString()).toBe('hello');
  });

  test('does not take one member for another', () => {
    const { sender, reader } = group();
    const other = device('other');
    reader.acceptDistribution(GROUP, 'other', other.distribution(GROUP));
    const bytes = sender.encryptGroup(GROUP, Buffer.from('hello'));
    expect(() => reader.decryptGroup(GROUP, 'other', bytes)).toThrow(reason('no-sender-key'));
    expect(() => reader.decryptGroup('456@g.us', 'sender', bytes)).toThrow(reason('no-sender-key'));
  });

  test('does not show a late member what came before, and keeps its place when it is told again', () => {
    const { sender, reader } = group();
    const late = device('late');
    const before = sender.encryptGroup(GROUP, Buffer.from('before'));
    const told = sender.distribution(GROUP);
    const after = [1, 2].map((n) => sender.encryptGroup(GROUP, Buffer.from(`after ${n}`)));
    late.acceptDistribution(GROUP, 'sender', told);
    expect(() => late.decryptGroup(GROUP, 'sender', before)).toThrow(reason('no-sender-key'));
    expect(late.decryptGroup(GROUP, 'sender', after[1] ?? before).toString()).toBe('after 2');
    late.acceptDistribution(GROUP, 'sender', sender.distribution(GROUP));
    expect(late.decryptGroup(GROUP, 'sender', after[0] ?? before).toString()).toBe('after 1');
    expect(() => late.decryptGroup(GROUP, 'sender', after[1] ?? before)).toThrow(reason('duplicate'));
    expect(reader.decryptGroup(GROUP, 'sender', before).toString()).toBe('before');
  });

  test('reads the last keys of a member side by side, and no older ones', () => {
    const { sender, reader } = group();
    const sent = [sender.encryptGroup(GROUP, Buffer.from('key 0'))];
    for (let i = 1; i <= MAX_STATES; i += 1) {
      sender.renewGroupKey(GROUP);
      reader.acceptDistribution(GROUP, 'sender', sender.distribution(GROUP));
      sent.push(sender.encryptGroup(GROUP, Buffer.from(`key ${i}`)));
    }
    expect(sent.slice(1).map((bytes) => reader.decryptGroup(GROUP, 'sender', bytes).toString())).toEqual(
      Array.from({ length: MAX_STATES }, (_, i) => `key ${i + 1}`),
    );
    expect(() => reader.decryptGroup(GROUP, 'sender', sent[0] ?? Buffer.alloc(0))).toThrow(reason('no-sender-key'));
  });

  test('reads across a gap as wide as it keeps keys for, and no wider', () => {
    const { sender, reader } = group();
    const first = sender.encryptGroup(GROUP, Buffer.from('first'));
    sender.skipGroupMessages(GROUP, MAX_SKIPPED - 1);
    const across = sender.encryptGroup(GROUP, Buffer.from('across'));
    sender.skipGroupMessages(GROUP, MAX_SKIPPED + 1);
    const beyond = sender.encryptGroup(GROUP, Buffer.from('beyond'));
    expect(reader.decryptGroup(GROUP, 'sender', across).toString()).toBe('across');
    expect(() => reader.decryptGroup(GROUP, 'sender', beyond)).toThrow(reason('too-far'));
    expect(reader.decryptGroup(GROUP, 'sender', first).toString()).toBe('first');
  });

  test('asks anew when keys were forgotten', () => {
    const { sender, reader } = group();
    reader.forgetGroupKeys(GROUP);
    const bytes = sender.encryptGroup(GROUP, Buffer.from('hello'));
    expect(() => reader.decryptGroup(GROUP, 'sender', bytes)).toThrow(reason('no-sender-key'));
  });
});
