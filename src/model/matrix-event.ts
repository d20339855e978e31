// What the homeserver told us, read from the wire by matrix/read.ts; knows no network.
import type { EventId, MxcUri, RoomId, UserId } from './ids.ts';
import type { MessageBody } from './message.ts';

export type Membership = 'invite' | 'join' | 'leave' | 'ban' | 'knock';

/** `at` is origin_server_ts in ms. `delivery` is our own content marker (`fr.passerelle.delivery`), if any: see matrix/marker.ts. */
export interface MatrixOrigin {
  readonly event: EventId;
  readonly room: RoomId;
  readonly sender: UserId;
  readonly at: number;
  readonly delivery?: string;
}

/** What a room's levels come to for a group's room. */
export interface Powers {
  readonly admins: readonly UserId[];
  /** Only admins may write. */
  readonly announce: boolean;
  /** Only admins may change name, topic and picture. */
  readonly locked: boolean;
  /** Whoever is in the room may invite. */
  readonly anyoneAdds: boolean;
}

export type MatrixEvent = MatrixOrigin &
  /** `typed`: what was really typed, where `body` was read from its formatted form; commands and secrets are read from it. */
  (
    | { readonly kind: 'message'; readonly body: MessageBody; readonly typed?: string; readonly replyTo?: EventId }
    | { readonly kind: 'edit'; readonly target: EventId; readonly body: MessageBody }
    | { readonly kind: 'removal'; readonly target: EventId; readonly reason?: string }
    | { readonly kind: 'reaction'; readonly target: EventId; readonly emoji: string }
    | {
        readonly kind: 'membership';
        readonly user: UserId;
        readonly now: Membership;
        readonly before?: Membership;
        readonly direct: boolean;
        /** The invited room is encrypted, as far as the stripped state says. */
        readonly encrypted: boolean;
      }
    /** What a room is called, what it is about and its picture (null: none); nothing named = as it was. */
    | { readonly kind: 'words'; readonly name?: string; readonly topic?: string; readonly picture?: MxcUri | null }
    /** `before` is missing where the homeserver does not say what was replaced. */
    | { readonly kind: 'powers'; readonly before?: Powers; readonly after: Powers }
    | { readonly kind: 'encrypted' }
    | { readonly kind: 'encryption-on' }
    | { readonly kind: 'tombstone'; readonly replacement?: RoomId }
    /** A state or message event that the bridge has no business with. */
    | { readonly kind: 'other'; readonly type: string }
    | { readonly kind: 'unreadable'; readonly why: string }
  );

export type MatrixEphemeral = { readonly room: RoomId } & (
  | { readonly kind: 'typing'; readonly users: readonly UserId[] }
  | { readonly kind: 'read'; readonly user: UserId; readonly event: EventId }
);
