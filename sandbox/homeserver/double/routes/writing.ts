// Rooms: writing, and what passes: typing and receipts.
import { MatrixError, numberAt, textAt } from '../json.ts';
import { CLIENT, Routes } from './route.ts';

export const routes = new Routes();

routes.on(
  'PUT',
  `${CLIENT}/rooms/:room/send/:type/:txn`,
  (call, roomId = '', type = '', txnId = '') => ({
    event_id: call.hs.rooms.send(call.who(), roomId, type, call.json(), { txnId, ts: stamp(call.query) }),
  }),
  true,
);
routes.on(
  'PUT',
  `${CLIENT}/rooms/:room/redact/:event/:txn`,
  (call, roomId = '', eventId = '', txnId = '') => ({
    event_id: call.hs.rooms.redact(call.who(), roomId, eventId, call.json(), { txnId }),
  }),
  true,
);
routes.on('PUT', `${CLIENT}/rooms/:room/state/:type/:rest`, (call, roomId = '', type = '', stateKey = '') => ({
  event_id: call.hs.rooms.setState(call.who(), roomId, type, stateKey, call.json(), stamp(call.query)),
}));
routes.on('PUT', `${CLIENT}/rooms/:room/state/:type`, (call, roomId = '', type = '') => ({
  event_id: call.hs.rooms.setState(call.who(), roomId, type, '', call.json(), stamp(call.query)),
}));
routes.on('PUT', `${CLIENT}/rooms/:room/typing/:user`, (call, roomId = '', userId = '') => {
  const requester = call.who();
  const body = call.json();
  if (requester.userId !== userId) throw new MatrixError(400, 'M_FORBIDDEN', "Cannot set another user's typing state");
  call.hs.ephemeral.setTyping(
    call.hs.rooms.find(roomId),
    userId,
    body['typing'] === true,
    numberAt(body, 'timeout', 30_000),
  );
});
routes.on('POST', `${CLIENT}/rooms/:room/receipt/:type/:event`, (call, roomId = '', type = '', eventId = '') => {
  const { userId } = call.who();
  const room = call.hs.rooms.find(roomId);
  if (type === 'm.fully_read') call.hs.people.setAccountData(call.who(), userId, roomId, type, { event_id: eventId });
  else call.hs.ephemeral.setReceipt(room, userId, type, eventId, textAt(call.json(), 'thread_id'));
});
routes.on('POST', `${CLIENT}/rooms/:room/read_markers`, (call, roomId = '') => {
  const requester = call.who();
  const body = call.json();
  const room = call.hs.rooms.find(roomId);
  for (const type of ['m.read', 'm.read.private']) {
    const eventId = textAt(body, type);
    if (eventId !== undefined) call.hs.ephemeral.setReceipt(room, requester.userId, type, eventId, undefined);
  }
  const read = textAt(body, 'm.fully_read');
  if (read !== undefined)
    call.hs.people.setAccountData(requester, requester.userId, roomId, 'm.fully_read', { event_id: read });
});

function stamp(query: URLSearchParams): number | undefined {
  const ts = query.get('ts');
  return ts === null || !/^\d+$/.test(ts) ? undefined : Number(ts);
}
