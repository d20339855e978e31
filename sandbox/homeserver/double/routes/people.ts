// People: profiles, account data, how they sort their rooms and what they are notified of, the directory.
import { textAt } from '../json.ts';
import { CLIENT, Routes } from './route.ts';

export const routes = new Routes();

routes.on('GET', `${CLIENT}/profile/:user`, async (call, userId = '') => {
  await call.hs.askForUser(userId);
  return call.hs.people.profile(userId);
});
routes.on('GET', `${CLIENT}/profile/:user/:key`, (call, userId = '', key = '') => {
  const profile = call.hs.people.profile(userId);
  return key in profile ? { [key]: profile[key] } : {};
});
routes.on('PUT', `${CLIENT}/profile/:user/:key`, (call, userId = '', key = '') =>
  call.hs.people.setProfile(call.who(), userId, key, call.json()),
);
routes.on('GET', `${CLIENT}/user/:user/account_data/:type`, (call, userId = '', type = '') => ({
  status: 200,
  body: call.hs.people.accountData(call.who(), userId, '', type),
}));
routes.on('PUT', `${CLIENT}/user/:user/account_data/:type`, (call, userId = '', type = '') =>
  call.hs.people.setAccountData(call.who(), userId, '', type, call.json()),
);
routes.on(
  'GET',
  `${CLIENT}/user/:user/rooms/:room/account_data/:type`,
  (call, userId = '', roomId = '', type = '') => ({
    status: 200,
    body: call.hs.people.accountData(call.who(), userId, roomId, type),
  }),
);
routes.on('PUT', `${CLIENT}/user/:user/rooms/:room/account_data/:type`, (call, userId = '', roomId = '', type = '') =>
  call.hs.people.setAccountData(call.who(), userId, roomId, type, call.json()),
);
routes.on('GET', `${CLIENT}/user/:user/rooms/:room/tags`, (call, userId = '', roomId = '') => ({
  tags: call.hs.people.tags(call.who(), userId, roomId),
}));
routes.on('PUT', `${CLIENT}/user/:user/rooms/:room/tags/:tag`, (call, userId = '', roomId = '', tag = '') =>
  call.hs.people.setTag(call.who(), userId, roomId, tag, call.json()),
);
routes.on('DELETE', `${CLIENT}/user/:user/rooms/:room/tags/:tag`, (call, userId = '', roomId = '', tag = '') =>
  call.hs.people.setTag(call.who(), userId, roomId, tag, undefined),
);
routes.on('GET', `${CLIENT}/pushrules/`, (call) => call.hs.pushRules.of(call.who().userId));
routes.on('GET', `${CLIENT}/pushrules/global/:kind/:rule`, (call, kind = '', ruleId = '') => ({
  status: 200,
  body: call.hs.pushRules.find(call.who().userId, kind, ruleId),
}));
routes.on('PUT', `${CLIENT}/pushrules/global/:kind/:rule`, (call, kind = '', ruleId = '') =>
  call.hs.pushRules.put(call.who(), kind, ruleId, call.json()),
);
routes.on('DELETE', `${CLIENT}/pushrules/global/:kind/:rule`, (call, kind = '', ruleId = '') =>
  call.hs.pushRules.remove(call.who(), kind, ruleId),
);
routes.on('PUT', `${CLIENT}/presence/:user/status`, (call, userId = '') =>
  call.hs.people.setPresence(call.who(), userId, textAt(call.json(), 'presence') ?? ''),
);
routes.on('GET', `${CLIENT}/presence/:user/status`, (call, userId = '') => {
  call.who();
  return { presence: call.hs.people.presenceOf(userId) };
});
routes.on('POST', `${CLIENT}/user_directory/search`, (call) => {
  call.who();
  const term = (textAt(call.json(), 'search_term') ?? '').toLowerCase();
  const found = [...call.hs.world.users.values()].filter(
    ({ userId, displayName }) => userId.includes(term) || displayName?.toLowerCase().includes(term) === true,
  );
  return {
    limited: false,
    results: found.map(({ userId, displayName }) => ({ user_id: userId, display_name: displayName })),
  };
});
