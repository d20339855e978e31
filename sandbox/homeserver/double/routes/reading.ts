// Paths of rooms that only read: state, members, messages, relations.
import { isObject } from '../json.ts';
import { eventFilter } from '../filter.ts';
import { parseFilter } from './filter-text.ts';
import { CLIENT, Routes, type Answer, type Call } from './route.ts';

export const routes = new Routes();

routes.on('GET', `${CLIENT}/joined_rooms`, (call) => ({ joined_rooms: call.hs.reads.joinedRooms(call.who().userId) }));
routes.on('GET', `${CLIENT}/rooms/:room/state`, (call, roomId = '') => ({
  status: 200,
  body: Buffer.from(JSON.stringify(call.hs.reads.state(call.who(), roomId))),
  headers: { 'content-type': 'application/json' },
}));
routes.on('GET', `${CLIENT}/rooms/:room/state/:type/:rest`, (call, roomId = '', type = '', stateKey = '') =>
  stateEvent(call, roomId, type, stateKey),
);
routes.on('GET', `${CLIENT}/rooms/:room/state/:type`, (call, roomId = '', type = '') =>
  stateEvent(call, roomId, type, ''),
);

function stateEvent(call: Call, roomId: string, type: string, stateKey: string): Answer {
  const whole = call.query.get('format') === 'event';
  return { status: 200, body: call.hs.reads.stateEvent(call.who(), roomId, type, stateKey, whole) };
}

routes.on('GET', `${CLIENT}/rooms/:room/members`, (call, roomId = '') => ({
  chunk: call.hs.reads.members(call.who(), roomId, call.query.get('membership'), call.query.get('not_membership')),
}));
routes.on('GET', `${CLIENT}/rooms/:room/joined_members`, (call, roomId = '') => ({
  joined: call.hs.reads.joinedMembers(call.who(), roomId),
}));
routes.on('GET', `${CLIENT}/rooms/:room/messages`, (call, roomId = '') => {
  const { query } = call;
  const given = query.get('filter');
  const filter = given === null ? {} : parseFilter(given);
  return call.hs.reads.messages(call.who(), roomId, {
    from: query.get('from') ?? undefined,
    to: query.get('to') ?? undefined,
    backwards: query.get('dir') !== 'f',
    limit: Math.min(Number(query.get('limit') ?? 10), 1000),
    filter: eventFilter(isObject(filter) ? filter : {}),
  });
});
routes.on('GET', `${CLIENT}/rooms/:room/event/:event`, (call, roomId = '', eventId = '') => {
  const requester = call.who();
  return call.hs.reads.whole(requester, roomId, eventId);
});
routes.on('GET', `${CLIENT}/rooms/:room/context/:event`, (call, roomId = '', eventId = '') =>
  call.hs.reads.context(call.who(), roomId, eventId, Number(call.query.get('limit') ?? 10)),
);
for (const tail of ['', '/:rel', '/:rel/:type']) {
  routes.on('GET', `${CLIENT}/rooms/:room/relations/:event${tail}`, (call, roomId = '', eventId = '', relType, type) =>
    call.hs.reads.relations(call.who(), roomId, eventId, {
      relType,
      type,
      forwards: call.query.get('dir') === 'f',
      limit: Math.min(Number(call.query.get('limit') ?? 5), 1000),
    }),
  );
}
