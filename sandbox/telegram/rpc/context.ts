// What a method is given, and how it refers to people and channels. Knows no sockets.

import type { TelegramServer } from '../server.ts';
import type { TlObject, TlValue } from '../tl/layer.ts';
import type { AuthKey } from '../wire/keys.ts';
import type { Session } from '../wire/session.ts';
import { View } from '../world/view.ts';
import { Refusal } from '../../refusal.ts';
import type { Group } from '../world/groups.ts';
import type { Human } from '../world/people.ts';

export interface Context {
  readonly server: TelegramServer;
  readonly dc: number;
  readonly session: Session;
  readonly key: AuthKey;
}

export interface SignedIn extends Context {
  readonly me: Human;
  readonly view: View;
}

/** A method that anybody may call, and one that needs a login. */
export type OpenMethod = (context: Context, request: TlObject) => TlValue;
export type Method = (context: SignedIn, request: TlObject) => TlValue;

export const asText = (value: TlValue): string => (typeof value === 'string' ? value : '');
export const asNumber = (value: TlValue): number => (typeof value === 'number' ? value : 0);
export const asLong = (value: TlValue): bigint => (typeof value === 'bigint' ? value : 0n);
export const asBytes = (value: TlValue): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());
export const asObject = (value: TlValue): TlObject =>
  typeof value === 'object' && '_' in value ? value : { _: 'nothing' };
export const asObjects = (value: TlValue): readonly TlObject[] =>
  Array.isArray(value) ? (value as readonly TlObject[]) : [];
export const asNumbers = (value: TlValue): readonly number[] =>
  Array.isArray(value) ? (value as readonly number[]) : [];

/**
 * Whom an InputPeer or InputUser means. The access hash must be the one this viewer was given for that person. Throws
 * `PEER_ID_INVALID` or `USER_ID_INVALID` (400) as the kind of reference demands.
 */
export function personOf(context: SignedIn, reference: TlValue): Human {
  const { server, me } = context;
  const input = asObject(reference);
  const refusal = new Refusal(400, input._.startsWith('inputPeer') ? 'PEER_ID_INVALID' : 'USER_ID_INVALID');
  if (input._ === 'inputPeerSelf' || input._ === 'inputUserSelf') return me;
  const target = server.world.people.get(asLong(input['user_id']));
  if (target === undefined) throw refusal;
  if (input._ === 'inputPeerUser' || input._ === 'inputUser') {
    // One's own id needs no hash.
    if (target !== me && asLong(input['access_hash']) !== server.world.people.accessHash(me.id, target.id))
      throw refusal;
    return target;
  }
  if (input._ === 'inputPeerUserFromMessage' || input._ === 'inputUserFromMessage') {
    const peer = personOf(context, input['peer']);
    const copy = me.box.find(asNumber(input['msg_id']));
    if (copy === undefined || copy.peer !== peer.id || (target !== peer && target !== me)) throw refusal;
    return target;
  }
  throw refusal;
}

/** Which channel or supergroup an InputChannel means, for somebody who is in it. Throws `CHANNEL_INVALID` (400). */
export function channelOf({ server, me }: SignedIn, reference: TlValue): Group {
  const input = asObject(reference);
  const found = server.world.groups.channelsOf(me.id).find(({ id }) => id === asLong(input['channel_id']));
  const known =
    found !== undefined && asLong(input['access_hash']) === server.world.people.accessHash(me.id, found.peer);
  if (!known || input._ !== 'inputChannel') throw new Refusal(400, 'CHANNEL_INVALID');
  return found;
}
