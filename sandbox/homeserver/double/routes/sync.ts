// What is new: /sync and its filters.
import { MatrixError, notFound } from '../json.ts';
import { syncFilter } from '../filter.ts';
import { readToken } from '../sync.ts';
import { parseFilter } from './filter-text.ts';
import { CLIENT, Routes } from './route.ts';

export const routes = new Routes();

routes.on('POST', `${CLIENT}/user/:user/filter`, (call, userId = '') => {
  const user = call.hs.rooms.user(call.who().userId);
  if (user.userId !== userId) throw new MatrixError(403, 'M_FORBIDDEN', 'Cannot create filters for other users');
  user.filters.push(call.json());
  return { filter_id: String(user.filters.length - 1) };
});
routes.on('GET', `${CLIENT}/user/:user/filter/:id`, (call, _user, id = '') => {
  const filter = call.hs.rooms.user(call.who().userId).filters[Number(id)];
  if (filter === undefined) throw notFound('No such filter');
  return filter;
});
routes.on('GET', `${CLIENT}/sync`, async (call) => {
  const requester = call.who();
  const { query, hs } = call;
  // Synapse fails on it: the sender of an appservice is no user in its tables, not even once it has registered.
  if (requester.userId === requester.service?.sender) throw new MatrixError(500, 'M_UNKNOWN', 'Internal server error');
  const given = query.get('filter');
  let filter: unknown = {};
  if (given?.startsWith('{') === true) filter = parseFilter(given);
  else if (given !== null) filter = hs.world.users.get(requester.userId)?.filters[Number(given)];
  if (filter === undefined) throw new MatrixError(400, 'M_INVALID_PARAM', 'No such filter');
  const since = query.get('since');
  return await hs.syncs.answer({
    requester,
    since: since === null || since === '' ? undefined : readToken(since),
    filter: syncFilter(filter),
    fullState: query.get('full_state') === 'true',
    timeoutMs: Math.min(Number(query.get('timeout') ?? 0), 120_000),
    signal: call.signal,
  });
});
