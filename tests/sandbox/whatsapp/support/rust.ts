// A client of another hand (Rust, as WebAssembly) for the simulator; its transport and store are ours, and it has no internet.

import {
  createWhatsAppClient,
  decodeMessageWireBatch,
  decodeProto,
  encodeProto,
  initWasmEngine,
} from 'whatsapp-rust-bridge';
import type { GroupUpdate, JsTransportHandle, WasmWhatsAppClient, WhatsAppEvent } from 'whatsapp-rust-bridge';
import { WebSocket } from 'ws';
import { quiet } from './baileys.ts';

let started = false;

/**
 * Starts the engine once. Its timers (it waits a minute for answers, even when it was stopped) cannot be ended from outside, so
 * they must not keep the process of the tests: every timer of the test file is one that nobody waits for.
 */
function start(): void {
  if (started) return;
  started = true;
  const original = globalThis.setTimeout;
  const unkept = (...all: Parameters<typeof original>): NodeJS.Timeout => original(...all).unref();
  globalThis.setTimeout = Object.assign(unkept, { __promisify__: original.__promisify__ });
  initWasmEngine(quiet);
}

export interface RustMessage {
  readonly id: string;
  readonly chat: string;
  readonly sender: string;
  readonly fromMe: boolean;
  readonly text: string;
  /** The whole protobuf as JSON. */
  readonly content: unknown;
}

export interface RustClient {
  readonly client: WasmWhatsAppClient;
  readonly events: readonly WhatsAppEvent[];
  /** Resolves with the first event of this type, also one that has come already. */
  readonly event: <T extends WhatsAppEvent['type']>(type: T) => Promise<Extract<WhatsAppEvent, { type: T }>>;
  /** Resolves with the message of this text, also one that has come already. */
  readonly message: (text: string) => Promise<RustMessage>;
  /** Resolves with the first message that fits, also one that has come already. */
  readonly heard: (fits: (message: RustMessage) => boolean) => Promise<RustMessage>;
  /** Resolves with the first change of a group that fits, also one that has come already. */
  readonly changed: (fits: (change: GroupUpdate) => boolean) => Promise<GroupUpdate>;
  /** Everything that has come, in its order. */
  readonly messages: readonly RustMessage[];
  /** Answers the message's id. */
  readonly send: (to: string, text: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

interface Text {
  readonly conversation?: string | null;
  readonly extendedTextMessage?: { readonly text?: string | null } | null;
}

/** What the client keeps; give the same one to its successor. */
export type RustStore = Map<string, Uint8Array>;

/** Makes a client that will connect to `url` when client.connect() is called. */
export async function rustClient(url: string, store: RustStore = new Map()): Promise<RustClient> {
  start();
  const events: WhatsAppEvent[] = [];
  const messages: RustMessage[] = [];
  const wakers = new Set<() => void>();
  let socket: WebSocket | undefined;
  const client = await createWhatsAppClient(
    {
      // Resolves only when the socket is open: the client sends at once.
      connect: async (handle: JsTransportHandle) =>
        await new Promise<void>((resolve, reject) => {
          const opened = new WebSocket(url);
          opened.on('open', () => {
            handle.onConnected();
            resolve();
          });
          opened.on('message', (data) => handle.onData(new Uint8Array(data as Buffer)));
          opened.on('error', reject);
          opened.on('close', () => handle.onDisconnected());
          socket = opened;
        }),
      send: (data) => socket?.send(Uint8Array.from(data)),
      disconnect: () => socket?.terminate(),
    },
    { execute: async (address) => await Promise.reject(new Error(`no internet here: ${address}`)) },
    {
      onEvent: (event) => {
        events.push(event);
        for (const wake of wakers) wake();
      },
      onMessageBatch: (batch) => {
        const { messageData, messageOffsets, infos } = decodeMessageWireBatch(batch);
        for (const [at, { id, chat, sender, isFromMe }] of infos.entries()) {
          const bytes = messageData.slice(messageOffsets[at], messageOffsets[at + 1]);
          const content = decodeProto('Message', bytes) as Text;
          const { conversation, extendedTextMessage } = content;
          const text = conversation ?? '';
          messages.push({
            id,
            chat,
            sender,
            fromMe: isFromMe,
            text: text === '' ? (extendedTextMessage?.text ?? '') : text,
            content: JSON.parse(JSON.stringify(content)) as unknown,
          });
        }
        for (const wake of wakers) wake();
      },
      onHistorySyncBatch: () => undefined,
    },
    {
      get: async (name, key) => store.get(`${name} ${key}`) ?? null,
      set: async (name, key, value) => void store.set(`${name} ${key}`, Uint8Array.from(value)),
      delete: async (name, key) => void store.delete(`${name} ${key}`),
    },
    null,
    [2, 3000, 1043857760],
    null,
  );
  const first = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          wakers.delete(wake);
          resolve();
        };
        wakers.add(wake);
      });
    }
  };
  return {
    client,
    events,
    event: async (type) => (await first(() => events.find((one) => one.type === type))) as never,
    messages,
    changed: async (fits) =>
      await first(() => events.flatMap((one) => (one.type === 'group_update' && fits(one.data) ? [one.data] : []))[0]),
    heard: async (fits) => await first(() => messages.find((one) => fits(one))),
    message: async (text) => await first(() => messages.find((one) => one.text === text)),
    send: async (to, text) => await client.sendMessageBytes(to, encodeProto('Message', { conversation: text })),
    stop: async () => {
      await client.disconnect();
      socket?.terminate();
      client.free();
    },
  };
}
