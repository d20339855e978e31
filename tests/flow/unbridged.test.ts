// What people say in a portal and no network is given: the author is told, and nobody else's room is listened to for it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readEvent } from '../../src/matrix/read.ts';
import type { RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';

type Row = readonly [kind: string | undefined, type: string, content: Record<string, unknown>, state?: string];
const named = (rows: readonly Row[]) => rows.map(([kind, type, content, state]) => ({ kind, type, content, state }));

const about = { 'm.relates_to': { rel_type: 'm.reference', event_id: '$poll' } };
const TOLD: readonly Row[] = [
  ['call', 'm.call.invite', { call_id: '1', version: '1', lifetime: 60_000, offer: { type: 'offer', sdp: 'v=0' } }],
  ['poll', 'm.poll.start', { 'm.poll': { question: {} } }],
  ['poll', 'm.poll.response', { ...about, 'm.selections': ['a'] }],
  ['poll', 'm.poll.end', { ...about, 'm.text': [{ body: 'It is over' }] }],
  ['poll', 'org.matrix.msc3381.poll.start', { 'org.matrix.msc3381.poll.start': {} }],
  ['poll', 'org.matrix.msc3381.poll.response', { ...about, 'org.matrix.msc3381.poll.response': { answers: ['a'] } }],
  ['poll', 'org.matrix.msc3381.poll.end', { ...about, body: 'It is over' }],
  ['location', 'm.beacon_info', { live: true, timeout: 60_000 }, marie],
  ['location', 'org.matrix.msc3672.beacon_info', { live: true, timeout: 60_000 }, marie],
  ['message of another kind', 'm.message', { 'm.text': [{ body: 'hello' }] }],
  ['message of another kind', 'org.matrix.msc1767.message', { 'org.matrix.msc1767.text': 'hello' }],
  ['message of another kind', 'm.video', { 'm.text': [{ body: 'a film' }], 'm.file': { url: 'mxc://hs.test/a' } }],
  ['message of another kind', 'org.example.drawing', { body: 'a drawing' }],
];

const PASSED_OVER: readonly Row[] = [
  ...['candidates', 'answer', 'hangup', 'select_answer', 'negotiate', 'reject'].map((what): Row => [
    undefined,
    `m.call.${what}`,
    { call_id: '1', body: 'x' },
  ]),
  [undefined, 'm.call.invite', {}],
  [undefined, 'm.poll.response', {}],
  [undefined, 'm.key.verification.cancel', { code: 'm.user', body: 'x' }],
  [undefined, 'm.beacon', { ...about, body: 'x' }],
  [undefined, 'org.matrix.msc3672.beacon', { ...about, 'org.matrix.msc1767.text': 'x' }],
  [undefined, 'm.beacon_info', { live: false }, marie],
  [undefined, 'm.room.pinned_events', { pinned_words: 'x', body: 'x' }, ''],
  [undefined, 'org.matrix.msc3401.call.member', { body: 'x' }, marie],
  [undefined, 'org.matrix.msc4075.call.notify', { application: 'm.call', notify_type: 'ring' }],
  [undefined, 'io.element.functional', { body: 'x' }],
  [undefined, 'fr.passerelle.note', { body: 'x' }],
  [undefined, 'org.example.ping', { counter: 1 }],
];

let world: FlowWorld;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  room = await world.begin(chat);
});

afterEach(async () => {
  await world.house?.stop();
});

describe('in a portal', () => {
  test.each(named(TOLD))('a $kind ($type) is refused in so many words', async ({ kind, type, content, state }) => {
    world.matrix.emit(room, marie, type, content, state);
    await world.run();
    const said = world.matrix.texts(room).slice(1);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(kind);
  });

  test.each(named(PASSED_OVER))('$type is kept by nobody', async ({ type, content, state }) => {
    const event = { type, event_id: '$odd', room_id: room, sender: marie, origin_server_ts: 5, content };
    const whole = state === undefined ? event : { ...event, state_key: state };
    expect(await world.house?.intake.fromMatrix(undefined, [whole])).toBe(0);
    expect(readEvent(whole)).toMatchObject({ kind: 'other', type });
  });
});

test('in a room that is no portal, nothing of it is kept', async () => {
  const events = TOLD.filter(([, type]) => !type.endsWith('poll.start')).map(([, type, content, state], index) => ({
    type,
    event_id: `$e${index}`,
    room_id: '!elsewhere:hs.test',
    sender: marie,
    origin_server_ts: 5,
    content,
    ...(state === undefined ? {} : { state_key: state }),
  }));
  expect(await world.house?.intake.fromMatrix(undefined, events)).toBe(0);
});
