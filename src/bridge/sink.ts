// What a login's line may tell the house, bound to that login and its lease; knows no network.
import { as, type ChatId, type MessageId, type PortalKey, type PuppetId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import type { NetworkSink } from '../ports/network.ts';
import type { Fence } from '../ports/queue.ts';
import type { MessageLinkStore } from '../ports/stores.ts';

export interface SinkDoors {
  readonly links: MessageLinkStore;
  /** What accepts a login's events: the flow's intake. */
  readonly accept: (puppet: Puppet, fence: Fence, ...batch: Parameters<NetworkSink['accept']>) => Promise<void>;
  readonly glimpse: (puppet: Puppet, ...event: Parameters<NetworkSink['glimpse']>) => void;
  /** Says something to a login's owner, once per cause, under the same fence. */
  readonly tell: (puppet: Puppet, fence: Fence, ...words: Parameters<NetworkSink['tell']>) => Promise<void>;
}

export function sinkOf(doors: SinkDoors, puppet: Puppet, fence: Fence, reported: NetworkSink['report']): NetworkSink {
  return {
    accept: async (events, vault) => await doors.accept(puppet, fence, events, vault),
    keep: async (vault) => await doors.accept(puppet, fence, [], vault),
    glimpse: (event) => doors.glimpse(puppet, event),
    report: reported,
    tell: async (cause, words, vault) => await doors.tell(puppet, fence, `${puppet.id}/${cause}`, words, vault),
    portalKey: (chat, kind) => portalKeyOf(puppet, chat, kind),
    portalOf: async (message: MessageId) => (await doors.links.byReceiver(puppet.network, puppet.id, message))?.portal,
  };
}

/** Direct chats belong to one login; every other chat is one portal for all. */
export function portalKeyOf(puppet: Puppet, chat: ChatId, kind: 'direct' | 'group' | 'channel'): PortalKey {
  const key = { network: puppet.network, chat };
  return kind === 'direct' ? { ...key, receiver: as<PuppetId>(puppet.id) } : key;
}
