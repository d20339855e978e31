// The type of a table of commands, and what commands have at hand. Knows no single command.

import type { CommandTable } from '../../control-server.ts';
import type { ControlCommand, ControlCommands } from '../control-types.ts';
import type { Hands } from '../hands.ts';
import type { WhatsAppServer } from '../server.ts';

export type Commands<C extends ControlCommand> = CommandTable<Pick<ControlCommands, C>>;

export interface Desk {
  readonly server: WhatsAppServer;
  readonly hands: Hands;
}

/** A small picture, for those who only need one that is there: 1 × 1 JPEG would do, nobody decodes it here. */
export const SOME_PICTURE = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex');
