// Puts together what reads the rows that one login receives and brings them to the house; knows no socket.
import type { ChatId, PersonId } from '../../model/ids.ts';
import { CallDesk } from './calls.ts';
import type { Directory } from './directory.ts';
import { chatKind } from './ids.ts';
import { Inbox, type InboxDoors } from './inbox.ts';
import type { Line } from './line.ts';
import { loggedOut } from './logged-out.ts';
import { pictured } from './picture-news.ts';
import type { Pictures } from './pictures.ts';
import type { ReadContext } from './place.ts';
import { RowReader } from './row-reader.ts';
import type { AccountState } from './state/state.ts';
import { unsealed } from './unseal.ts';

export interface ReceptionDoors extends Omit<InboxDoors, 'journal' | 'along' | 'reader' | 'calls' | 'accepted'> {
  readonly state: AccountState;
  readonly context: ReadContext;
  readonly directory: Directory;
  readonly pictures: Pick<Pictures, 'wonder'>;
  /** Everybody in a group. @throws when they cannot be learnt now */
  readonly members: (chat: ChatId) => Promise<readonly PersonId[]>;
  readonly line: () => Line | undefined;
}

/** What was received and not accepted is read at once. @param kept the login's scope in the vault */
export function openReception(doors: ReceptionDoors, kept: ReadonlyMap<string, Uint8Array>): Inbox {
  const { scope, state, context, directory, chats, pictures, members, line } = doors;
  const calls = new CallDesk({ scope, context, chats, members }, kept);
  const reader = new RowReader({
    ...doors,
    calls,
    creds: state.creds,
    unsealed: (message) => unsealed({ ...directory.sealing, context }, message),
    admins: async (chat) => {
      const open = line();
      if (open === undefined || chatKind(chat) !== 'group') throw loggedOut();
      return await directory.admins(open, chat);
    },
    stale: (chat) => directory.forget(chat),
  });
  const inbox = new Inbox({
    ...doors,
    calls,
    reader,
    journal: state.journal,
    along: async (commit) => await state.along(commit),
    accepted: (events, rows) => {
      for (const { node } of rows) directory.addressed(node);
      for (const { person, portal, anew } of pictured(context, events, rows)) pictures.wonder(person, portal, anew);
    },
  });
  inbox.add(state.journal.unread());
  state.journal.onRow((row) => inbox.add([row]));
  return inbox;
}
