// The Matrix wing, put together: what the house gets to see of it; knows no network beyond ids and titles.
import { randomUUID } from 'node:crypto';
import type { PersonSnapshot } from '../model/chat.ts';
import type { EffectId, NetworkId, PersonId, RoomId } from '../model/ids.ts';
import type { MediaSource } from '../model/message.ts';
import type { MatrixApi, ReadEvent } from '../ports/matrix.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, GhostStore, Logger, Vault } from '../ports/stores.ts';
import { encode, MatrixClient } from './client.ts';
import { Doubles } from './doubles.ts';
import { accountData, eventsBefore, findDelivered, lookAtEvent, putAccountData, saidIn, wake } from './errands.ts';
import { GapAudit } from './gap-audit.ts';
import { DEVICE, enter, Ghosts } from './ghosts.ts';
import { OurIds } from './ids.ts';
import { Intents } from './intents.ts';
import { field, numberAt } from './json.ts';
import { Markers } from './marker.ts';
import { MatrixMedia } from './media.ts';
import { readEvent } from './read.ts';
import { markRoom } from './room-marks.ts';
import { VaultedPictures } from './room-pictures.ts';
import { MatrixRooms } from './rooms.ts';
import { MatrixSpeaker } from './speaker.ts';
import { Spaces } from './spaces.ts';
import { shownWords } from './state.ts';
import { TransactionDoor } from './transaction-door.ts';
import { VaultedWordings } from './wordings.ts';

export interface MatrixOptions {
  readonly url: string;
  readonly serverName: string;
  /** The registration's id, as the homeserver's ping wants it. */
  readonly appserviceId: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly doublePuppetToken?: string | undefined;
  readonly botLocalpart: string;
  readonly prefixes: Readonly<Record<string, string>>;
  readonly networkTitles: Readonly<Record<string, string>>;
  readonly identityKey: Uint8Array;
  readonly federate: boolean;
  readonly botPower: number;
  /** Ghosts of admins have power in the room of their group. */
  readonly ghostPower: boolean;
  /** Whether each person's rooms of a network are gathered in a space. */
  readonly spaces: boolean;
  readonly roomVersion?: string | undefined;
  readonly stores: { readonly ghosts: GhostStore; readonly vault: Vault };
  readonly queue: Pick<Queue, 'seen'>;
  readonly log: Logger;
  readonly clock: Clock;
  /** Opens a network's picture for a ghost; undefined when no session can. */
  readonly openNetworkMedia?: (network: NetworkId, source: MediaSource) => Promise<MediaStream | undefined>;
  readonly auditHoldMs?: number;
  readonly auditPollMs?: number;
}

export interface MatrixWing {
  readonly api: MatrixApi;
  readonly read: ReadEvent;
  readonly door: Pick<TransactionDoor, 'listen' | 'close'>;
  readonly audit: GapAudit;
  /** Asks the homeserver to push what it holds back. @throws BridgeError when it cannot reach us. */
  ping(): Promise<void>;
  /** Does the homeserver answer now? */
  reach(): Promise<boolean>;
  /** Forgets what is kept of uploads that are long done. */
  prune(): Promise<number>;
  /** The era counter kept in the bot's account data. */
  readonly era: { read(): Promise<number>; write(era: number): Promise<void> };
  close(): Promise<void>;
}

/** Makes the bot's account and device; the homeserver must be reachable. @throws BridgeError */
export async function openMatrix(options: MatrixOptions): Promise<MatrixWing> {
  const { clock, log } = options;
  const ids = new OurIds(options);
  const markers = new Markers(options.identityKey);
  const client = new MatrixClient({ url: options.url, clock });
  // A long poll and its kin never stand in the way of messages.
  const patient = new MatrixClient({ url: options.url, clock, connections: 4 });
  const token = options.asToken;
  const botAs = { token, user: ids.bot, device: DEVICE };
  const intents = new Intents(options);
  try {
    await enter(client, intents, { token, user: ids.bot });
  } catch (error) {
    await Promise.all([client.close(), patient.close(), intents.close()]);
    throw error;
  }

  const media = new MatrixMedia(patient, { token, user: ids.bot }, options.stores.vault, () => clock.now());
  const ghosts = new Ghosts({
    client,
    intents,
    ids,
    token,
    store: options.stores.ghosts,
    titles: options.networkTitles,
    clock,
    log,
    picture: async (network, hash, source) => {
      if (source.from === 'matrix') return source.uri;
      const open = async (): Promise<MediaStream | undefined> => await options.openNetworkMedia?.(network, source);
      return await pictures.bring(network, hash, open);
    },
  });
  const pictures = new VaultedPictures(media, options.stores.vault, log);
  const bot = new MatrixSpeaker({
    client,
    who: botAs,
    markers,
    intents,
    mention: () => undefined,
    renew: async () => await ghosts.renew(ids.bot),
  });
  const rooms = new MatrixRooms({
    client,
    intents,
    ids,
    who: botAs,
    bot,
    asUser: (user) => ({ token, user, device: DEVICE }),
    federate: options.federate,
    botPower: options.botPower,
    ghostPower: options.ghostPower,
    roomVersion: options.roomVersion,
    log,
  });

  const spaces = new Spaces({ ...options, client, intents, ids, who: botAs });

  const doubles = new Doubles({
    client,
    token: options.doublePuppetToken,
    isOurs: (user) => ids.isOurs(user),
    inviter: bot,
    markers,
    vault: options.stores.vault,
    clock,
  });

  const api: MatrixApi = {
    pictures,
    wordings: new VaultedWordings(options.stores.vault, clock),
    bot,
    serverName: options.serverName,
    ghostUser: (network, person) => ids.ghost(network, person),
    isOurs: (user) => ids.isOurs(user),
    ghost: async (network: NetworkId, person: PersonId, profile?: PersonSnapshot) => {
      const ghost = await ghosts.ensure(network, person, profile);
      return new MatrixSpeaker({
        client,
        who: { token, user: ghost.user, device: DEVICE },
        markers,
        intents,
        mention: (other) => ids.ghost(network, other),
        inviter: bot,
        renew: async () => await ghosts.renew(ghost.user),
      });
    },
    double: async (user) => await doubles.of(user),
    ensureRoom: async (spec) => await rooms.ensure(spec),
    adoptRoom: async (room, speaker, spec) => await rooms.adopt(room, speaker, spec),
    declareRoom: async (room, spec) => await rooms.declare(room, spec),
    gatherInSpace: async (user, network, room) =>
      options.spaces ? await spaces.gather(user, network, options.networkTitles[network] ?? network, room) : undefined,
    releaseFromSpace: async (user, network, room, instead) => {
      if (options.spaces) await spaces.release(user, network, room, instead);
    },
    makeManagementRoom: async (user, name) => await rooms.makeManagement(user, name),
    setPowers: async (room, powers) => await rooms.setPowers(room, powers),
    members: async (room) => await rooms.members(room),
    isEncrypted: async (room) => await rooms.isEncrypted(room),
    said: async (room, of) => await saidIn(client, botAs, markers, room, of),
    shownWords,
    look: async (room, through) =>
      await rooms.look(room, through === undefined ? botAs : { token, user: through, device: DEVICE }),
    saidBefore: async (room, user) => await rooms.saidBefore(room, { token, user, device: DEVICE }),
    markDirect: async (user, room, withUser) => {
      const who = doubles.as(user);
      if (who === undefined || (await doubles.of(user)) === undefined) return;
      const direct = await accountData(client, who, user, 'm.direct');
      const list = field(direct, withUser);
      const known = Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
      if (known.includes(room)) return;
      await putAccountData(client, who, user, 'm.direct', { ...direct, [withUser]: [...known, room] });
    },
    markRoom: async (user, room, marks) => {
      const who = doubles.as(user);
      if (who === undefined || (await doubles.of(user)) === undefined) return false;
      await markRoom(client, who, room, marks);
      return true;
    },
    findDelivered: async (room, id) => await findDelivered(client, botAs, room, markers.write(room, id)),
    lookAtEvent: async (room, event) => await lookAtEvent(client, botAs, room, event),
    eventsBefore: async (room, event) => await eventsBefore(client, botAs, room, event),
    readMarker: (room: RoomId, marker: string): EffectId | undefined => markers.read(room, marker),
    openMedia: async (source) => await media.open(source),
    upload: async (id, stream, name) => await media.upload(id, stream, name),
    drawCode: async (id, code) => await media.draw(id, code),
  };

  const door = new TransactionDoor({
    hsToken: options.hsToken,
    protocols: options.networkTitles,
    log,
    userExists: async (user) =>
      user === ids.bot || (ids.isGhost(user) && (await options.stores.ghosts.byUser(user))?.registered === true),
  });
  const audit = new GapAudit({
    client: patient,
    who: botAs,
    queue: options.queue,
    isOurs: (user) => ids.isOurs(user),
    vault: options.stores.vault,
    clock,
    log,
    holdMs: options.auditHoldMs ?? 20_000,
    pollMs: options.auditPollMs ?? 30_000,
  });

  return {
    api,
    read: readEvent,
    door,
    audit,
    ping: async () => {
      const path = `/_matrix/client/v1/appservice/${encode(options.appserviceId)}/ping`;
      await client.ask({ token }, 'POST', path, { body: { transaction_id: randomUUID() } });
      await wake(client, botAs, options.stores.vault);
    },
    reach: async () => {
      try {
        await patient.ask({ token }, 'GET', '/_matrix/client/versions', { timeoutMs: 5_000 });
        return true;
      } catch (error) {
        log.debug({ error }, 'the homeserver was asked whether it is there');
        return false;
      }
    },
    prune: async () => await media.prune(),
    era: {
      read: async () => numberAt(await accountData(client, botAs, ids.bot, 'fr.passerelle.era'), 'era') ?? 0,
      write: async (era) => await putAccountData(client, botAs, ids.bot, 'fr.passerelle.era', { era }),
    },
    close: async () => {
      ghosts.close();
      await Promise.all([door.close(), audit.stop(), patient.close(), intents.close()]);
      await client.close();
    },
  };
}
