// Who one is to the server: versions, login, devices, keys, and the paths of appservices about themselves.
import { MatrixError } from '../json.ts';
import { CLIENT, Routes } from './route.ts';

export const routes = new Routes();

routes.on('GET', '/health', () => ({
  status: 200,
  body: Buffer.from('OK'),
  headers: { 'content-type': 'text/plain' },
}));
routes.on('GET', '/_matrix/client/versions', () => ({
  versions: ['r0.6.1', ...Array.from({ length: 12 }, (_, minor) => `v1.${minor + 1}`)],
  unstable_features: { 'org.matrix.msc2285.stable': true },
}));
routes.on('GET', `${CLIENT}/capabilities`, (call) => {
  call.who();
  return {
    capabilities: {
      'm.room_versions': { default: call.hs.defaultVersion, available: { '11': 'stable', '12': 'stable' } },
      'm.change_password': { enabled: true },
    },
  };
});
routes.on('GET', `${CLIENT}/login`, () => ({
  flows: [{ type: 'm.login.password' }, { type: 'm.login.application_service' }],
}));
routes.on('POST', `${CLIENT}/login`, (call) => call.hs.people.login(call.json()));
routes.on('POST', `${CLIENT}/logout`, (call) => call.hs.people.logout(call.who()));
routes.on('POST', `${CLIENT}/register`, (call) => {
  const body = call.json();
  if (body['type'] !== 'm.login.application_service')
    throw new MatrixError(403, 'M_FORBIDDEN', 'Registration has been disabled');
  return call.hs.people.registerForAppservice(call.token, body);
});
routes.on('GET', '/_synapse/admin/v1/register', ({ hs }) => hs.people.nonce());
routes.on('POST', '/_synapse/admin/v1/register', (call) => call.hs.people.registerBySecret(call.json()));
routes.on('GET', `${CLIENT}/account/whoami`, (call) => {
  const { userId, deviceId } = call.who();
  return { user_id: userId, is_guest: false, ...(deviceId === undefined ? {} : { device_id: deviceId }) };
});
routes.on('GET', `${CLIENT}/devices`, (call) => ({
  devices: [...call.hs.rooms.user(call.who().userId).devices.values()].map(({ deviceId, displayName }) => ({
    device_id: deviceId,
    display_name: displayName ?? null,
  })),
}));
routes.on('PUT', `${CLIENT}/devices/:device`, (call, deviceId = '') => ({
  status: call.hs.people.putDevice(call.who(), deviceId, call.json()),
  body: {},
}));
routes.on('GET', `${CLIENT}/voip/turnServer`, (call) => {
  call.who();
  return {};
});
routes.on('GET', `${CLIENT}/thirdparty/protocols`, (call) => {
  call.who();
  return {};
});
routes.on('POST', `${CLIENT}/keys/query`, (call) => {
  call.who();
  return { device_keys: {}, failures: {} };
});
routes.on('POST', `${CLIENT}/keys/upload`, (call) => {
  call.who();
  return { one_time_key_counts: { signed_curve25519: 0 } };
});

// Appservices.
routes.on('POST', `${CLIENT}/appservice/:id/ping`, async (call, id = '') => {
  const { service } = call.who();
  if (service === undefined) {
    throw new MatrixError(403, 'M_FORBIDDEN', 'Only application services can use the /appservice/ping endpoint');
  }
  if (service.id !== id) throw new MatrixError(403, 'M_FORBIDDEN', 'Mismatching application service ID in path');
  return await call.hs.ping(id, call.json()['transaction_id']);
});
