// The type of a table of commands, and how commands refer to people and show messages. Knows no single command.

import type { CommandTable } from '../../control-server.ts';
import type { ControlCommand, ControlCommands, WorldMessage } from '../control-types.ts';
import type { Copy } from '../world/box.ts';
import type { Human } from '../world/people.ts';
import type { World } from '../world/world.ts';

export type Commands<C extends ControlCommand> = CommandTable<Pick<ControlCommands, C>>;

/** Throws when there is nobody of this id. */
export function personIn(world: World, id: string): Human {
  const found = world.people.get(BigInt(id));
  if (found === undefined) throw new Error(`there is no person ${id}`);
  return found;
}

/** Nobody in particular is null. */
export function accountIn(world: World, id: string | undefined): bigint | null {
  return id === undefined ? null : personIn(world, id).id;
}

/** A message as the owner of the copy numbers and sees it. */
export function messageJson(world: World, copy: Copy): WorldMessage {
  const { message } = copy;
  const theirs = message.copies.get(copy.peer);
  const receiver = world.people.get(message.to);
  const received = message.copies.get(message.to);
  const readUpTo = receiver?.box.chats.get(message.from)?.readInbox ?? 0;
  return {
    uid: message.uid,
    id: copy.id,
    peerMessageId: theirs?.id ?? null,
    from: String(message.from),
    to: String(message.to),
    out: message.from === copy.owner,
    text: message.text,
    entities: message.entities,
    date: message.date,
    editDate: message.editDate,
    edits: message.edits,
    deleted: copy.deleted,
    randomId: message.randomId === null ? null : String(message.randomId),
    replyTo: message.replyTo?.copies.get(copy.owner)?.id ?? null,
    read: received !== undefined && received.id <= readUpTo,
  };
}
