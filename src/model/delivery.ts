// What we owe to either side: actions on a network and duties on Matrix, each under an effect id.
import type { Shown } from './shown.ts';
import type { ChatChange, ChatMarks, PersonSnapshot, Role } from './chat.ts';
import type { ChatId, EffectId, EventId, MessageId, PersonId, PortalKey, PuppetId, RoomId, UserId } from './ids.ts';
import type { MediaSource, MessageBody } from './message.ts';
import type { Say } from './say.ts';

/** Of what people say. */
export type MessageAction =
  | { readonly kind: 'send'; readonly chat: ChatId; readonly body: MessageBody; readonly replyTo?: MessageId }
  | { readonly kind: 'edit'; readonly chat: ChatId; readonly target: MessageId; readonly body: MessageBody }
  | { readonly kind: 'remove'; readonly chat: ChatId; readonly target: MessageId }
  | { readonly kind: 'react'; readonly chat: ChatId; readonly target: MessageId; readonly emoji: string | null };

/** Of how a group (or, of its timer, a private chat) is; done again, each changes nothing. */
export type GroupAction =
  | { readonly kind: 'rename'; readonly chat: ChatId; readonly name: string }
  /** Null: none any more. */
  | { readonly kind: 'set-picture'; readonly chat: ChatId; readonly picture: MediaSource | null }
  /** An empty topic is none. */
  | { readonly kind: 'set-topic'; readonly chat: ChatId; readonly topic: string }
  /** announce: only admins write · locked: only admins change name, topic and picture · anyoneAdds: every member adds people. */
  | {
      readonly kind: 'set-mode';
      readonly chat: ChatId;
      readonly mode: 'announce' | 'locked' | 'anyoneAdds';
      readonly on: boolean;
    }
  | { readonly kind: 'set-role'; readonly chat: ChatId; readonly person: PersonId; readonly role: 'member' | 'admin' }
  | { readonly kind: 'add'; readonly chat: ChatId; readonly person: PersonId }
  | { readonly kind: 'expel'; readonly chat: ChatId; readonly person: PersonId }
  /** Seconds after which what is said from now on disappears over there; 0 = it stays. */
  | { readonly kind: 'set-timer'; readonly chat: ChatId; readonly seconds: number }
  /** The login's own account goes. */
  | { readonly kind: 'leave'; readonly chat: ChatId };

export type NetworkAction = MessageAction | GroupAction;
export type ActionKind = NetworkAction['kind'];

const MESSAGES: ReadonlySet<ActionKind> = new Set<MessageAction['kind']>(['send', 'edit', 'remove', 'react']);

export function isAboutGroup(action: NetworkAction): action is GroupAction {
  return !MESSAGES.has(action.kind);
}

/** Not queued: lost in peace. */
export type EphemeralAction =
  | { readonly kind: 'typing'; readonly chat: ChatId; readonly active: boolean }
  | { readonly kind: 'mark-read'; readonly chat: ChatId; readonly upTo: MessageId };

export type MatrixDuty =
  | {
      readonly kind: 'message';
      readonly message: MessageId;
      readonly part: number;
      readonly body: MessageBody;
      readonly replyTo?: MessageId;
      /** As an edit's, of what was changed before it was shown. */
      readonly editedAt?: number;
    }
  | {
      readonly kind: 'edit';
      readonly target: MessageId;
      readonly part: number;
      readonly body: MessageBody;
      readonly editedAt: number;
    }
  /** Without `part`: all of the message. */
  | { readonly kind: 'removal'; readonly target: MessageId; readonly part?: number }
  | { readonly kind: 'reaction'; readonly target: MessageId; readonly emoji: string | null }
  | { readonly kind: 'chat'; readonly change: ChatChange }
  | { readonly kind: 'membership'; readonly person: PersonId; readonly now: 'in' | 'out' }
  | { readonly kind: 'role'; readonly person: PersonId; readonly role: Role }
  | { readonly kind: 'same-chat'; readonly before: ChatId }
  | { readonly kind: 'marks'; readonly marks: ChatMarks }
  | { readonly kind: 'person'; readonly person: PersonSnapshot };

/** refusal: `Not delivered: …` · slow: a failure that may still pass · missed: something from the network did not get here. */
export type Tone = 'refusal' | 'slow' | 'missed';

/** One part of an entry's plan. JSON-safe: it may be frozen in entry_part. */
export type Delivery = { readonly id: EffectId } & (
  | {
      readonly to: 'network';
      readonly puppet: PuppetId;
      readonly portal: PortalKey;
      readonly action: NetworkAction;
      readonly event: EventId;
      readonly part: number;
      /** The Matrix author and room, to tell them how it went. */
      readonly author: UserId;
      readonly room: RoomId;
      /** Epoch ms of the Matrix event. */
      readonly at: number;
    }
  | {
      readonly to: 'matrix';
      readonly portal: PortalKey;
      readonly sender: PersonId;
      readonly duty: MatrixDuty;
      /** Epoch ms of the remote event. */
      readonly at: number;
      readonly late: boolean;
    }
  /** The bot says something in a room. */
  | {
      readonly to: 'room';
      readonly room: RoomId;
      readonly say: Say;
      readonly reader?: UserId;
      readonly replyTo?: EventId;
      readonly tone?: Tone;
      /** A code to copy or scan, beside the words. */
      readonly show?: Shown;
      /** Causes of codes that are worth nothing any more: they leave the room. */
      readonly ends?: readonly string[];
    }
);
