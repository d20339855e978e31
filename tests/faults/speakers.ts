// Those who speak on a network: what the load sees of a member of a chat there.
import type { Speaker } from './load.ts';
import type { WorldChat } from './worlds.ts';

/** Unique among all networks. */
export function speakerName(chat: WorldChat, member: string): string {
  return `${chat.name.split('/')[0]}/${member}`;
}

export function networkSpeaker(chat: WorldChat, member: string): Speaker {
  return {
    chat: chat.name,
    from: 'network',
    name: speakerName(chat, member),
    write: async (text) => await chat.write(member, text),
    edit: async (handle, text) => await chat.edit(member, handle, text),
    remove: async (handle) => await chat.remove(member, handle),
  };
}
