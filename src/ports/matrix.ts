// The door to the homeserver: who speaks there, rooms and media; knows nothing of networks beyond their ids.
import type { ChatMarks, PersonSnapshot } from '../model/chat.ts';
import type { EffectId, EventId, MxcUri, NetworkId, PersonId, PortalKey, RoomId, UserId } from '../model/ids.ts';
import type { MatrixEphemeral, MatrixEvent, Membership } from '../model/matrix-event.ts';
import type { Media, MediaSource, MessageBody } from '../model/message.ts';
import type { MediaStream } from './network.ts';

export interface SendAbout {
  readonly replyTo?: EventId;
  /** Epoch ms: the time people see (`?ts=`). */
  readonly at?: number;
  /** Marks a late delivery with its original time. */
  readonly late?: boolean;
}

/** What a room is called and what it is about; nothing named = as it is, an empty topic = none. */
export interface RoomWords {
  readonly name?: string;
  readonly topic?: string;
}

/** What a group lets its people do, as its room says it; nothing named = as it is. */
export interface RoomPowers {
  readonly roles?: ReadonlyMap<UserId, 'member' | 'admin'>;
  /** Nobody but those named, and those who stand as high as the bot, keeps any power. */
  readonly only?: boolean;
  readonly announce?: boolean;
  readonly locked?: boolean;
  readonly anyoneAdds?: boolean;
}

/**
 * Bot, ghost and double puppet are all Speakers: the caller cannot tell them apart. Every send takes an effect id, which
 * becomes the transaction id; the same id sent twice is one event. @throws BridgeError on every failing call.
 */
export interface Speaker {
  readonly user: UserId;
  join(room: RoomId): Promise<void>;
  leave(room: RoomId, why?: string): Promise<void>;
  /** With an effect id the membership bears its marker. */
  invite(room: RoomId, user: UserId, direct?: boolean, id?: EffectId): Promise<void>;
  kick(room: RoomId, user: UserId, why?: string, id?: EffectId): Promise<void>;
  /**
   * Writes nothing that the room says already.
   * @param where `over-ours`: only where what the room says was written by us, so that what a person set stays
   */
  describe(room: RoomId, id: EffectId, words: RoomWords, where?: 'over-ours'): Promise<void>;
  /** Undefined takes it away. Writes nothing that is so already. @param where as above */
  showPicture(room: RoomId, id: EffectId, uri: MxcUri | undefined, where?: 'over-ours'): Promise<void>;
  send(room: RoomId, id: EffectId, body: MessageBody, about?: SendAbout): Promise<EventId>;
  edit(room: RoomId, id: EffectId, target: EventId, body: MessageBody, about?: SendAbout): Promise<EventId>;
  redact(room: RoomId, id: EffectId, target: EventId, why?: string): Promise<EventId>;
  react(room: RoomId, id: EffectId, target: EventId, emoji: string, about?: SendAbout): Promise<EventId>;
  typing(room: RoomId, active: boolean): Promise<void>;
  read(room: RoomId, upTo: EventId): Promise<void>;
  /** To whoever is in a room with this one. */
  presence(online: boolean): Promise<void>;
}

export interface RoomSpec {
  readonly portal: PortalKey;
  readonly name?: string;
  readonly topic?: string;
  readonly direct: boolean;
  readonly invite: readonly UserId[];
  readonly networkTitle: string;
}

export interface MadeRoom {
  readonly room: RoomId;
  /** The homeserver forced encryption although nobody asked. */
  readonly encrypted: boolean;
  readonly adopted: boolean;
}

/** What a room's state says, to whoever is in it. */
export interface RoomLook {
  readonly members: ReadonlyMap<UserId, Membership>;
  /** Members who may write its powers; the bot only where it stands as high as in rooms of its own. */
  readonly leaders: ReadonlySet<UserId>;
  readonly name?: string;
  readonly encrypted: boolean;
  /** The bot declared it a bridged room (m.bridge): a portal, or one in the making. */
  readonly bridged: boolean;
  /** The room that it says it replaces; anybody can claim that. */
  readonly predecessor?: RoomId;
  /** The room that it was replaced by. */
  readonly successor?: RoomId;
  readonly tombstoned: boolean;
}

/** An event as the homeserver has it now. */
export interface EventLook {
  readonly sender: UserId;
  /** Epoch ms. */
  readonly at: number;
  /** It was taken back. */
  readonly redacted: boolean;
  /** What it says by now, where it is a message with words; a notice says nothing. */
  readonly words?: string;
}

/** One of its network's that a room shows: the network's name for it, and where it is in the homeserver's store. */
export interface ShownPicture {
  readonly hash: string;
  readonly uri: MxcUri;
}

export interface RoomPictures {
  /** Into the homeserver's store, once; undefined when it cannot be had now. @throws BridgeError while the homeserver is away */
  bring(network: NetworkId, hash: string, open: () => Promise<MediaStream | undefined>): Promise<MxcUri | undefined>;
  /** What the room was last given from its network, or its network from the room. */
  shown(room: RoomId): Promise<ShownPicture | undefined>;
  /**
   * By one at a time of all processes. @param here it was set in the room, or taken away there, and done over there at that moment (epoch
   * ms): what comes back of it is known; what is older than the last of these changes nothing
   */
  keep(room: RoomId, shown: ShownPicture | undefined, here?: number): Promise<void>;
  /** The last one that was set in the room, and whether taking one away there was the last that became of it. */
  fromHere(room: RoomId): Promise<{ readonly set: ShownPicture | undefined; readonly taken: boolean }>;
}

/** A name or topic that went to a group from its room, or came from there. */
export interface Wording {
  readonly id: EffectId;
  readonly of: keyof RoomWords;
  readonly text: string;
  /** Epoch ms. */
  readonly at: number;
  /** Set here and perhaps under way, done over there, or come back from there; or set by somebody over there. */
  readonly is: 'leaving' | 'done' | 'back' | 'theirs';
  /** As what it came back. */
  readonly cause?: EffectId;
}

export interface Wordings {
  /** Those of the last minutes, oldest first. */
  of(room: RoomId): Promise<readonly Wording[]>;
  /** In place of those with the same ids. */
  keep(room: RoomId, ...wordings: readonly Wording[]): Promise<void>;
  forget(room: RoomId, id: EffectId): Promise<void>;
}

export interface MatrixApi {
  readonly pictures: RoomPictures;
  readonly wordings: Wordings;
  readonly bot: Speaker;
  readonly serverName: string;
  /** The ghost's user id, without asking anybody. */
  ghostUser(network: NetworkId, person: PersonId): UserId;
  /** Is this user id in one of our ghost namespaces, or the bot? */
  isOurs(user: UserId): boolean;
  /** A ghost, registered with its device and profile; `profile` is pushed when it differs from what was last pushed. */
  ghost(network: NetworkId, person: PersonId, profile?: PersonSnapshot): Promise<Speaker>;
  /** The bridge speaking as the real Matrix user, when the second registration allows it. */
  double(user: UserId): Promise<Speaker | undefined>;
  /** Finds the room of a portal under its deterministic alias or makes it; never two. */
  ensureRoom(spec: RoomSpec): Promise<MadeRoom>;
  /** Makes an existing room the portal's, a direct one through its ghost and another through the bot: alias, m.bridge and encryption level; undefined when the room lets no bot in. */
  adoptRoom(room: RoomId, as: Speaker, spec: RoomSpec): Promise<MadeRoom | undefined>;
  /** What was said in a room before one of ours joined it, oldest first, as wire events: no homeserver pushes that. @throws BridgeError */
  saidBefore(room: RoomId, as: UserId): Promise<readonly unknown[]>;
  /** Has the room say whose it is (m.bridge), where it lets the bot. */
  declareRoom(room: RoomId, spec: RoomSpec): Promise<void>;
  /** The private unencrypted room of the bot with this person: found or made, never two. */
  makeManagementRoom(user: UserId, name: string): Promise<RoomId>;
  /** By the bot, which alone writes powers; writes nothing that is so already. @returns false when the room does not let it */
  setPowers(room: RoomId, powers: RoomPowers): Promise<boolean>;
  /** Members by their current membership, as the homeserver says now. */
  members(room: RoomId): Promise<ReadonlyMap<UserId, Membership>>;
  isEncrypted(room: RoomId): Promise<boolean>;
  /** What a room says now, and whether we wrote it; undefined when the bot is not in it. @throws BridgeError */
  said(room: RoomId, of: keyof RoomWords): Promise<{ readonly text: string; readonly ours: boolean } | undefined>;
  /** As a room says them. */
  shownWords(words: RoomWords): RoomWords;
  /** Looked at through `as` (one of ours), else the bot. @throws BridgeError (never) when that one is not in the room */
  look(room: RoomId, as?: UserId): Promise<RoomLook>;
  /** Marks the room as direct in the person's account data (through the double puppet). */
  /**
   * Puts a room among those of its network in a space of this person's own, where the configuration wants it; undefined where not.
   * @returns the space; `made`: they have just been invited to it @throws BridgeError
   */
  gatherInSpace(
    user: UserId,
    network: NetworkId,
    room: RoomId,
  ): Promise<{ readonly room: RoomId; readonly made: boolean } | undefined>;
  /** Takes a room out of there, if it was in. @param instead comes in its place @throws BridgeError */
  releaseFromSpace(user: UserId, network: NetworkId, room: RoomId, instead?: RoomId): Promise<void>;
  markDirect(user: UserId, room: RoomId, withUser: UserId): Promise<void>;
  /**
   * Keeps the room as the person keeps the chat, through the double puppet; writes nothing that is so already.
   * @returns false when the bridge may not speak for them @throws BridgeError
   */
  markRoom(user: UserId, room: RoomId, marks: ChatMarks): Promise<boolean>;
  /** Looks for an event carrying this effect's marker in the last events of a room; `beyond`: not there, and the room has more. */
  findDelivered(room: RoomId, id: EffectId): Promise<EventId | 'beyond' | undefined>;
  /** An event of a room of ours as it is now; undefined when the homeserver does not know it. @throws BridgeError */
  lookAtEvent(room: RoomId, event: EventId): Promise<EventLook | undefined>;
  /** What came before an event of a room of ours, the newest first, some dozens at most. @throws BridgeError */
  eventsBefore(room: RoomId, event: EventId): Promise<readonly EventId[]>;
  /** True when `marker` is ours and was made for this room; then `effect` names the delivery. */
  readMarker(room: RoomId, marker: string): EffectId | undefined;
  openMedia(source: MediaSource): Promise<MediaStream>;
  upload(id: EffectId, stream: MediaStream, name: string): Promise<MxcUri>;
  /** A QR code as a picture in the homeserver's store. @throws BridgeError */
  drawCode(id: EffectId, code: string): Promise<Media>;
}

/** What the transaction door and the gap audit hand on. */
export interface MatrixSink {
  /**
   * Resolves after ONE durable commit; only then is the transaction acknowledged.
   * @returns how many of the events nobody had brought before
   */
  accept(receipt: string | undefined, events: readonly unknown[], late?: boolean): Promise<number>;
  ephemeral(event: MatrixEphemeral): void;
}

/** Pure reading of wire events, used by the flow when an entry is worked on. */
export type ReadEvent = (raw: unknown) => MatrixEvent;
