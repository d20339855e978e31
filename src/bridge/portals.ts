// Finds or makes the room of a remote chat, with its people in it; knows no messages.
import { factsOf } from '../model/chat.ts';
import { BridgeError } from '../model/errors.ts';
import type { PortalKey, RoomId, UserId } from '../model/ids.ts';
import type { Membership } from '../model/matrix-event.ts';
import type { Portal, Puppet } from '../model/records.ts';
import type { MatrixApi, RoomSpec, Speaker } from '../ports/matrix.ts';
import type { NetworkAdapter, NetworkSession, ResolvedChat } from '../ports/network.ts';
import type { Logger, PortalChange, PortalStore, PuppetStore } from '../ports/stores.ts';
import type { Senders } from './senders.ts';

export interface PortalDoors {
  readonly matrix: MatrixApi;
  readonly portals: PortalStore;
  readonly puppets: PuppetStore;
  readonly senders: Senders;
  readonly adapters: ReadonlyMap<string, NetworkAdapter>;
  readonly session: (puppet: Puppet) => NetworkSession | undefined;
  readonly log: Logger;
}

export class PortalKeeper {
  readonly #doors: PortalDoors;

  constructor(doors: PortalDoors) {
    this.#doors = doors;
  }

  /**
   * The chat's record with what rules match on, asking the network when the chat is new; makes no room. A chat that turned out to be
   * another one is that. Whoever asks at the same time gets the same record.
   */
  async know(key: PortalKey, puppet: Puppet): Promise<Portal> {
    const known = await this.find(key);
    if (known !== undefined) return known;
    const resolved = await this.#describe(key, puppet);
    return await this.#doors.portals.add(portalFrom(key, resolved, puppet));
  }

  /** The chat's record, or that of the chat which it turned out to be; asks nobody. */
  async find(key: PortalKey): Promise<Portal | undefined> {
    const known = await this.#doors.portals.byKey(key);
    return known?.into === undefined ? known : await this.find({ ...key, chat: known.into });
  }

  /** A portal with a room that its person is invited to; never makes a second one. Called only from the chat's own lane. */
  async ensure(
    key: PortalKey,
    puppet: Puppet,
    adopt?: { room: RoomId; as: Speaker },
  ): Promise<Portal & { room: RoomId }> {
    const known = await this.know(key, puppet);
    if (known.room !== undefined) {
      const portal = { ...known, room: known.room };
      return known.away ? await this.#callBack(portal, puppet) : portal;
    }
    const called = await this.#privateName(known, puppet);
    const spec = await this.#spec(called === undefined ? known : { ...known, name: called }, puppet);
    const { matrix } = this.#doors;
    const adopted = adopt && (await matrix.adoptRoom(adopt.room, adopt.as, spec));
    const made = adopted ?? (await matrix.ensureRoom(spec));
    const portal = { ...known, room: made.room, encrypted: made.encrypted, away: false };
    // Written down last: whoever dies before finds the same room by its alias and gathers its people once more.
    await this.#gather(portal, puppet);
    await this.change(known.key, { room: made.room, encrypted: made.encrypted, away: false });
    this.#doors.log.info(
      { room: made.room, network: key.network, state: made.adopted ? 'adopted' : 'made' },
      'portal open',
    );
    return portal;
  }

  /** Changes what is named, of the portal as it stands now, not as somebody read it a while ago. */
  async change(key: PortalKey, change: PortalChange): Promise<void> {
    await this.#doors.portals.change(key, change);
  }

  /** The conversation goes on in another room, which says so itself where it may. */
  async move(portal: Portal, room: RoomId, encrypted: boolean): Promise<void> {
    await this.change(portal.key, { room, encrypted, away: false });
    await this.declare({ ...portal, room });
  }

  /** Has the portal's room say whose it is, where it may. */
  async declare(portal: Portal & { room: RoomId }): Promise<void> {
    const { room } = portal;
    const through = portal.key.receiver ?? portal.reader;
    const puppet = through === undefined ? undefined : await this.#doors.puppets.find(through);
    if (puppet !== undefined) await this.#doors.matrix.declareRoom(room, await this.#spec(portal, puppet));
  }

  /** From now on the one chat is the other: see PortalStore.join. */
  async join(from: PortalKey, to: PortalKey): Promise<Portal | undefined> {
    return await this.#doors.portals.join(from, to);
  }

  /** The chat has not this room any more; its next message opens one. */
  async detach(key: PortalKey, room: RoomId): Promise<void> {
    await this.#doors.portals.change(key, { room: null, away: false, encrypted: false }, room);
  }

  /** Brings one login's person into a room they are not in yet. */
  async bringIn(portal: Portal & { room: RoomId }, owner: UserId): Promise<void> {
    const now = (await this.#doors.matrix.members(portal.room)).get(owner);
    if (now === 'join') return;
    // First: whoever is invited may not be looked for again after a crash.
    await this.#intoSpace(portal, owner);
    await this.#invite(portal, owner, now);
  }

  /** Into the room that was made or adopted for them: who is in it already has it in their space as well. */
  async #callIn(portal: Portal & { room: RoomId }, owner: UserId): Promise<void> {
    await this.#intoSpace(portal, owner);
    const now = (await this.#doors.matrix.members(portal.room)).get(owner);
    if (now !== 'join') await this.#invite(portal, owner, now);
  }

  async #invite(portal: Portal & { room: RoomId }, owner: UserId, now: Membership | undefined): Promise<void> {
    if (now !== 'invite') await this.#doors.matrix.bot.invite(portal.room, owner, portal.kind === 'direct');
    await this.#nicety(portal, async () => {
      const double = await this.#doors.matrix.double(owner);
      if (double !== undefined) await double.join(portal.room);
    });
  }

  async #intoSpace(portal: Portal & { room: RoomId }, owner: UserId): Promise<void> {
    await this.#nicety(portal, async () => {
      const space = await this.#doors.matrix.gatherInSpace(owner, portal.key.network, portal.room);
      const double = space?.made === true ? await this.#doors.matrix.double(owner) : undefined;
      if (space !== undefined) await double?.join(space.room);
    });
  }

  /** Whoever is no longer in a chat that goes on without them does not find it among their rooms of the network. */
  async takeOut({ key, room }: Portal & { room: RoomId }, owner: UserId): Promise<void> {
    await this.#nicety({ room }, async () => await this.#doors.matrix.releaseFromSpace(owner, key.network, room));
  }

  /** A room that is not the chat's any more is among nobody's of the network. @param instead is */
  async outOfSpaces(key: PortalKey, room: RoomId, instead?: RoomId): Promise<void> {
    const { matrix, puppets } = this.#doors;
    const own = key.receiver === undefined ? undefined : await puppets.find(key.receiver);
    const owners = new Set(
      (own === undefined ? await puppets.ofNetwork(key.network) : [own]).map((login) => login.owner),
    );
    // Whoever never was in the room has it in no space; each look is at a whole space.
    const there = own === undefined ? await this.#everIn(room) : undefined;
    for (const owner of there === undefined ? owners : owners.intersection(there))
      await this.#nicety({ room }, async () => await matrix.releaseFromSpace(owner, key.network, room, instead));
  }

  /** Undefined where the bot may not look any more. */
  async #everIn(room: RoomId): Promise<ReadonlySet<UserId> | undefined> {
    let users: ReadonlySet<UserId> | undefined;
    await this.#nicety({ room }, async () => {
      users = new Set((await this.#doors.matrix.members(room)).keys());
    });
    return users;
  }

  /** What spares a person a click: refused, the room is theirs all the same. */
  async #nicety(portal: { readonly room: RoomId }, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
      this.#doors.log.info({ room: portal.room, error }, 'the homeserver did not let us do something for a person');
    }
  }

  /** Invites somebody who left, and no more: whether they come back is theirs to say. The message goes into the room anyway. */
  async #callBack(portal: Portal & { room: RoomId }, puppet: Puppet): Promise<Portal & { room: RoomId }> {
    // Whoever brought the message: the one who left is the reader's person.
    const reader = portal.reader === undefined ? puppet : ((await this.#doors.puppets.find(portal.reader)) ?? puppet);
    try {
      await this.#doors.matrix.bot.invite(portal.room, reader.owner, portal.kind === 'direct');
    } catch (error) {
      // Banned, or back already without our having seen it.
      if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
      this.#doors.log.info({ room: portal.room, error }, 'the person who left could not be invited');
    }
    await this.change(portal.key, { away: false });
    return { ...portal, away: false };
  }

  async #gather(portal: Portal & { room: RoomId }, puppet: Puppet): Promise<void> {
    if (portal.person !== undefined) {
      const ghost = await this.#doors.senders.ghost(portal.key.network, portal.person, puppet.id);
      const members = await this.#doors.matrix.members(portal.room);
      if (members.get(ghost.user) !== 'join') {
        if (members.get(ghost.user) !== 'invite') await this.#doors.matrix.bot.invite(portal.room, ghost.user);
        await ghost.join(portal.room);
      }
      await this.#callIn(portal, puppet.owner);
      await this.#nicety(portal, async () => {
        await this.#doors.matrix.markDirect(puppet.owner, portal.room, ghost.user);
      });
      return;
    }
    // Who else belongs there follows when the room is written down: see flow/mirror.ts.
    await this.#callIn(portal, puppet.owner);
  }

  async #spec(portal: Portal, puppet: Puppet): Promise<RoomSpec> {
    const direct = portal.kind === 'direct';
    const title = this.#doors.adapters.get(portal.key.network)?.title ?? portal.key.network;
    const name = portal.name;
    return {
      portal: portal.key,
      direct,
      invite: [puppet.owner],
      networkTitle: title,
      ...(name === undefined ? {} : { name }),
    };
  }

  /**
   * What the login's person calls somebody: the name of their room with them, asked for whenever one is made and kept by nobody else.
   * None while the line is away: what was said there already does not wait for a name.
   */
  async #privateName({ key, kind }: Portal, puppet: Puppet): Promise<string | undefined> {
    const isPrivate = kind === 'direct' && this.#doors.adapters.get(key.network)?.capabilities.contacts === true;
    if (!isPrivate) return undefined;
    try {
      return (await this.#describe(key, puppet)).chat.name;
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      this.#doors.log.info({ network: key.network, puppet: puppet.id, error }, 'a room opens without its private name');
      return undefined;
    }
  }

  async #describe(key: PortalKey, puppet: Puppet): Promise<ResolvedChat> {
    const session = this.#doors.session(puppet);
    if (session === undefined)
      throw new BridgeError('login-offline', 'later', 'network.unreachable', { values: { network: key.network } });
    return await session.describeChat(key.chat);
  }
}

function portalFrom(key: PortalKey, resolved: ResolvedChat, puppet: Puppet): Portal {
  const { chat } = resolved;
  const other = chat.members?.find((member) => member.person !== puppet.self)?.person ?? resolved.person?.id;
  const name = chat.kind === 'direct' ? personName(resolved) : chat.name;
  return {
    key,
    kind: chat.kind,
    state: 'open',
    encrypted: false,
    facts: factsOf(resolved),
    away: false,
    // Who reads a chat of several logins is settled when one of them may have it: see flow/reading.ts.
    ...(chat.kind === 'direct' ? { reader: puppet.id } : {}),
    ...(name === undefined ? {} : { name }),
    ...(chat.kind === 'direct' && other !== undefined ? { person: other } : {}),
  };
}

function personName({ person }: ResolvedChat): string | undefined {
  return person?.name ?? (person?.username === undefined ? undefined : `@${person.username}`);
}
