// Opens the library's socket with everything overridden that would leave the machine, print or lose something; knows no session.
import {
  makeWASocket,
  WA_CERT_DETAILS,
  type AuthenticationCreds,
  type BinaryNode,
  type proto,
  type UserFacingSocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys';
import { EventEmitter } from 'node:events';
import type { Agent as HttpsAgent } from 'node:https';
import type { Cures } from './cures.ts';
import { DeviceLists } from './device-lists.ts';
import { LibraryTimers } from './library-timers.ts';
import { agentThrough } from './proxy.ts';
import type { WhatsAppSettings } from './settings.ts';
import { guardSocket } from './state/guard.ts';
import type { Gate } from './state/gate.ts';
import { transactionOpts } from './state/repository.ts';
import type { AccountState } from './state/state.ts';
import { WebDoor, type StandIn } from './web-door.ts';

export type { WASocket } from '@whiskeysockets/baileys';
export type LibraryLogger = NonNullable<UserFacingSocketConfig['logger']>;

/** What the library says holds numbers, keys and texts: nothing of it is passed on. What matters comes by events. */
export const silentLogger: LibraryLogger = {
  level: 'silent',
  child: () => silentLogger,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface LibraryDoors {
  readonly settings: WhatsAppSettings;
  readonly state: AccountState;
  readonly cures: Cures;
  /** Ms that each code to scan lives; only tests say. */
  readonly qrMs?: number;
  /** Ms between two pings of the library; its own when absent. */
  readonly keepAliveMs?: number | undefined;
  /** Given by whoever ends an opening that takes longer. */
  readonly openMs?: number;
}

export interface OpenedSocket {
  readonly socket: WASocket;
  readonly gate: Gate;
  readonly devices: DeviceLists;
  readonly web: Pick<WebDoor, 'get'>;
  /** For what is fetched by the library's own functions: the same door. */
  readonly fetching: RequestInit;
  /** Leaves no timer, no socket and nobody waiting. */
  close(): Promise<void>;
}

/** How long the far side may take to say goodbye, in ms. */
const GOODBYE_MS = 500;
const QUERY_MS = 20_000;

/** Connects at once. @throws Error when the library is not the one this was written for */
export function openSocket({ settings, state, cures, qrMs, keepAliveMs, openMs }: LibraryDoors): OpenedSocket {
  const timers = cures.timers ? new LibraryTimers() : undefined;
  const devices = new DeviceLists();
  const proxy = settings.proxy === undefined ? undefined : new URL(settings.proxy.reveal());
  const door = new WebDoor(settings.dangerousTestServers, standInOf(settings), proxy);
  const timing = {
    ...(qrMs === undefined ? {} : { qrTimeout: qrMs }),
    ...(keepAliveMs === undefined ? {} : { keepAliveIntervalMs: keepAliveMs }),
    // The library makes a timer and two stacks for each frame of it, though a frame may have to wait for the database. Whether an open
    // line lives, its pings tell.
    ...(openMs === undefined ? {} : { connectTimeoutMs: 0 }),
  };
  let gate: Gate | undefined;
  const makeSignalRepository = state.repositoryBehind((kept) => {
    if (gate === undefined || !cures.gate) return false;
    gate.hold(kept);
    return true;
  });
  const make = (): WASocket =>
    captured(() =>
      makeWASocket({
        ...configOf(settings, state),
        ...(proxy === undefined ? {} : { agent: agentThrough(proxy, isSecure(settings)) as HttpsAgent }),
        makeSignalRepository,
        patchMessageBeforeSending: async (message, devices = []) => {
          await leaveOut(state.forged, socket.signalRepository, message, devices);
          return message;
        },
        userDevicesCache: devices,
        ...door.settings,
        ...timing,
      }),
    );
  const socket: WASocket = timers?.run(make) ?? make();
  if (timers !== undefined) own(socket, timers);
  const guarded = guardSocket(socket.ws, state.journal, cures, ({ tag }) => tag !== 'receipt');
  gate = guarded;
  socket.ws.on('CB:notification,type:devices', (node: BinaryNode) => devices.changed(node));
  const isDraft = state.creds.account === undefined;
  socket.ev.on('creds.update', ({ account }) => {
    const kept = state.saveCreds();
    // The state tells its line when nothing can be written any more.
    kept.catch(() => undefined);
    // The phone learns that the device is linked by the answer to this: whoever comes after a death must find it.
    if (isDraft && account !== undefined) guarded.hold(kept);
  });
  const raw = Reflect.get(socket.ws, 'socket') as { terminate(): void };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    guarded.shut();
    const goodbye = setTimeout(() => raw.terminate(), GOODBYE_MS);
    try {
      await socket.end(undefined);
    } finally {
      clearTimeout(goodbye);
      raw.terminate();
      // The library forgets who waits for an answer when it ends: they hear of it here.
      socket.ws.emit('error', new Error('closed'));
      timers?.close();
      await door.close();
    }
  };
  return {
    socket,
    gate: guarded,
    devices,
    web: door,
    fetching: door.settings.options,
    close: async () => await (closing ??= close()),
  };
}

/**
 * When nobody is left whom a group's key can be told, the library gives the message up for the whole group: those without a session are
 * taken from its list, and cannot read in that group. A private message is given up as it should be.
 */
async function leaveOut(
  forged: ReadonlySet<string>,
  repository: Pick<WASocket['signalRepository'], 'validateSession'>,
  message: proto.IMessage,
  devices: string[],
): Promise<void> {
  if (forged.size === 0 || Object.keys(message).join() !== 'senderKeyDistributionMessage') return;
  for (const device of [...devices]) {
    if ((await repository.validateSession(device)).exists) continue;
    devices.splice(devices.indexOf(device), 1);
  }
}

function isSecure({ test }: WhatsAppSettings): boolean {
  return test?.url.startsWith('ws:') !== true;
}

function standInOf({ test }: WhatsAppSettings): StandIn | undefined {
  if (test?.web === undefined || test.webCertificate === undefined) return undefined;
  return { web: test.web, certificate: test.webCertificate };
}

/** What the house asks of the library is this socket's too, however long after its end it goes on. */
function own(socket: WASocket, timers: LibraryTimers): void {
  for (const [name, call] of Object.entries(socket) as [string, unknown][]) {
    if (typeof call !== 'function') continue;
    const asked = (...args: unknown[]): unknown => timers.run(() => Reflect.apply(call, socket, args) as unknown);
    Reflect.set(socket, name, asked);
  }
}

/** A handler of the library that fails ends its connection, not the process. */
function captured(make: () => WASocket): WASocket {
  const before = EventEmitter.captureRejections;
  EventEmitter.captureRejections = true;
  try {
    return make();
  } finally {
    EventEmitter.captureRejections = before;
  }
}

function configOf(settings: WhatsAppSettings, state: AccountState): UserFacingSocketConfig {
  const { test } = settings;
  const away = settings.dangerousTestServers ? test : undefined;
  if (away !== undefined) WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(away.root, 'hex');
  return {
    ...(away === undefined ? {} : { waWebSocketUrl: away.url }),
    auth: state.auth,
    transactionOpts,
    logger: silentLogger,
    browser: [settings.deviceName, 'Chrome', '1.0'],
    getMessage: async ({ id }) => await state.sent.body(id),
    shouldSyncHistoryMessage: () => false,
    syncFullHistory: false,
    // The line says so itself: the library cannot before it has learnt a name.
    markOnlineOnConnect: false,
    fireInitQueries: true,
    generateHighQualityLinkPreview: false,
    defaultQueryTimeoutMs: QUERY_MS,
  };
}

/** Digits of the account's own two names. */
export function selfOf(
  creds: Pick<AuthenticationCreds, 'me'>,
): { readonly id: string; readonly lid: string } | undefined {
  const { me } = creds;
  return me?.id === undefined || me.lid === undefined ? undefined : { id: me.id, lid: me.lid };
}
