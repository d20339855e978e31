// Keys of what happens: a portal has one text in every process, and an effect one id for ever.
import { expect, test } from '@jest/globals';
import { effectId, originKey } from '../../src/model/effect.ts';
import { as, parsePortalKey, portalKeyText, type PortalKey } from '../../src/model/ids.ts';

const keys: PortalKey[] = [
  { network: as('telegram'), chat: as('777000') },
  { network: as('telegram'), chat: as('777000'), receiver: as('tg_abc') },
  { network: as('pigeon'), chat: as('a/b@c#d é'), receiver: as('x@y/z') },
];

test('a portal key survives its text', () => {
  for (const key of keys) expect(parsePortalKey(portalKeyText(key))).toEqual(key);
});

test('different portals never share a text', () => {
  const tricky = [
    { network: as('n'), chat: as('a@b') },
    { network: as('n'), chat: as('a'), receiver: as('b') },
    { network: as('n'), chat: as('a%40b') },
  ] as PortalKey[];
  expect(new Set(tricky.map(portalKeyText)).size).toBe(tricky.length);
});

test('a text that is no portal key is refused', () => {
  expect(() => parsePortalKey('nonsense')).toThrow('not a portal key');
});

test('effect ids depend on cause and part and nothing else', () => {
  const [key] = keys as [PortalKey];
  const cause = originKey(key, 'message', '5');
  expect(effectId(cause, 0)).toBe(effectId(cause, 0));
  const ids = [
    effectId(cause, 0),
    effectId(cause, 1),
    effectId('other', 0),
    effectId(originKey(key, 'edit', '5', '9'), 0),
  ];
  expect(new Set(ids).size).toBe(4);
  // Golden: a changed recipe would send everything again after an upgrade.
  expect(effectId('$event', 0)).toBe(effectId('$event', '0'));
  expect(effectId('$event', 0)).toMatchInlineSnapshot(`"O5TwdsY-XNCZALEs39o1WsEHB8dP3ir8"`);
});
