// How a person keeps a chat on their simulated telephone: pinned, muted, archived, read. Knows no bridge.
import type { WhatsAppSandbox } from '../../sandbox/whatsapp/control-client.ts';

/** Each names a chat by its address. */
export interface Keeping {
  pinned(chat: string, pinned: boolean): Promise<void>;
  muted(chat: string, muted: boolean): Promise<void>;
  archived(chat: string, archived: boolean): Promise<void>;
  /** False: marked as unread. */
  read(chat: string, read: boolean): Promise<void>;
}

/** @param account whose telephone it is */
export function keeping(whatsapp: WhatsAppSandbox, account: string): Keeping {
  const keep = async (index: readonly string[], value: object): Promise<void> => {
    const collection = index[0] === 'mute' ? 'regular_high' : 'regular_low';
    await whatsapp.command('changeSetting', { by: account, collection, index: [...index], value });
  };
  return {
    pinned: async (chat, pinned) => await keep(['pin_v1', chat], { pinAction: { pinned } }),
    muted: async (chat, muted) => await keep(['mute', chat], { muteAction: { muted } }),
    archived: async (chat, archived) => await keep(['archive', chat], { archiveChatAction: { archived } }),
    read: async (chat, read) => await keep(['markChatAsRead', chat], { markChatAsReadAction: { read } }),
  };
}
