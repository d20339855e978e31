// Typing, receipts and who is online, passed on at once and lost in peace: nothing here is queued, retried or written down.
import type { EphemeralEvent } from '../model/network-event.ts';
import type { MatrixEphemeral } from '../model/matrix-event.ts';
import {
  portalKeyText,
  type EventId,
  type MessageId,
  type PersonId,
  type PortalKey,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import { KeyedTurns } from '../model/keyed-turns.ts';
import type { MessageLink, Portal, Puppet } from '../model/records.ts';
import type { Speaker } from '../ports/matrix.ts';
import { mayBridge, type FlowDoors } from './doors.ts';
import { Presences } from './presences.ts';
import { saidBefore } from './said-before.ts';

/** How often what was read is looked for, and the time between, in ms. */
const [LOOKS, LOOK_MS] = [5, 500];
/** Ms in which more may arrive: the newest is shown for all, and what it is in the room is mostly written down by then. */
const ARRIVING_MS = 500;
/** Whoever is forgotten is told once more over there what they have read. */
const MOST_READ = 10_000;

type Receipt = Extract<MatrixEphemeral, { kind: 'read' }>;

export class Ephemeral {
  readonly #doors: FlowDoors;
  readonly #typing = new Map<RoomId, ReadonlySet<UserId>>();
  /** Up to where people read over there, as their double has said here, by room and person: the homeserver tells it back. */
  readonly #readAs = new Map<string, EventId>();
  /** What has arrived and is not shown yet, in order, by login and chat. */
  readonly #arriving = new Map<string, MessageId[]>();

  /** Who comes and goes at once has gone in the end. */
  readonly #turns = new KeyedTurns();
  readonly #presences: Presences;

  constructor(doors: FlowDoors) {
    this.#doors = doors;
    this.#presences = new Presences(doors);
  }

  /** To be called every TEND_MS. */
  async tend(): Promise<void> {
    await this.#presences.tend();
  }

  fromMatrix(event: MatrixEphemeral): void {
    if (event.kind === 'typing') this.#lose(this.#typingHere(event));
    // In their order: how far somebody has read is remembered.
    else this.#lose(this.#turns.run(`${event.room} ${event.user}`, async () => await this.#readHere(event)));
  }

  fromNetwork(puppet: Puppet, event: EphemeralEvent): void {
    switch (event.kind) {
      case 'typing':
        this.#lose(this.#typingThere(event, puppet));
        break;
      case 'read':
        this.#lose(this.#readThere(event, puppet));
        break;
      case 'presence':
        this.#lose(this.#turns.run(event.person, async () => await this.#presenceThere(event, puppet)));
        break;
      case 'delivered':
        this.#lose(this.#deliveredThere(event, puppet));
        break;
    }
  }

  async #readHere(event: Receipt): Promise<void> {
    const portal = await this.#doors.portals.byRoom(event.room);
    if (portal === undefined || this.#doors.matrix.isOurs(event.user)) return;
    if (this.#readAs.get(`${event.room} ${event.user}`) === event.event) return;
    const puppet = await this.#doors.senders.towardsNetwork(portal, event.user);
    if (puppet === undefined || !(await this.#allowed(portal, puppet))) return;
    const session = this.#doors.session(puppet.id);
    const link = session === undefined ? undefined : await this.#lastOfOthers(portal, puppet, event);
    if (link === undefined) return;
    const own = [event.user, puppet.self];
    await session?.performEphemeral(
      { kind: 'mark-read', chat: portal.key.chat, upTo: link.message },
      { saidBefore: async (mark) => await saidBefore(this.#doors, { link, own, mark }) },
    );
  }

  /** Up to an own message, or what stands for none over there, everything before it is read as well. */
  async #lastOfOthers(
    portal: Portal,
    puppet: Puppet,
    { room, user, event }: Receipt,
  ): Promise<MessageLink | undefined> {
    const own: readonly string[] = [user, puppet.self];
    const theirs = async (one: EventId): Promise<MessageLink | undefined> =>
      (await this.#doors.links.byEvent(one)).findLast(
        (link) => portalKeyText(link.portal) === portalKeyText(portal.key) && !own.includes(link.sender),
      );
    // Whoever has the room open reads before we have written down what was read.
    for (let look = 1; look < LOOKS && (await this.#doors.links.byEvent(event)).length === 0; look += 1) {
      await this.#doors.clock.sleep(LOOK_MS);
    }
    const found = await theirs(event);
    if (found !== undefined) return found;
    for (const before of await this.#doors.matrix.eventsBefore(room, event)) {
      const link = await theirs(before);
      if (link !== undefined) return link;
    }
    return undefined;
  }

  /** A homeserver names everybody who types now: whoever was not named before begins, whoever is missing has stopped. */
  async #typingHere({ room, users }: Extract<MatrixEphemeral, { kind: 'typing' }>): Promise<void> {
    if (!this.#doors.settings.sendTyping) return;
    const now = new Set(users.filter((user) => !this.#doors.matrix.isOurs(user)));
    const before = this.#typing.get(room) ?? new Set();
    if (now.size === 0) this.#typing.delete(room);
    else this.#typing.set(room, now);
    const changed = [...now.symmetricDifference(before)];
    const portal = changed.length === 0 ? undefined : await this.#doors.portals.byRoom(room);
    if (portal === undefined) return;
    for (const user of changed) {
      const puppet = await this.#doors.senders.towardsNetwork(portal, user);
      if (puppet === undefined || !(await this.#allowed(portal, puppet))) continue;
      const session = this.#doors.session(puppet.id);
      if (session === undefined || (await this.#doors.beginnings.refusal(puppet, session, portal)) !== undefined)
        continue;
      await session.performEphemeral({ kind: 'typing', chat: portal.key.chat, active: now.has(user) });
    }
  }

  async #typingThere(event: Extract<EphemeralEvent, { kind: 'typing' }>, puppet: Puppet): Promise<void> {
    const portal = await this.#doors.keeper.find(event.portal);
    if (portal?.room === undefined || !(await this.#allowed(portal, puppet))) return;
    const ghost = await this.#ghostOf(portal, event.person);
    await ghost?.typing(portal.room, event.active);
  }

  async #presenceThere(event: Extract<EphemeralEvent, { kind: 'presence' }>, puppet: Puppet): Promise<void> {
    const portal = await this.#doors.keeper.find(event.portal);
    if (portal?.room === undefined || !(await this.#allowed(portal, puppet))) return;
    const ghost = await this.#ghostOf(portal, event.person);
    if (ghost !== undefined) await this.#presences.show(ghost, event.online);
  }

  /** Ghosts are made when they speak, not when they think about it. */
  async #ghostOf({ key: { network } }: Portal, person: PersonId): Promise<Speaker | undefined> {
    if ((await this.#doors.ghosts.find(network, person))?.registered !== true) return undefined;
    return await this.#doors.matrix.ghost(network, person);
  }

  async #readThere(event: Extract<EphemeralEvent, { kind: 'read' }>, puppet: Puppet): Promise<void> {
    const portal = await this.#doors.keeper.find(event.portal);
    if (portal?.room === undefined || !(await this.#allowed(portal, puppet))) return;
    const link = await this.#linkOf(portal.key, [event.upTo], portal.room);
    if (link === undefined) return;
    const own = (await this.#doors.senders.ownersOf(portal, event.person)).length > 0;
    const known = (await this.#doors.ghosts.find(portal.key.network, event.person))?.registered === true;
    if (!own && !known) return;
    const speaker = await this.#doors.senders.towardsMatrix(portal, event.person);
    if (own) this.#remember(`${portal.room} ${speaker.user}`, link.event);
    await speaker.read(portal.room, link.event);
  }

  #remember(place: string, event: EventId): void {
    if (this.#readAs.size >= MOST_READ) this.#readAs.clear();
    this.#readAs.set(place, event);
  }

  /** The bot has read it: ordinary clients show no other sign between "sent" and "read by". */
  async #deliveredThere(
    { portal, upTo }: Extract<EphemeralEvent, { kind: 'delivered' }>,
    puppet: Puppet,
  ): Promise<void> {
    if (!this.#doors.settings.showDelivered) return;
    const chat = `${puppet.id} ${portalKeyText(portal)}`;
    const before = this.#arriving.get(chat);
    if (before !== undefined) {
      before.push(upTo);
      return;
    }
    const arrived = [upTo];
    this.#arriving.set(chat, arrived);
    try {
      while (arrived.length > 0) {
        await this.#doors.clock.sleep(ARRIVING_MS);
        await this.#arrived(portal, arrived.splice(0), puppet);
      }
    } finally {
      this.#arriving.delete(chat);
    }
  }

  async #arrived(key: PortalKey, upTo: readonly MessageId[], puppet: Puppet): Promise<void> {
    const portal = await this.#doors.keeper.find(key);
    if (portal?.room === undefined || !(await this.#allowed(portal, puppet))) return;
    const link = await this.#linkOf(portal.key, upTo, portal.room);
    if (link !== undefined) await this.#doors.matrix.bot.read(portal.room, link.event);
  }

  /** The newest that stands in the room. Whoever has the chat open reads before we have written down what was read. */
  async #linkOf(portal: PortalKey, upTo: readonly MessageId[], room: RoomId) {
    for (let look = 0; look < LOOKS; look += 1) {
      if (look > 0) await this.#doors.clock.sleep(LOOK_MS);
      for (const message of upTo.toReversed()) {
        const link = (await this.#doors.links.byMessage(portal, message)).findLast((one) => one.room === room);
        if (link !== undefined) return link;
      }
    }
    return undefined;
  }

  async #allowed(portal: Portal, puppet: Puppet): Promise<boolean> {
    return portal.state === 'open' && (await mayBridge(this.#doors, puppet, portal.facts)).effect === 'allow';
  }

  #lose(work: Promise<void>): void {
    work.catch((error: unknown) => this.#doors.log.debug({ error }, 'a passing sign was lost'));
  }
}
