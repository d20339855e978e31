// Why a connection ended and what a message was refused for: every code has its state, and one next action in two languages.
import { describe, expect, test } from '@jest/globals';
import { catalogues, render } from '../../../src/words/index.ts';
import { endingOf, isRestriction, nackOf, partingOf, unanswered } from '../../../src/networks/whatsapp/errors.ts';

const NOW = 1_000_000;

describe('a connection that ended', () => {
  test.each([
    [401, 'sign-out', 'signed-out', 'after-login', 'whatsapp.logged-out'],
    [402, 'wait', 'stopped', 'later', 'whatsapp.temp-ban'],
    [403, 'sign-out', 'signed-out', 'after-login', 'whatsapp.locked'],
    [405, 'stop', 'stopped', 'later', 'whatsapp.outdated'],
    [406, 'sign-out', 'signed-out', 'after-login', 'whatsapp.banned'],
    [408, 'back-off', 'offline', 'later', 'whatsapp.timed-out'],
    [409, 'stop', 'stopped', 'later', 'whatsapp.unwelcome'],
    [411, 'sign-out', 'signed-out', 'after-login', 'whatsapp.no-multi-device'],
    [428, 'back-off', 'offline', 'later', 'whatsapp.line-lost'],
    [429, 'back-off', 'offline', 'later', 'network.rate-limited'],
    [440, 'stop', 'stopped', 'later', 'whatsapp.replaced'],
    [463, 'back-off', 'offline', 'later', 'whatsapp.restricted'],
    [500, 'back-off', 'offline', 'later', 'whatsapp.server-fault'],
    [503, 'back-off', 'offline', 'later', 'whatsapp.busy'],
    [515, 'restart', 'offline', 'later', 'whatsapp.restarting'],
    [499, 'back-off', 'offline', 'later', 'whatsapp.ended'],
  ])('%i', (status, next, state, retry, key) => {
    const parting = partingOf({ status }, NOW);
    // Nothing but a new version, or an end to the other program, opens what is stopped.
    expect(parting.error.alert).toBe(next === 'stop');
    expect(parting).toMatchObject({ next, state, error: { code: `whatsapp-ended-${status}`, retry, human: { key } } });
    for (const language of ['en', 'fr'] as const) {
      expect(render(parting.error.human, language)).not.toMatch(/\{\w+\}|whatsapp\./);
    }
  });

  test.each([
    ['101', 'whatsapp.ban-strangers'],
    ['102', 'whatsapp.ban-blocked'],
    ['103', 'whatsapp.ban-groups'],
    ['104', 'whatsapp.ban-same'],
    ['106', 'whatsapp.ban-lists'],
    ['999', 'whatsapp.temp-ban'],
    ['constructor', 'whatsapp.temp-ban'],
  ])('402 with code %s says why and until when', (code, key) => {
    const { error, until } = partingOf({ status: 402, code, expire: 7200 }, NOW);
    expect(error.human).toMatchObject({ key, with: { until: '1970-01-01 02:16 UTC' } });
    expect([until, error.notBefore]).toEqual([NOW + 7_200_000, NOW + 7_200_000]);
  });

  test('a ban without a time is a day', () => {
    expect(partingOf({ status: 402 }, NOW).until).toBe(NOW + 86_400_000);
  });

  test.each<[unknown, object]>([
    [
      { output: { statusCode: 402 }, data: { reason: '402', code: '104', expire: '3600' } },
      { status: 402, code: '104', expire: 3600 },
    ],
    [{ output: { statusCode: 515 }, data: { tag: 'x' } }, { status: 515 }],
    [new Error('socket'), { status: 428 }],
    [undefined, { status: 428 }],
    [{ output: null, data: 7 }, { status: 428 }],
  ])('is read from the library’s error %#', (error, ending) => {
    expect(endingOf(error)).toEqual(ending);
  });
});

describe('a message refused by the server', () => {
  test.each([
    [463, 'never', 'whatsapp.restricted'],
    [429, 'later', 'network.rate-limited'],
    [479, 'later', 'network.unreachable'],
    [403, 'never', 'whatsapp.may-not-write'],
    [404, 'never', 'whatsapp.peer-gone'],
    [421, 'now', 'network.unreachable'],
    [500, 'later', 'network.unreachable'],
    [487, 'never', 'network.refused'],
  ])('%i', (code, retry, key) => {
    const error = nackOf(code, NOW);
    expect(error).toMatchObject({ code: `whatsapp-nack-${code}`, retry, human: { key } });
    expect(isRestriction(error)).toBe(code === 463);
    expect(error.notBefore).toBe(code === 429 ? NOW + 60_000 : undefined);
    expect(render(error.human, 'fr')).not.toMatch(/\{\w+\}/);
  });

  test('one that nobody answered may have arrived', () => {
    expect(unanswered()).toMatchObject({ retry: 'now', mayHaveHappened: true });
  });
});

test('every sentence of WhatsApp’s is there in both languages', () => {
  const keys = Object.keys(catalogues.en).filter((key) => key.startsWith('whatsapp.'));
  expect(keys.length).toBeGreaterThan(25);
  expect(keys.filter((key) => !(key in catalogues.fr))).toEqual([]);
});
