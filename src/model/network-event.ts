// What a network told us, finished and serialisable (it is stored as JSON); knows no Matrix.
import type { ChatChange, ChatMarks, PersonSnapshot, Role } from './chat.ts';
import type { ChatId, MessageId, PersonId, PortalKey } from './ids.ts';
import type { MessageBody } from './message.ts';

/** `key` comes from originKey(); `sender` is the account itself for what the person did on their own phone; `at` is epoch ms. */
export interface Origin {
  readonly key: string;
  readonly portal: PortalKey;
  readonly sender: PersonId;
  readonly at: number;
  readonly via: 'live' | 'history';
}

/** The date of an edit that is none: the message itself, for the place of its placeholder. Older than every real edit. */
export const FIRST_VERSION = 1;

/** What a change in a group is called itself: there a device that could not read it has its placeholder. */
type OwnName = MessageId;

export type NetworkEvent = Origin &
  (
    | {
        readonly kind: 'message';
        readonly message: MessageId;
        readonly parts: readonly MessageBody[];
        readonly replyTo?: MessageId;
        /** As an edit's, of what says what its edit said. */
        readonly editedAt?: number;
      }
    /** `editedAt` (epoch ms, the network's clock) decides which of two edits is newer; `FIRST_VERSION` is no edit. */
    | {
        readonly kind: 'edit';
        readonly target: MessageId;
        readonly parts: readonly MessageBody[];
        readonly editedAt: number;
        readonly own?: OwnName;
      }
    /**
     * `ifAdmin`: of somebody else's message, by who may be an admin there, which could not be asked: it counts if they are.
     * `ifNotice`: it takes away a placeholder, and nothing else.
     */
    | {
        readonly kind: 'removal';
        readonly target: MessageId;
        readonly ifAdmin?: true;
        readonly ifNotice?: true;
        readonly own?: OwnName;
      }
    /** `emoji` null takes the sender's reaction back. */
    | { readonly kind: 'reaction'; readonly target: MessageId; readonly emoji: string | null; readonly own?: OwnName }
    | { readonly kind: 'chat'; readonly change: ChatChange }
    /** What rules may match the chat on is otherwise from now on: all its facts that begin with `of` and a colon. */
    | { readonly kind: 'facts'; readonly of: string; readonly now: readonly string[] }
    /** `sender` is who did it: the person themselves when they left, or came by a link. */
    | { readonly kind: 'membership'; readonly person: PersonId; readonly now: 'in' | 'out' }
    | { readonly kind: 'role'; readonly person: PersonId; readonly role: Role }
    | { readonly kind: 'person'; readonly person: PersonSnapshot }
    /** How the login's person keeps the chat on their phone. */
    | { readonly kind: 'marks'; readonly marks: ChatMarks }
    /** A direct chat turned out to be the same as this one, for every login: what was said there goes on here. */
    | { readonly kind: 'same-chat'; readonly before: ChatId }
    /** Something came that could not be read: shown as a notice, never dropped. `what` is a catalogue kind. */
    | { readonly kind: 'unreadable'; readonly what: string }
  );

/** Typing, receipts and who is online: a type of its own, so that it cannot enter the queue. */
export type EphemeralEvent = { readonly portal: PortalKey } & (
  | { readonly kind: 'typing'; readonly person: PersonId; readonly active: boolean }
  | { readonly kind: 'read'; readonly person: PersonId; readonly upTo: MessageId }
  /** Somebody is there, or has gone; of the chat with them. */
  | { readonly kind: 'presence'; readonly person: PersonId; readonly online: boolean }
  /** What the login's account wrote has arrived where everybody it was written to can see it. */
  | { readonly kind: 'delivered'; readonly upTo: MessageId }
);
