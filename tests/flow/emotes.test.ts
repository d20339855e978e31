// What somebody does (`/me waves`) as phones show it: in italics, and no item of a list. Knows no wire.
import { describe, expect, test } from '@jest/globals';
import { pieces } from '../../src/flow/to-network/words.ts';
import { as, type ChatId, type NetworkId } from '../../src/model/ids.ts';
import { plainText, type MessageBody } from '../../src/model/message.ts';
import type { Portal } from '../../src/model/records.ts';
import { readMarks } from '../../src/networks/whatsapp/marks.ts';
import { writeMarks } from '../../src/networks/whatsapp/markup.ts';

const key = { network: as<NetworkId>('whatsapp'), chat: as<ChatId>('1') };
const portal: Portal = { key, kind: 'direct', state: 'open', encrypted: false, facts: [], away: false };

function texts(body: MessageBody): readonly string[] {
  return pieces({ adapters: new Map() }, portal, body).map((one) =>
    one.kind === 'text' ? writeMarks(one.text, () => undefined).text : '',
  );
}

describe('what somebody does', () => {
  test.each([
    ['waves', '_waves_', 'waves'],
    ['says 2*3*4', '_says 2*3*4_', 'says 2*3*4'],
    ['waves\nand goes', '_waves_\n_and goes_', 'waves\nand goes'],
  ])('%j is in italics', (words, written, read) => {
    const [text = ''] = texts({ kind: 'text', as: 'emote', text: plainText(words) });
    expect(text).toBe(written);
    expect(readMarks(text).text).toBe(read);
  });

  test('keeps its own marks', () => {
    const text = { text: 'waves twice', spans: [{ kind: 'bold', start: 6, length: 5 }] } as const;
    expect(readMarks(texts({ kind: 'text', as: 'emote', text })[0] ?? '')).toMatchObject({
      text: 'waves twice',
      spans: expect.arrayContaining([expect.objectContaining({ kind: 'bold', start: 6, length: 5 })]),
    });
  });
});
