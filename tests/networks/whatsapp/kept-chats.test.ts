// How chats are kept, as a login's vault has it: changed only where it is changed, taken back when it could not be kept, read again as it was.
import { expect, test } from '@jest/globals';
import type { ChatId } from '../../../src/model/ids.ts';
import { KeptChats } from '../../../src/networks/whatsapp/kept-chats.ts';
import type { VaultChange } from '../../../src/ports/stores.ts';

const [ZOE, CHOIR] = ['l5' as ChatId, 'g7' as ChatId];

function vaultOf(...changes: readonly VaultChange[]): Map<string, Uint8Array> {
  return new Map(changes.flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const])));
}

test('what changes is told once and stands at once, and is not changed when it could not be kept', () => {
  const chats = new KeptChats('login:me', new Map());
  const first = chats.take(new Map([[ZOE, { pinned: true, mutedUntil: 9 }]]));
  expect([...first.told]).toEqual([[ZOE, { pinned: true, muted: true }]]);
  expect(chats.of(ZOE)).toEqual({ pinned: true, muted: true });
  expect(chats.take(new Map([[ZOE, { pinned: true }]]))).toMatchObject({ changes: [], told: new Map() });
  // Until when a chat is muted is kept, and nothing that anybody is told.
  const longer = chats.take(new Map([[ZOE, { mutedUntil: 11 }]]));
  expect([longer.changes.length, longer.told.size]).toEqual([1, 0]);
  expect([...chats.muteEnds()]).toEqual([[ZOE, 11]]);
  longer.undo();
  expect([...chats.muteEnds()]).toEqual([[ZOE, 9]]);
  first.undo();
  expect(chats.of(ZOE)).toEqual({});
});

test('is the same from its vault, and so is how far each collection was followed', () => {
  const chats = new KeptChats('login:me', new Map());
  const kept = chats.take(
    new Map([
      [ZOE, { unread: true, mutedUntil: -1 }],
      [CHOIR, { archived: true }],
    ]),
  );
  const far = chats.follow('regular_low', 7);
  expect([chats.upTo('regular_low'), chats.followed]).toEqual([undefined, false]);
  far.written();
  expect([chats.upTo('regular_low'), chats.upTo('regular_high'), chats.followed]).toEqual([7, undefined, true]);
  const again = new KeptChats('login:me', vaultOf(...kept.changes, far.change));
  expect([again.of(ZOE), again.of(CHOIR)]).toEqual([{ unread: true, muted: true }, { archived: true }]);
  expect([again.upTo('regular_low'), again.followed, again.muteEnds().size]).toEqual([7, true, 0]);
  const untouched = again.take(again.untouched('regular_low'));
  expect([...untouched.told]).toEqual([
    [ZOE, { unread: false }],
    [CHOIR, { archived: false }],
  ]);
  expect(again.of(ZOE)).toEqual({ muted: true });
});

test('a value of a later version is not read for what it is not', () => {
  const later = Buffer.from(JSON.stringify({ v: 2, unread: true }));
  expect(() => new KeptChats('login:me', new Map([['kept/l5', later]]))).toThrow('later version');
});
