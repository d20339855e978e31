// The one recipe for effect ids: every effect's id derives from its cause, so that a retry changes nothing; knows no wire.
import { createHash } from 'node:crypto';
import { as, portalKeyText, type EffectId, type MessageId, type PortalKey } from './ids.ts';

/**
 * Effect id = first 32 characters of base64url(SHA-256(cause, part)).
 * `cause` is an entry's key: a Matrix event id or originKey(); `part` counts from 0, bookkeeping parts use names.
 */
export function effectId(cause: string, part: number | string): EffectId {
  const hash = createHash('sha256').update('passerelle-effect\0').update(cause).update('\0').update(String(part));
  return as<EffectId>(hash.digest('base64url').slice(0, 32));
}

/**
 * The canonical origin of something that happened on a network: never a serial number, never a login's own alias.
 * `revision` tells repeated happenings on one message apart (an edit's date, a reaction's sender and emoji).
 */
export function originKey(portal: PortalKey, kind: string, message: MessageId | string, revision = ''): string {
  return `${portalKeyText(portal)}#${kind}#${message}#${revision}`;
}
