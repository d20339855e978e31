// Snapshots of chats and people as a network describes them; knows no rooms and no ghosts.
import type { ChatId, PersonId } from './ids.ts';
import type { MediaSource } from './message.ts';

/** As a network has it; `hash` is another one whenever it is another picture. */
export interface Picture {
  readonly hash: string;
  readonly source: MediaSource;
}

/** The PUBLIC view of a person: public name, else @username, else absent; never a contact's private name or a phone number. */
export interface PersonSnapshot {
  readonly id: PersonId;
  readonly name?: string;
  readonly username?: string;
  /** Null: none that everybody may see. Absent: as it was. */
  readonly avatar?: Picture | null;
}

/** An owner is an admin whom nobody may make less. */
export type Role = 'member' | 'admin' | 'owner';

export interface Member {
  readonly person: PersonId;
  readonly role: Role;
}

export interface ChatSnapshot {
  readonly id: ChatId;
  readonly kind: 'direct' | 'group' | 'channel';
  readonly name?: string;
  readonly topic?: string;
  /** Null: none. Absent: not known. */
  readonly picture?: Picture | null;
  /** In direct chats: the other person and nobody else. */
  readonly members?: readonly Member[];
  /** Only admins may write. */
  readonly announce?: boolean;
  /** Only admins may change name, topic and picture. */
  readonly locked?: boolean;
  /** Every member may bring others in, else only admins. */
  readonly anyoneAdds?: boolean;
  /** How the login that was asked keeps it; absent = not known. */
  readonly marks?: ChatMarks;
}

/** An empty topic is none. */
export type ChatChange = Partial<
  Pick<ChatSnapshot, 'name' | 'topic' | 'picture' | 'announce' | 'locked' | 'anyoneAdds'>
>;

export interface ResolvedChat {
  readonly chat: ChatSnapshot;
  readonly person?: PersonSnapshot;
  /** What rules may match on, e.g. `direct:123`, `username:alice`. */
  readonly facts: readonly string[];
}

/** All that rules may match on: the chat's own name is among it. */
export function factsOf({ chat, facts }: ResolvedChat): readonly string[] {
  return [`${chat.kind}:${chat.id}`, ...facts];
}

/** How a person keeps a chat among theirs, each for themselves; nothing named = as it is. */
export interface ChatMarks {
  /** Marked as unread by hand, whatever was read of it. */
  readonly unread?: boolean;
  readonly muted?: boolean;
  readonly pinned?: boolean;
  readonly archived?: boolean;
}
