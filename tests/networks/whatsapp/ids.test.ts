// How WhatsApp's people, chats and messages are named, and that a LID and a number of one person are one id.
import { describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../../src/model/errors.ts';
import { as, type ChatId, type EffectId, type MessageId, type PersonId } from '../../../src/model/ids.ts';
import { chatKind, messageId, Names, parseMessage, puppetId, stanzaId } from '../../../src/networks/whatsapp/ids.ts';
import { handlesOf, parseJid } from '../../../src/networks/whatsapp/jid.ts';
import { PeopleBook } from '../../../src/networks/whatsapp/people-book.ts';

const names = new Names(Buffer.alloc(32, 7));
const jid = (text: string): NonNullable<ReturnType<typeof parseJid>> => {
  const parsed = parseJid(text);
  if (parsed === undefined) throw new Error(`no jid: ${text}`);
  return parsed;
};

describe('addresses', () => {
  test.each([
    ['33612345678@s.whatsapp.net', { kind: 'pn', user: '33612345678', device: 0 }],
    ['33612345678:12@s.whatsapp.net', { kind: 'pn', user: '33612345678', device: 12 }],
    ['33612345678.1:12@s.whatsapp.net', { kind: 'pn', user: '33612345678', device: 12 }],
    ['33612345678@c.us', { kind: 'pn', user: '33612345678', device: 0 }],
    ['33612345678:99@hosted', { kind: 'pn', user: '33612345678', device: 99 }],
    ['104857600@lid', { kind: 'lid', user: '104857600', device: 0 }],
    ['104857600:3@lid', { kind: 'lid', user: '104857600', device: 3 }],
    ['120363041234567890@g.us', { kind: 'group', user: '120363041234567890', device: 0 }],
    ['33612345678-1500000000@g.us', { kind: 'group', user: '33612345678-1500000000', device: 0 }],
    ['status@broadcast', { kind: 'broadcast', user: 'status', device: 0 }],
    ['1500000000@broadcast', { kind: 'broadcast', user: '1500000000', device: 0 }],
    ['120363000000000000@newsletter', { kind: 'newsletter', user: '120363000000000000', device: 0 }],
  ])('%s', (text, parsed) => {
    expect(parseJid(text)).toEqual(parsed);
  });

  test.each([
    '',
    '@lid',
    'x@s.whatsapp.net',
    '1-2@s.whatsapp.net',
    '1@constructor',
    '1@call',
    `${'9'.repeat(16)}@s.whatsapp.net`,
    '1@lid@lid',
    undefined,
    7,
  ])('%p is none', (text) => {
    expect(parseJid(text)).toBeUndefined();
  });

  test('two addresses of one person, in either order; what does not fit is left out', () => {
    expect(handlesOf('5@lid', '33:4@s.whatsapp.net')).toEqual({ lid: '5', pn: '33' });
    expect(handlesOf('33@s.whatsapp.net', '5:1@lid')).toEqual({ lid: '5', pn: '33' });
    expect(handlesOf('33@s.whatsapp.net', '34@s.whatsapp.net')).toEqual({ pn: '33' });
    expect(handlesOf('33@s.whatsapp.net', '1@g.us')).toEqual({ pn: '33' });
    expect(handlesOf('1@g.us', '5@lid')).toBeUndefined();
  });
});

describe('names', () => {
  test.each(['33612345678', '0', '007', '999999999999999', '1'])('open the number %s again', (pn) => {
    const person = names.byNumber(pn);
    expect(person).toMatch(/^n[0-9a-f]{32}$/);
    expect(names.byNumber(pn)).toBe(person);
    expect(names.handlesIn(person)).toEqual({ pn });
  });

  test('never hold a phone number', () => {
    expect(names.byNumber('33612345678')).not.toContain('33612345678');
    expect(names.chat(jid('33612345678-1500000000@g.us'))).not.toContain('336');
  });

  test.each([
    ['120363041234567890@g.us', 'group'],
    ['33612345678-1500000000@g.us', 'group'],
    ['00033612345678-1@g.us', 'group'],
    ['999999999999999-999999999999@g.us', 'group'],
    ['status@broadcast', 'direct'],
    ['1500000000@broadcast', 'direct'],
    ['120363000000000000@newsletter', 'channel'],
  ])('of the chat %s lead back', (text, kind) => {
    const chat = names.chat(jid(text));
    expect(names.chatJid(chat)).toBe(text);
    expect(chatKind(chat)).toBe(kind);
  });

  test('of another key, or made up, lead nowhere', () => {
    const others = new Names(Buffer.alloc(32, 8));
    expect(names.handlesIn(others.byNumber('33612345678'))).toBeUndefined();
    expect(names.chatJid(others.chat(jid('33612345678-1500000000@g.us')))).toBeUndefined();
    for (const text of ['', 'l', 'lx', 'n12', 'o12', 'g', 'gff', 'x1', 'constructor']) {
      expect([names.handlesIn(as<PersonId>(text)), names.chatJid(as<ChatId>(text))]).toEqual([undefined, undefined]);
    }
    expect(() => new Names(Buffer.alloc(31))).toThrow();
  });
});

describe('messages', () => {
  const alice = as<PersonId>('l5');
  test.each(['3EB0C0FFEE', 'a#b@c/d.e%f', 'é 😀', 'x'.repeat(128), '%h'])('the id %p comes back', (id) => {
    expect(parseMessage(messageId(alice, id))).toEqual({ sender: 'l5', id });
  });

  test('of two senders with the same id are two', () => {
    expect(messageId(alice, 'A')).not.toBe(messageId(as<PersonId>('l6'), 'A'));
  });

  test('with an id beyond all measure are shown, but not pointed at', () => {
    const long = messageId(alice, 'x'.repeat(100_000));
    expect(long.length).toBeLessThan(40);
    expect(long).not.toBe(messageId(alice, 'x'.repeat(100_001)));
    for (const id of [long, messageId(alice, ''), as<MessageId>('5'), as<MessageId>('l5.%zz')]) {
      expect(() => parseMessage(id)).toThrow(BridgeError);
    }
    expect(() => messageId(alice, '\ud800')).not.toThrow();
  });

  test('go out under an id of their effect, the same at every try', () => {
    const all = Array.from({ length: 500 }, (_, i) => stanzaId(as<EffectId>(`effect-${i}`)));
    expect(all.every((id) => /^3EB0[0-9A-F]{18}$/.test(id))).toBe(true);
    expect(new Set(all).size).toBe(500);
    expect(stanzaId(as<EffectId>('effect-7'))).toBe(all[7]);
  });

  test('logins are their owner and account', () => {
    expect(puppetId('@a:x', alice)).toBe(puppetId('@a:x', alice));
    expect(puppetId('@a:x', alice)).not.toBe(puppetId('@b:x', alice));
    expect(puppetId('@a:x', alice)).toMatch(/^wa-/);
  });
});

function picker(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

describe('the people book', () => {
  const pn = '33612345678';
  const number = names.byNumber(pn);
  const kept = (book: PeopleBook): Map<string, Uint8Array> =>
    new Map(book.drain().flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const])));

  test('calls whoever comes with both names by the LID', () => {
    const book = new PeopleBook(names);
    expect(book.person({ lid: '5', pn }, 1)).toBe('l5');
    expect([book.person({ pn }, 2), book.person({ lid: '5' }, 2)]).toEqual(['l5', 'l5']);
    expect(book.handles(as<PersonId>('l5'))).toEqual({ lid: '5', pn });
  });

  test('keeps the id of whoever came by number first, when their LID is learnt', () => {
    const book = new PeopleBook(names);
    expect(book.person({ pn }, 1)).toBe(number);
    expect(book.person({ lid: '5', pn }, 2)).toBe(number);
    expect([book.person({ lid: '5' }, 3), book.person({ pn }, 3)]).toEqual([number, number]);
    expect(book.handles(number)).toEqual({ lid: '5', pn });
    expect(book.drainMerged()).toEqual([]);
  });

  test('keeps the id of whoever came by LID first, when their number is learnt', () => {
    const book = new PeopleBook(names);
    expect(book.person({ lid: '5' }, 1)).toBe('l5');
    expect(book.person({ lid: '5', pn }, 2)).toBe('l5');
    expect(book.person({ pn }, 3)).toBe('l5');
  });

  test.each([
    ['number', { pn }, { lid: '5' }, number, 'l5'],
    ['LID', { lid: '5' }, { pn }, 'l5', number],
  ])('of two seen apart keeps the older: the %s', (_name, first, second, to, from) => {
    const book = new PeopleBook(names);
    book.person(first, 1);
    book.person(second, 2);
    expect(book.person({ lid: '5', pn }, 3)).toBe(to);
    expect(book.drainMerged()).toEqual([{ from, to }]);
    expect(book.drainMerged()).toEqual([]);
    expect([book.person({ pn }, 4), book.person({ lid: '5' }, 4)]).toEqual([to, to]);
    expect(new PeopleBook(names, kept(book)).person({ pn }, 5)).toBe(to);
  });

  test('keeps who changes their number, and gives the old one to its next owner', () => {
    const book = new PeopleBook(names);
    book.person({ lid: '5', pn }, 1);
    expect(book.renamed({ pn }, { pn: '4477' }, 2)).toBe('l5');
    expect(book.handles(as<PersonId>('l5'))).toEqual({ lid: '5', pn: '4477' });
    // A late word under the old number is still theirs, until somebody else's account has it.
    expect(book.person({ pn }, 3)).toBe('l5');
    expect(book.person({ lid: '6', pn }, 4)).toBe('l6');
    expect([book.person({ pn }, 5), book.person({ pn: '4477' }, 5)]).toEqual(['l6', 'l5']);
    expect(book.handles(as<PersonId>('l5'))).toEqual({ lid: '5', pn: '4477' });
  });

  test('keeps who changes both number and account', () => {
    const book = new PeopleBook(names);
    book.person({ lid: '5', pn }, 1);
    expect(book.renamed({ lid: '5', pn }, { lid: '9', pn: '4477' }, 2)).toBe('l5');
    expect(book.person({ lid: '9' }, 3)).toBe('l5');
  });

  test('is the same after a restart, the newest number included', () => {
    const book = new PeopleBook(names);
    book.person({ pn: '1' }, 1);
    book.person({ lid: '5', pn }, 1);
    book.person({ lid: '5', pn: '4477' }, 2);
    const rows = kept(book);
    expect(JSON.stringify([...rows.keys()])).not.toContain(pn);
    const again = new PeopleBook(names, new Map([...rows].toReversed()));
    expect(again.handles(as<PersonId>('l5'))).toEqual({ lid: '5', pn: '4477' });
    expect(again.person({ pn: '1' }, 9)).toBe(names.byNumber('1'));
    expect(again.drain()).toEqual([]);
  });

  test('whatever becomes of numbers, what was told of them is what is known of everybody', () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const pick = picker(seed);
      const book = new PeopleBook(names);
      const told = new Map<PersonId, string | undefined>();
      for (let step = 0; step < 30; step += 1) {
        const [lid, number] = [`10${pick(3)}`, `20${pick(3)}`];
        const met = book.person([{ lid }, { pn: number }, { lid, pn: number }][pick(3)] ?? { lid }, step);
        for (const { person, pn: now } of book.drainNumbered()) told.set(person, now);
        for (const { from } of book.drainMerged()) told.delete(from);
        // Of whoever is new all is asked.
        if (!told.has(met)) told.set(met, book.handles(met)?.pn);
        const known = [...told.keys()].map((person) => [person, book.handles(person)?.pn]);
        expect([seed, step, ...told]).toEqual([seed, step, ...known]);
      }
    }
  });

  test('whatever order names come in, one person has one id in the end', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const pick = picker(seed);
      const book = new PeopleBook(names);
      for (let step = 0; step < 30; step += 1) {
        const who = pick(4);
        const [lid, number] = [`10${who}`, `20${who}`];
        book.person([{ lid }, { pn: number }, { lid, pn: number }][pick(3)] ?? { lid }, step);
      }
      const again = new PeopleBook(names, kept(book));
      const ids = [0, 1, 2, 3].map((who) => {
        const both = again.person({ lid: `10${who}`, pn: `20${who}` }, 99);
        expect([again.person({ lid: `10${who}` }, 99), again.person({ pn: `20${who}` }, 99)]).toEqual([both, both]);
        return both;
      });
      expect(new Set(ids).size).toBe(4);
    }
  });
});
