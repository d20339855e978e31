// Who a request speaks for, and who is allowed to say so; it must not know rooms.
import { forbidden, MatrixError } from './json.ts';
import { ownsUser, type Appservice } from './registration.ts';
import type { World } from './world.ts';

export interface Requester {
  readonly userId: string;
  /** Absent for an appservice that names no device. */
  readonly deviceId: string | undefined;
  readonly service: Appservice | undefined;
}

/** Read token and masquerade parameters as Synapse does (api/auth). Throws 401, 403 or 400 M_UNKNOWN_DEVICE. */
export function identify(
  world: World,
  services: readonly Appservice[],
  authorization: string | undefined,
  query: URLSearchParams,
): Requester {
  const token = authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : query.get('access_token');
  if (token === null || token === '') throw new MatrixError(401, 'M_MISSING_TOKEN', 'Missing access token');
  const service = services.find(({ asToken }) => asToken === token);
  if (service === undefined) {
    const known = world.tokens.get(token);
    if (known === undefined) {
      throw new MatrixError(401, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.', { soft_logout: false });
    }
    return { ...known, service: undefined };
  }
  const userId = query.get('user_id') ?? service.sender;
  if (userId !== service.sender) {
    if (!ownsUser(service, userId)) {
      throw forbidden(`Application service cannot masquerade as this user (${userId}).`);
    }
    if (!world.users.has(userId)) throw forbidden(`Application service has not registered this user (${userId})`);
  }
  const deviceId = query.get('device_id') ?? query.get('org.matrix.msc3202.device_id') ?? undefined;
  if (deviceId !== undefined && world.users.get(userId)?.devices.has(deviceId) !== true) {
    throw new MatrixError(
      400,
      'M_UNKNOWN_DEVICE',
      `Application service trying to use a device that doesn't exist ('${deviceId}' for ${userId})`,
    );
  }
  return { userId, deviceId, service };
}

/** Layer 1 of deduplication: an appservice's key does not name the user it speaks for (rest/client/transactions.py). */
export function transactionKey(requester: Requester, path: string): string {
  return requester.service === undefined
    ? `${path}\0user\0${requester.userId}\0${requester.deviceId ?? ''}`
    : `${path}\0appservice\0${requester.service.id}`;
}
