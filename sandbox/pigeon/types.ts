// The shapes of the toy network that its server, its control API and whoever judges its world share; knows nothing of the bridge.

export interface Person {
  readonly id: string;
  readonly name: string;
  /** What others may look the person up by: lower case, unique. */
  readonly handle: string;
  readonly password: string;
}

export interface Chat {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly name?: string;
  readonly members: readonly string[];
}

/** A message as the network keeps it; chats list them in the order in which they happened. Times are epoch ms. */
export interface Message {
  readonly id: string;
  readonly chat: string;
  readonly by: string;
  readonly at: number;
  readonly text: string;
  readonly replyTo?: string;
  /** The sender's own id of it, if the sending program gave one. */
  readonly client?: string;
  /** What it said before, oldest first. */
  readonly edits: readonly { readonly text: string; readonly until: number }[];
  readonly removedAt?: number;
  /** Person to emoji. */
  readonly reactions: Readonly<Record<string, string>>;
}

/** What an account's log tells; `no` is one count over the whole network, so that two members name the same thing alike. */
export type Happening = { readonly no: number; readonly chat: string; readonly by: string; readonly at: number } & (
  | { readonly kind: 'message'; readonly message: string; readonly text: string; readonly replyTo?: string }
  | { readonly kind: 'edit'; readonly message: string; readonly text: string }
  | { readonly kind: 'removal'; readonly message: string }
  | { readonly kind: 'reaction'; readonly message: string; readonly emoji: string | null }
  | { readonly kind: 'member'; readonly person: string; readonly now: 'in' | 'out' }
  | { readonly kind: 'chat'; readonly name: string }
  | { readonly kind: 'person'; readonly person: PublicPerson }
);

export interface PublicPerson {
  readonly id: string;
  readonly name: string;
  readonly handle: string;
}

/** Not in any log: whoever is not there misses it. */
export interface Passing {
  readonly kind: 'typing' | 'read';
  readonly chat: string;
  readonly by: string;
  readonly active?: boolean;
  readonly upTo?: string;
}

/** Why the server says no; the words are on the wire. */
export type RefusalCode =
  | 'wrong-password'
  | 'unknown-token'
  | 'unknown-chat'
  | 'unknown-person'
  | 'unknown-message'
  | 'not-yours'
  | 'not-member'
  | 'empty'
  | 'too-long'
  | 'gone'
  | 'busy'
  | 'wait'
  | 'malformed';

/** A request that is not carried out. `wait`: ms before another try makes sense. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly wait: number | undefined;

  constructor(code: RefusalCode, wait?: number) {
    super(code);
    this.code = code;
    this.wait = wait;
  }
}
