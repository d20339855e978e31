// The door to what may be thrown away because of its age; knows no table.

/** By this clock (epoch ms), unless the database's own is behind it. */
export interface Age {
  readonly now: number;
  readonly days: number;
}

/** How much each step threw away. A step is a short commit of its own: whoever walks may pause, or stop, between two. */
export type Steps = AsyncGenerator<number, void>;

export interface Upkeep {
  /** Which event stands for which remote message, of older messages; and reactions to messages of which nothing is known. */
  links(age: Age): Steps;
  /** Which keys and transactions were seen; never that of an entry which is still there. */
  keys(age: Age): Steps;
  /** Entries that were put aside, received before that. */
  parked(age: Age): Steps;
  /** Lanes without anything in them: nothing queued, nothing put aside, in nobody's hands. */
  lanes(age: Age): Steps;
  /** Workers without a heartbeat; whatever they held is free. */
  workers(age: Age): Steps;
  /** Leases of logins in the making that no worker with a heartbeat holds. */
  attempts(age: Age): Steps;
  /** Sealed values of logins that nobody has: one that was ended between its secrets and its name. Nothing while somebody signs in. */
  secrets(age: Age): Steps;
  /** When all of it was last done, epoch ms. */
  lastAt(): Promise<number | undefined>;
  finished(at: number): Promise<void>;
}
