// The Matrix wing, put together: what the house gets to see of it; knows no network beyond ids and titles.
import { randomUUID } from 'node:crypto';
import type { PersonSnapshot } from '../model/chat.ts';
import { effectId } from '../model/effect.ts';
import {
  as,
  type EffectId,
  type EventId,
  type NetworkId,
  type PersonId,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import type { MediaSource } from '../model/message.ts';
import type { MatrixApi, MatrixSink, ReadEvent, Speaker } from '../ports/matrix.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, GhostStore, Logger, Vault } from '../ports/stores.ts';
import { encode, MatrixClient, MatrixRefusal, type As } from './client.ts';
import { GapAudit } from './gap-audit.ts';
import { DEVICE, Ghosts, makeDevice, register } from './ghosts.ts';
import { OurIds } from './ids.ts';
import { field, isObject, numberAt, objectAt, textAt, type Json } from './json.ts';
import { MARKER, Markers } from './marker.ts';
import { MatrixMedia } from './media.ts';
import { readEvent } from './read.ts';
import { MatrixRooms } from './rooms.ts';
import { MatrixSpeaker } from './speaker.ts';
import { TransactionDoor } from './transaction-door.ts';

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
  readonly door: {
    /** @returns the port in use */
    listen(sink: MatrixSink, at: { readonly host: string; readonly port: number }): Promise<number>;
    close(): Promise<void>;
  };
  readonly audit: GapAudit;
  /** Asks the homeserver to push what it holds back. @throws BridgeError when it cannot reach us. */
  ping(): Promise<void>;
  /** The era counter kept in the bot's account data. */
  readonly era: { read(): Promise<number>; write(era: number): Promise<void> };
  close(): Promise<void>;
}

const API = '/_matrix/client/v3';
const DOUBLE_CHECK_MS = 300_000;

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
  try {
    await register(client, token, options.botLocalpart);
    await makeDevice(client, { token, user: ids.bot });
  } catch (error) {
    await Promise.all([client.close(), patient.close()]);
    throw error;
  }

  const media = new MatrixMedia(patient, { token, user: ids.bot }, options.stores.vault, () => clock.now());
  const ghosts = new Ghosts({
    client,
    ids,
    token,
    store: options.stores.ghosts,
    titles: options.networkTitles,
    clock,
    log,
    picture: async (network, hash, source) => {
      if (source.from === 'matrix') return source.uri;
      const stream = await options.openNetworkMedia?.(network, source);
      return stream === undefined
        ? undefined
        : await media.upload(effectId(`avatar/${network}/${hash}`, 0), stream, '');
    },
  });
  const bot = new MatrixSpeaker({
    client,
    who: botAs,
    markers,
    mention: () => undefined,
    renew: async () => await makeDevice(client, { token, user: ids.bot }),
  });
  const rooms = new MatrixRooms({
    client,
    ids,
    who: botAs,
    bot,
    asUser: (user) => ({ token, user, device: DEVICE }),
    federate: options.federate,
    botPower: options.botPower,
    roomVersion: options.roomVersion,
    log,
  });

  const doubles = new Map<UserId, { readonly until: number; readonly speaker: Speaker | undefined }>();
  const doubleAs = (user: UserId): (As & { user: UserId }) | undefined =>
    options.doublePuppetToken === undefined ? undefined : { token: options.doublePuppetToken, user };

  async function double(user: UserId): Promise<Speaker | undefined> {
    const who = doubleAs(user);
    if (who === undefined || ids.isOurs(user)) return undefined;
    const known = doubles.get(user);
    if (known !== undefined && known.until > clock.now()) return known.speaker;
    let speaker: Speaker | undefined;
    try {
      const answer = await client.ask(who, 'GET', `${API}/account/whoami`);
      if (textAt(answer, 'user_id') === user) {
        speaker = new MatrixSpeaker({ client, who, markers, mention: () => undefined, inviter: bot });
      }
    } catch (error) {
      // Outside of the second registration's namespace, or the token is not known: this person is not doubled.
      if (!(error instanceof MatrixRefusal) || ![400, 401, 403].includes(error.status)) throw error;
    }
    doubles.set(user, { until: clock.now() + DOUBLE_CHECK_MS, speaker });
    return speaker;
  }

  const api: MatrixApi = {
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
        mention: (other) => ids.ghost(network, other),
        inviter: bot,
        renew: async () => await ghosts.renew(ghost.user),
      });
    },
    double,
    ensureRoom: async (spec) => await rooms.ensure(spec),
    adoptRoom: async (room, speaker, spec) => await rooms.adopt(room, speaker, spec),
    makeManagementRoom: async (user, name) => await rooms.makeManagement(user, name),
    setRoomName: async (room, name) => await rooms.setName(room, name),
    members: async (room) => await rooms.members(room),
    isEncrypted: async (room) => await rooms.isEncrypted(room),
    markDirect: async (user, room, withUser) => {
      const who = doubleAs(user);
      if (who === undefined || (await double(user)) === undefined) return;
      const direct = await accountData(client, who, user, 'm.direct');
      const list = field(direct, withUser);
      const known = Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
      if (known.includes(room)) return;
      await putAccountData(client, who, user, 'm.direct', { ...direct, [withUser]: [...known, room] });
    },
    findDelivered: async (room, id) => await findDelivered(client, botAs, room, markers.write(room, id)),
    readMarker: (room: RoomId, marker: string): EffectId | undefined => markers.read(room, marker),
    openMedia: async (source) => await media.open(source),
    upload: async (id, stream, name) => await media.upload(id, stream, name),
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
    vault: options.stores.vault,
    clock,
    log,
    holdMs: options.auditHoldMs ?? 20_000,
    pollMs: options.auditPollMs ?? 30_000,
  });

  return {
    api,
    read: readEvent,
    door: {
      listen: async (sink, at) => await door.listen(sink, at),
      close: async () => await door.close(),
    },
    audit,
    ping: async () => {
      const path = `/_matrix/client/v1/appservice/${encode(options.appserviceId)}/ping`;
      await client.ask({ token }, 'POST', path, { body: { transaction_id: randomUUID() } });
      await wake(client, botAs, options.stores.vault);
    },
    era: {
      read: async () => numberAt(await accountData(client, botAs, ids.bot, 'fr.passerelle.era'), 'era') ?? 0,
      write: async (era) => await putAccountData(client, botAs, ids.bot, 'fr.passerelle.era', { era }),
    },
    close: async () => {
      ghosts.close();
      await Promise.all([door.close(), audit.stop(), patient.close()]);
      await client.close();
    },
  };
}

/** A homeserver that was started as well begins to push only with the first event that concerns us: this is one. */
async function wake(client: MatrixClient, who: As, vault: Vault): Promise<void> {
  const kept = await vault.read('matrix:control', 'room');
  let room = kept === undefined ? undefined : Buffer.from(kept).toString();
  if (room === undefined) {
    const body = { preset: 'private_chat', visibility: 'private', name: 'Passerelle' };
    room = textAt(await client.ask(who, 'POST', `${API}/createRoom`, { body }), 'room_id');
    if (room === undefined) return;
    await vault.write([{ scope: 'matrix:control', key: 'room', value: Buffer.from(room) }]);
    return;
  }
  const path = `${API}/rooms/${encode(room)}/send/fr.passerelle.wake/${randomUUID()}`;
  await client.ask(who, 'PUT', path, { body: {} });
}

async function accountData(client: MatrixClient, who: As, user: UserId, type: string): Promise<Json> {
  try {
    return await client.ask(who, 'GET', `${API}/user/${encode(user)}/account_data/${type}`);
  } catch (error) {
    if (error instanceof MatrixRefusal && error.status === 404) return {};
    throw error;
  }
}

async function putAccountData(client: MatrixClient, who: As, user: UserId, type: string, body: Json): Promise<void> {
  await client.ask(who, 'PUT', `${API}/user/${encode(user)}/account_data/${type}`, { body });
}

/** Looks through the last thousand events. */
async function findDelivered(
  client: MatrixClient,
  who: As,
  room: RoomId,
  marker: string,
): Promise<EventId | undefined> {
  let from: string | undefined;
  for (let page = 0; page < 10; page += 1) {
    const answer: Json = await client.ask(who, 'GET', `${API}/rooms/${encode(room)}/messages`, {
      query: { dir: 'b', limit: 100, from },
    });
    const chunk = field(answer, 'chunk');
    const events = Array.isArray(chunk) ? chunk.filter(isObject) : [];
    const found = events.find((one) => field(objectAt(one, 'content'), MARKER) === marker);
    if (found !== undefined) return as<EventId>(textAt(found, 'event_id', 255) ?? '');
    from = textAt(answer, 'end', 1000);
    if (from === undefined || events.length === 0) return undefined;
  }
  return undefined;
}
