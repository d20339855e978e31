// Turns a batch of Telegram's news into one commit of the house: events, cursor and access hashes together. Knows no wire calls.
import type { ChatId, PersonId } from '../../model/ids.ts';
import type { EphemeralEvent, NetworkEvent } from '../../model/network-event.ts';
import { acceptPiecemeal, type PiecemealDoors } from '../../ports/piecemeal.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { VaultChange } from '../../ports/stores.ts';
import type { Cures } from './cures.ts';
import { CURSOR_KEY, packCursor, type ChatMemory } from './cursor.ts';
import type { Cursor } from './gaps.ts';
import type { PeerBook } from './peers.ts';
import { readRemoval, readUpdate, type ReadContext } from './read.ts';
import { hearAll, type Heard, type UnbridgedBook } from './unbridged.ts';
import type { Batch } from './updates.ts';
import { Api, textOf } from './wire/api.ts';

export interface InboxDoors extends PiecemealDoors {
  readonly scope: string;
  readonly self: PersonId;
  readonly sink: NetworkSink;
  readonly peers: PeerBook;
  readonly memory: ChatMemory;
  readonly unbridged: UnbridgedBook;
  readonly cures: Cures;
  /** People whose profile changed, to be asked about later. */
  readonly changed: (people: readonly PersonId[]) => void;
  /** Something is written down about chats that are not bridged. */
  readonly heard: (fresh: readonly Heard[]) => void;
}

export class Inbox {
  readonly #doors: InboxDoors;
  readonly #context: ReadContext;

  constructor(doors: InboxDoors) {
    this.#doors = doors;
    this.#context = { self: doors.self, portal: (chat: ChatId) => doors.sink.portalKey(chat, 'direct') };
  }

  /**
   * Durable when it resolves.
   * @param idle nothing need be written down if nothing but the cursor is new
   * @returns whether it was @throws FencedError
   */
  async commit(batch: Batch, idle: boolean): Promise<boolean> {
    const { sink, peers, memory, cures } = this.#doors;
    const events: NetworkEvent[] = [];
    const glimpses: EphemeralEvent[] = [];
    const changed = new Set<PersonId>();
    for (const happening of batch.happenings) {
      const reading = readUpdate(this.#context, happening);
      for (const event of reading.events) {
        if (event.kind === 'message') memory.remember(event.message, event.portal.chat);
        events.push(event);
      }
      for (const target of reading.removed) {
        const chat = memory.chatOf(target);
        const portal = chat === undefined ? await sink.portalOf(target) : this.#context.portal(chat);
        // Of a group, or from before this login: nothing on Matrix stands for it.
        if (portal !== undefined) events.push(readRemoval(portal, target, happening.date * 1000));
      }
      glimpses.push(...reading.glimpses);
      for (const person of reading.changed) changed.add(person);
    }
    this.#meet(batch.users, events);
    const hashes = cures.keepHashes ? peers.changes() : { changes: [], saved: () => undefined };
    const fresh = hearAll(this.#doors.unbridged, batch.happenings, batch.chats);
    const unbridged = this.#doors.unbridged.changes();
    const learnt = [...hashes.changes, ...unbridged.changes];
    const written = !idle || events.length > 0 || learnt.length > 0;
    if (written) {
      const place = cures.commitFirst ? [this.#place(batch.cursor)] : [];
      await acceptPiecemeal(this.#doors, events, [...place, ...learnt]);
      hashes.saved();
      unbridged.saved();
    }
    if (unbridged.changes.length > 0) this.#doors.heard(fresh);
    for (const glimpse of glimpses) sink.glimpse(glimpse);
    if (changed.size > 0) this.#doors.changed([...changed]);
    return written;
  }

  async keep(cursor: Cursor): Promise<void> {
    await this.#doors.sink.keep([this.#place(cursor)]);
  }

  /** Only people of private chats: a busy group would fill the vault with strangers. */
  #meet(users: readonly Api.TypeUser[], events: readonly NetworkEvent[]): void {
    const partners = new Set<string>(events.map((event) => event.portal.chat));
    for (const user of users) {
      const id = textOf(user.id);
      if (partners.has(`u${id}`) || this.#doors.peers.hash(id) !== undefined) this.#doors.peers.meet(user);
    }
  }

  #place(cursor: Cursor): VaultChange {
    return { scope: this.#doors.scope, key: CURSOR_KEY, value: packCursor(cursor, this.#doors.memory) };
  }
}
