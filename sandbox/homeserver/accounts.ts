// Makes accounts over HTTP, the same way on every homeserver; it must not know which kind answers.
import { createHmac } from 'node:crypto';
import { plainRequest } from './request.ts';
import type { Account } from './types.ts';

/** The shared secret of sandbox homeservers; they listen on loopback only. */
export const SHARED_SECRET = 'sandbox-shared-secret';

async function call(method: string, url: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await plainRequest({
    method,
    url,
    body: body === undefined ? undefined : JSON.stringify(body),
    timeoutMs: 30_000,
  });
  if (answer.status >= 300) {
    throw new Error(`${method} ${new URL(url).pathname} answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  }
  return JSON.parse(answer.text) as Record<string, unknown>;
}

function account(body: Record<string, unknown>): Account {
  return {
    userId: String(body['user_id']),
    accessToken: String(body['access_token']),
    deviceId: String(body['device_id']),
  };
}

/** Shared-secret registration (Synapse admin API, register_api.md): HMAC-SHA1 over nonce, name, password and rank. */
export async function registerAccount(
  url: string,
  localpart: string,
  password: string,
  admin: boolean,
): Promise<Account> {
  const { nonce } = await call('GET', `${url}/_synapse/admin/v1/register`);
  const mac = createHmac('sha1', SHARED_SECRET)
    .update([String(nonce), localpart, password, admin ? 'admin' : 'notadmin'].join('\0'))
    .digest('hex');
  return account(
    await call('POST', `${url}/_synapse/admin/v1/register`, { nonce, username: localpart, password, admin, mac }),
  );
}

/** Password login of a new device. */
export async function loginAccount(url: string, localpart: string, password: string): Promise<Account> {
  return account(
    await call('POST', `${url}/_matrix/client/v3/login`, {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: localpart },
      password,
    }),
  );
}
