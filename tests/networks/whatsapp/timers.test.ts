// How long what is said stays in a chat: every way in which WhatsApp tells of it, and what is said of ours.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { describe, expect, test } from '@jest/globals';
import type { WireMessage } from '../../../src/networks/whatsapp/place.ts';
import { newerTimer, setting, timed, timerIn, type Timer } from '../../../src/networks/whatsapp/timers.ts';
import { inGroup, wire } from './support/wire.ts';

const { Type } = proto.Message.ProtocolMessage;
const { StubType } = proto.WebMessageInfo;
const WEEK = 604_800;
const set = (more: proto.Message.IProtocolMessage) =>
  wire({ protocolMessage: { type: Type.EPHEMERAL_SETTING, ...more } });
const note = (text?: string): WireMessage =>
  inGroup(
    undefined,
    {},
    {
      messageStubType: StubType.CHANGE_EPHEMERAL_SETTING,
      ...(text === undefined ? {} : { messageStubParameters: [text] }),
    },
  );

describe('the timer of a chat', () => {
  test.each<[string, WireMessage, Timer | undefined]>([
    ['set', set({ ephemeralExpiration: WEEK, ephemeralSettingTimestamp: 900 }), { seconds: WEEK, since: 900 }],
    ['set at no time', set({ ephemeralExpiration: WEEK }), { seconds: WEEK, since: 1000 }],
    ['turned off', set({ ephemeralExpiration: 0 }), { seconds: 0, since: 1000 }],
    ['turned off without a word', set({}), { seconds: 0, since: 1000 }],
    ['set for a group', note(String(WEEK)), { seconds: WEEK, since: 1000 }],
    ['turned off for a group', note(), { seconds: 0, since: 1000 }],
    [
      'in a message',
      wire({
        ephemeralMessage: {
          message: {
            extendedTextMessage: { text: 'x', contextInfo: { expiration: WEEK, ephemeralSettingTimestamp: 800 } },
          },
        },
      }),
      { seconds: WEEK, since: 800 },
    ],
    ['in an old app’s message', wire({ imageMessage: { contextInfo: { expiration: WEEK } } }), { seconds: WEEK }],
    ['in no message without one', wire({ conversation: 'x' }), undefined],
    ['in no deletion', wire({ protocolMessage: { type: Type.REVOKE, key: { id: 'M0' } } }), undefined],
    ['in nothing', wire(undefined), undefined],
  ])('%s', (_name, message, timer) => {
    expect(timerIn(message)).toEqual(timer);
  });

  test('is the one that was set last, whatever comes late', () => {
    const [week, off] = [
      { seconds: WEEK, since: 900 },
      { seconds: 0, since: 1000 },
    ];
    expect(newerTimer(week, off)).toBe(off);
    expect(newerTimer(off, week)).toBe(off);
    expect(newerTimer(undefined, week)).toBe(week);
    expect(newerTimer(week, { seconds: WEEK })).toBe(week);
    expect(newerTimer(week, { seconds: 0 })).toEqual({ seconds: 0 });
  });

  test('is said of what we say', () => {
    expect(timed({ seconds: 0, since: 5 })).toEqual({});
    expect(timed({ seconds: WEEK })).toEqual({ expiration: WEEK });
    expect(timed({ seconds: WEEK, since: 5 })).toEqual({ expiration: WEEK, ephemeralSettingTimestamp: 5 });
    expect(timerIn(wire(setting(WEEK, 7)))).toEqual({ seconds: WEEK, since: 7 });
  });
});
