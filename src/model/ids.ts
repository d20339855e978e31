// Branded identifiers and the two keys built from them; knows nothing about how any network or homeserver spells its ids.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A network's short name, for example `telegram` or `pigeon`. */
export type NetworkId = Branded<'NetworkId'>;
/** One login of one Matrix user on one network; stable over sign-outs of the same remote account. */
export type PuppetId = Branded<'PuppetId'>;
/** Opaque outside its network's folder. */
export type ChatId = Branded<'ChatId'>;
/** Opaque outside its network's folder; never a phone number. */
export type PersonId = Branded<'PersonId'>;
/** Opaque outside its network's folder; unique within a portal. */
export type MessageId = Branded<'MessageId'>;
export type UserId = Branded<'UserId'>;
export type RoomId = Branded<'RoomId'>;
export type EventId = Branded<'EventId'>;
export type MxcUri = Branded<'MxcUri'>;
/** Names one effect for ever: a hash of its cause and part (see model/effect.ts). */
export type EffectId = Branded<'EffectId'>;
/** A line in which entries are worked off one after the other. */
export type LaneId = Branded<'LaneId'>;
/** What a lane or lease belongs to: `login:<puppet>`, `attempt:<user>/<network>`, `sync:bot`. */
export type OwnerId = Branded<'OwnerId'>;
/** A worker process; its slot name is stable over restarts. */
export type WorkerId = Branded<'WorkerId'>;

/** Brands a plain string at the edge where it enters; the only sanctioned cast. */
export function as<Id extends Branded<string>>(text: string): Id {
  return text as Id;
}

/** `receiver` is set for direct chats only: the same contact of two logins is two rooms. */
export interface PortalKey {
  readonly network: NetworkId;
  readonly chat: ChatId;
  readonly receiver?: PuppetId;
}

/** One string per portal, used in lanes, maps and database keys: `network/chat` or `network/chat@receiver`. */
export function portalKeyText(key: PortalKey): string {
  const chat = encodeURIComponent(key.chat);
  return key.receiver === undefined
    ? `${key.network}/${chat}`
    : `${key.network}/${chat}@${encodeURIComponent(key.receiver)}`;
}

/** The inverse of portalKeyText. @throws Error when the text was not made by portalKeyText. */
export function parsePortalKey(text: string): PortalKey {
  const match = /^([^/]+)\/([^@]*)(?:@(.+))?$/.exec(text);
  if (match === null) throw new Error('not a portal key');
  const [, network, chat, receiver] = match;
  const key = { network: as<NetworkId>(network ?? ''), chat: as<ChatId>(decodeURIComponent(chat ?? '')) };
  return receiver === undefined ? key : { ...key, receiver: as<PuppetId>(decodeURIComponent(receiver)) };
}

/** Lane of what one Matrix user does in one room. */
export function toNetworkLane(room: RoomId, sender: UserId): LaneId {
  return as<LaneId>(`n:${room}|${sender}`);
}

/** Lane of what happens in one remote chat. */
export function toMatrixLane(key: PortalKey): LaneId {
  return as<LaneId>(`m:${portalKeyText(key)}`);
}

export function loginOwner(puppet: PuppetId): OwnerId {
  return as<OwnerId>(`login:${puppet}`);
}

export function attemptOwner(user: UserId, network: NetworkId): OwnerId {
  return as<OwnerId>(`attempt:${user}/${network}`);
}
