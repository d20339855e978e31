// A group message that comes after a later one is read though its key went through our store, which the library's own form of
// the record does not survive.
import { describe, expect, test } from '@jest/globals';
import { GroupCipher, GroupSessionBuilder } from '@whiskeysockets/baileys/lib/Signal/Group/index.js';
import { SenderKeyName } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-name.js';
import { SenderKeyRecord } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-record.js';
import { openKey, packKey } from '../../../src/networks/whatsapp/state/values.ts';

const NAME = new SenderKeyName('1@g.us', { id: '2', deviceId: 0, toString: () => '2.0' });

/** The library's storage over bytes that are kept as `keep` says. */
function storage(keep: (written: Buffer) => Uint8Array) {
  let kept: Uint8Array | undefined;
  return {
    loadSenderKey: async () => (kept === undefined ? new SenderKeyRecord() : SenderKeyRecord.deserialize(kept)),
    storeSenderKey: async (_name: SenderKeyName, record: SenderKeyRecord) => {
      kept = keep(Buffer.from(JSON.stringify(record.serialize()), 'utf8'));
    },
  };
}

/** What a receiver reads of two messages that change places on the way. */
async function readInReverse(keep: (written: Buffer) => Uint8Array): Promise<string[]> {
  const [sender, receiver] = [storage(keep), storage(keep)];
  const told = await new GroupSessionBuilder(sender).create(NAME);
  await new GroupSessionBuilder(receiver).process(NAME, told);
  const out = new GroupCipher(sender, NAME);
  const early = await out.encrypt(Buffer.from('early'));
  const late = await out.encrypt(Buffer.from('late'));
  const cipher = new GroupCipher(receiver, NAME);
  return [await cipher.decrypt(late), await cipher.decrypt(early)].map((bytes) => Buffer.from(bytes).toString());
}

describe('two group messages that change places', () => {
  test('are both read through our store', async () => {
    const read = await readInReverse((written) => openKey('sender-key', packKey('sender-key', written)));
    expect(read).toEqual(['late', 'early']);
  });

  test('are not both read when the record is kept as the library writes it', async () => {
    await expect(readInReverse((written) => written)).rejects.toThrow('Expected Buffer');
  });
});
