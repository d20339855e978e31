// Rooms: making, finding, entering, leaving.
import { MatrixError, notFound, textAt, type Json } from '../json.ts';
import { checkAliasOwner, createRoom } from '../create-room.ts';
import { CLIENT, Routes, type Call } from './route.ts';

export const routes = new Routes();

routes.on('POST', `${CLIENT}/createRoom`, (call) => {
  const requester = call.who();
  const { hs } = call;
  return {
    room_id: createRoom(hs.rooms, requester, call.json(), { services: hs.services, defaultVersion: hs.defaultVersion }),
  };
});
routes.on('GET', `${CLIENT}/directory/room/:alias`, async (call, alias = '') => {
  let found = call.hs.world.aliases.get(alias);
  if (found === undefined && (await call.hs.askForAlias(alias))) found = call.hs.world.aliases.get(alias);
  if (found === undefined) throw notFound(`Room alias ${alias} not found`);
  return { room_id: found.roomId, servers: [call.hs.world.serverName] };
});
routes.on('PUT', `${CLIENT}/directory/room/:alias`, (call, alias = '') => {
  const requester = call.who();
  const roomId = textAt(call.json(), 'room_id');
  if (roomId === undefined) throw new MatrixError(400, 'M_BAD_JSON', 'Field required');
  if (!call.hs.world.rooms.has(roomId)) throw new MatrixError(400, 'M_UNKNOWN', 'Room does not exist');
  checkAliasOwner(call.hs.services, requester, alias);
  if (call.hs.world.aliases.has(alias)) throw new MatrixError(409, 'M_UNKNOWN', `Room alias ${alias} already exists`);
  call.hs.world.setAlias(alias, roomId, requester.userId);
});
routes.on('DELETE', `${CLIENT}/directory/room/:alias`, (call, alias = '') => {
  const requester = call.who();
  const found = call.hs.world.aliases.get(alias);
  if (found === undefined) throw notFound('Unknown room alias');
  if (requester.service !== undefined) checkAliasOwner(call.hs.services, requester, alias);
  else if (found.creator !== requester.userId) {
    throw new MatrixError(403, 'M_FORBIDDEN', "You don't have permission to delete the alias.");
  }
  call.hs.world.deleteAlias(alias);
});
routes.on('GET', `${CLIENT}/rooms/:room/aliases`, (call, roomId = '') => {
  call.hs.reads.state(call.who(), roomId);
  return { aliases: call.hs.world.aliasesOf(roomId) };
});
routes.on('POST', `${CLIENT}/join/:target`, (call, target = '') => join(call, target));
routes.on('POST', `${CLIENT}/rooms/:room/join`, (call, target = '') => join(call, target));

function roomOf({ hs }: Call, idOrAlias: string): string {
  if (!idOrAlias.startsWith('#')) return idOrAlias;
  const found = hs.world.aliases.get(idOrAlias);
  if (found === undefined) throw notFound(`Room alias ${idOrAlias} not found`);
  return found.roomId;
}

function join(call: Call, target: string): Json {
  const requester = call.who();
  const roomId = roomOf(call, target);
  if (!call.hs.world.rooms.has(roomId)) {
    throw new MatrixError(
      404,
      'M_UNKNOWN',
      "Can't join remote room because no servers that are in the room have been provided.",
    );
  }
  const { reason } = call.json();
  call.hs.rooms.setMembership(requester, roomId, requester.userId, 'join', reason === undefined ? {} : { reason });
  return { room_id: roomId };
}

for (const action of ['invite', 'kick', 'ban', 'unban']) {
  routes.on('POST', `${CLIENT}/rooms/:room/${action}`, (call, roomId = '') => {
    const requester = call.who();
    const body = call.json();
    const target = textAt(body, 'user_id');
    if (target === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', 'Missing user_id key.');
    const { reason } = body;
    call.hs.rooms.setMembership(requester, roomId, target, action, reason === undefined ? {} : { reason });
  });
}
routes.on('POST', `${CLIENT}/rooms/:room/leave`, (call, roomId = '') => {
  const requester = call.who();
  const { reason } = call.json();
  call.hs.rooms.setMembership(requester, roomId, requester.userId, 'leave', reason === undefined ? {} : { reason });
});
routes.on('POST', `${CLIENT}/rooms/:room/forget`, (call, roomId = '') => {
  const requester = call.who();
  const room = call.hs.rooms.find(roomId);
  const membership = call.hs.world.membership(room, requester.userId);
  if (membership === 'join' || membership === 'invite') {
    throw new MatrixError(400, 'M_UNKNOWN', `User ${requester.userId} in room ${roomId}`);
  }
  room.forgotten.add(requester.userId);
});
