// A line that a person typed to the bot, and what comes of it: the corridor carries it in and the answer out; words only.
import type { EventId, OwnerId, RoomId, UserId } from '../model/ids.ts';
import type { Language, Say } from '../model/say.ts';

export interface CommandRequest {
  readonly user: UserId;
  readonly room: RoomId;
  readonly event: EventId;
  /** The plain body of an ordinary text message; never of an edit, a notice or a formatted body. */
  readonly body: string;
  readonly language: Language;
}

export interface CommandResult {
  /** Sent in this order, each under an effect id of its own. */
  readonly replies: readonly Say[];
  /** The line held a secret: it is redacted at once. */
  readonly redact?: boolean;
  /** Only that login's worker can do it: the lane goes there and the command is run again. Nothing has been done. */
  readonly reroute?: OwnerId;
  /** A line that it needs is not open yet: the replies are said only if it does not open soon. Nothing has been done. */
  readonly soon?: boolean;
}
