// An account that this device is not linked to any more: how it is said, and what of its vault is worth nothing then. Knows no wire.
import { BridgeError } from '../../model/errors.ts';
import type { Vault, VaultChange } from '../../ports/stores.ts';
import { CONTACT } from './contacts.ts';
import { UP_TO } from './kept-chats.ts';
import { CREDS_KEY, KEY_PREFIX } from './state/values.ts';

export function loggedOut(cause?: unknown): BridgeError {
  return new BridgeError('whatsapp-logged-out', 'after-login', 'whatsapp.logged-out', { cause });
}

/** Credentials and keys that are worth nothing any more, how far settings were followed with them, and the address book; what was received and not accepted stays. */
export async function worthless(vault: Vault, scope: string): Promise<readonly VaultChange[]> {
  const kept = await vault.readAll(scope);
  const gone = [KEY_PREFIX, UP_TO, CONTACT];
  const keys = [...kept.keys()].filter((key) => key === CREDS_KEY || gone.some((prefix) => key.startsWith(prefix)));
  return keys.map((key) => ({ scope, key, value: null }));
}
