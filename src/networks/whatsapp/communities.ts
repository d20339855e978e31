// Which group of a community is the one in which it tells things: its announcements bear its name and show its picture. Knows no wire.
import type { ChatId } from '../../model/ids.ts';
import type { NetworkSink } from '../../ports/network.ts';

export interface CommunityDoors {
  readonly scope: string;
  readonly sink: Pick<NetworkSink, 'keep'>;
}

const PREFIX = 'announcements/';

export class Communities {
  readonly #doors: CommunityDoors;
  readonly #announcements = new Map<ChatId, ChatId>();
  readonly #communities = new Map<ChatId, ChatId>();

  /** @param kept what the vault holds of this login */
  constructor(doors: CommunityDoors, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#doors = doors;
    for (const [key, value] of kept) {
      if (key.startsWith(PREFIX))
        this.#note(key.slice(PREFIX.length) as ChatId, Buffer.from(value).toString() as ChatId);
    }
  }

  announcementsOf(community: ChatId): ChatId | undefined {
    return this.#announcements.get(community);
  }

  /** Of which community these are the announcements. */
  of(announcements: ChatId): ChatId | undefined {
    return this.#communities.get(announcements);
  }

  /** Kept at once: what becomes of the community is told of the community alone. */
  async learn(community: ChatId, announcements: ChatId): Promise<void> {
    if (this.#announcements.get(community) === announcements) return;
    const { scope, sink } = this.#doors;
    await sink.keep([{ scope, key: `${PREFIX}${community}`, value: Buffer.from(announcements) }]);
    this.#note(community, announcements);
  }

  #note(community: ChatId, announcements: ChatId): void {
    this.#announcements.set(community, announcements);
    this.#communities.set(announcements, community);
  }
}
