// What the play needs of a network that is not Matrix: people with telephones who write, correct and delete. It must not know which
// network it is, nor that there is a bridge.

export type FarTitle = 'Telegram' | 'WhatsApp';

export interface FarPerson {
  readonly id: string;
  /** As others see it. */
  readonly name: string;
  readonly firstName: string;
  /** Digits. */
  readonly phone: string;
  /** Empty where the network has none. */
  readonly username: string;
}

/** A message as one person's telephone shows it now. */
export interface FarMessage {
  /** Names it on that telephone, for as long as it is there. */
  readonly id: string;
  readonly text: string;
  /** Written by whoever looks. */
  readonly own: boolean;
  readonly edited: boolean;
  readonly gone: boolean;
}

export interface Far {
  readonly title: FarTitle;
  createPerson(spec: { readonly firstName: string; readonly lastName: string }): Promise<FarPerson>;
  /** From the telephone. @returns the message as `from` has it */
  write(from: FarPerson, to: FarPerson, text: string): Promise<FarMessage>;
  /** `id` is one of `by`'s own messages to `to`. */
  edit(by: FarPerson, to: FarPerson, id: string, text: string): Promise<void>;
  /** On both sides. */
  remove(by: FarPerson, to: FarPerson, id: string): Promise<void>;
  /** The chat as the telephone of `viewer` shows it, oldest first. */
  messages(viewer: FarPerson, peer: FarPerson): Promise<readonly FarMessage[]>;
  /** Whether a client besides the telephone of `by` is signed in to their account. */
  signedIn(by: FarPerson): Promise<boolean>;
  /** Looks again whenever the world has changed. @throws Error after `ms` */
  waitFor<T>(look: () => Promise<T | null | undefined | false>, ms: number): Promise<T>;
  version(): Promise<number>;
  /** Resolves when the world has changed after that version, or after `ms`. @returns the version now */
  change(version: number, ms: number): Promise<number>;
  stop(): Promise<void>;
}
