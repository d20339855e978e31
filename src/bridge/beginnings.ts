// Whether a person may begin a conversation over there: the rules are asked where nothing has been said yet. Knows no wire.
import { factsOf, type ResolvedChat } from '../model/chat.ts';
import { portalKeyText, toMatrixLane, type PortalKey } from '../model/ids.ts';
import type { Portal, Puppet } from '../model/records.ts';
import type { Facts, Verdict } from '../model/rules.ts';
import type { Say } from '../model/say.ts';
import { startRefusal } from '../policy/refusal.ts';
import type { NetworkAdapter, NetworkSession } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, MessageLinkStore } from '../ports/stores.ts';
import { portalKeyOf } from './sink.ts';

type Line = Pick<NetworkSession, 'directChat' | 'hasTraffic'>;

export interface BeginningDoors {
  readonly may: (facts: Facts) => Promise<Verdict>;
  readonly links: Pick<MessageLinkStore, 'anyIn'>;
  readonly queue: Pick<Queue, 'unsettled'>;
  readonly adapters: ReadonlyMap<string, Pick<NetworkAdapter, 'title'>>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Chats remembered as begun; the others are looked for again. */
const MOST_BEGUN = 20_000;
/** A network that knew of nothing is not asked again for so long, in ms: what is said meanwhile passes through here, as a rule. */
const NOTHING_MS = 30_000;
/** Of what is about to be shown, the oldest are looked through. */
const MOST_COMING = 100;

export class Beginnings {
  readonly #doors: BeginningDoors;
  readonly #begun = new Set<string>();
  /** Until when the network's word that nothing was said counts, epoch ms. */
  readonly #nothing = new Map<string, number>();

  constructor(doors: BeginningDoors) {
    this.#doors = doors;
  }

  /**
   * Asked before somebody here writes to somebody over there. Groups, and chats in which either side has said something, need no rule.
   * @returns why they may not @throws BridgeError when the network has to be asked and does not answer
   */
  async refusal(puppet: Puppet, session: Line, chat: Pick<Portal, 'key' | 'kind' | 'facts'>): Promise<Say | undefined> {
    if (chat.kind !== 'direct') return undefined;
    const asked = { action: 'start-chat', user: puppet.owner, network: puppet.network } as const;
    const verdict = await this.#doors.may({ ...asked, chats: chat.facts });
    // The rule first: the network is asked for nothing that does not matter.
    if (verdict.effect === 'allow' || (await this.#isBegun(puppet, session, chat.key))) return undefined;
    return startRefusal(verdict, asked, this.#doors.adapters.get(puppet.network)?.title ?? puppet.network);
  }

  /** The same of a chat that was looked up, which may have no portal. @throws BridgeError */
  async refusalOf(puppet: Puppet, session: Line, found: ResolvedChat): Promise<Say | undefined> {
    const { id, kind } = found.chat;
    return await this.refusal(puppet, session, { key: portalKeyOf(puppet, id, kind), kind, facts: factsOf(found) });
  }

  async #isBegun(puppet: Puppet, session: Line, key: PortalKey): Promise<boolean> {
    const name = portalKeyText(key);
    if (this.#begun.has(name)) return true;
    const begun =
      // First: its link is kept in the commit that settles it.
      (await this.#isBeingSaid(key)) ||
      (await this.#doors.links.anyIn(key)) ||
      // Notes to oneself reach nobody.
      session.directChat(puppet.self) === key.chat ||
      (await this.#isKnownThere(name, session, key));
    if (!begun) return false;
    if (this.#begun.size >= MOST_BEGUN) this.#begun.clear();
    this.#begun.add(name);
    return true;
  }

  /** Its person may see it already, and answer, before that is written down. */
  async #isBeingSaid(key: PortalKey): Promise<boolean> {
    const coming = await this.#doors.queue.unsettled(toMatrixLane(key), undefined, MOST_COMING);
    return coming.some(({ payload }) => payload.from === 'network' && payload.event.kind === 'message');
  }

  async #isKnownThere(name: string, session: Line, { chat }: PortalKey): Promise<boolean> {
    const now = this.#doors.clock.now();
    if ((this.#nothing.get(name) ?? 0) > now) return false;
    this.#nothing.delete(name);
    if (await session.hasTraffic(chat)) return true;
    if (this.#nothing.size >= MOST_BEGUN) this.#nothing.clear();
    this.#nothing.set(name, now + NOTHING_MS);
    return false;
  }
}
