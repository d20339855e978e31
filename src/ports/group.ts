// What the house may ask a network about groups on a person's word, and what it answers; words only.
import type { ResolvedChat } from '../model/chat.ts';
import type { ChatId, PersonId } from '../model/ids.ts';

/** Asked by commands, never queued: whoever asks waits for the answer. */
export type GroupAsk =
  /** Every group that the login's account is in, described as far as one question tells. */
  | { readonly kind: 'list' }
  /** Whether the login's account is in this group. */
  | { readonly kind: 'inside'; readonly chat: ChatId }
  /** Asked again under the same effect id, it finds the group that it made. */
  | { readonly kind: 'create'; readonly name: string; readonly people: readonly PersonId[] }
  /** What a link leads to, without going there. */
  | { readonly kind: 'look'; readonly link: string }
  | { readonly kind: 'join'; readonly link: string }
  /** `renew`: the one there was leads nowhere any more. */
  | { readonly kind: 'link'; readonly chat: ChatId; readonly renew: boolean }
  | { readonly kind: 'requests'; readonly chat: ChatId }
  | { readonly kind: 'answer'; readonly chat: ChatId; readonly people: readonly PersonId[]; readonly accept: boolean };

/** Somebody who asks to be let into a group. */
export interface Applicant {
  readonly person: PersonId;
  /** For who asks only: a name, else a number; absent when the network tells neither. */
  readonly label?: string;
  /** A short word that stands for this person in this group. */
  readonly code: string;
}

export interface GroupAnswer {
  readonly groups?: readonly ResolvedChat[];
  /** The group made, looked at, or joined. */
  readonly group?: ResolvedChat;
  readonly inside?: boolean;
  /** An admin has to agree first. */
  readonly waiting?: boolean;
  readonly link?: string;
  readonly applicants?: readonly Applicant[];
  /** For whom it was not done. */
  readonly failed?: readonly PersonId[];
}
