// The type of a table of commands, and what commands have at hand. Knows no single command.

import type { CommandTable } from '../../control-server.ts';
import { labelledJpeg } from '../../jpeg.ts';
import type { ControlCommand, ControlCommands, NewPicture } from '../control-types.ts';
import type { Hands } from '../hands.ts';
import type { WhatsAppServer } from '../server.ts';

export type Commands<C extends ControlCommand> = CommandTable<Pick<ControlCommands, C>>;

export interface Desk {
  readonly server: WhatsAppServer;
  readonly hands: Hands;
}

let made = 0;

/** Null: none. */
export function pictureOf(wanted: NewPicture): Uint8Array | null {
  if (wanted === false) return null;
  return wanted === true ? labelledJpeg(`some picture ${made++}`) : Buffer.from(wanted, 'base64');
}
