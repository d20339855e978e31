// A person at a Matrix client: matrix-js-sdk syncing as their app does, without encryption; knows nothing of bridges.
import {
  ClientEvent,
  createClient,
  EventType,
  MsgType,
  Preset,
  PushRuleActionName,
  type ISendEventResponse,
  type MatrixClient,
  type Room,
} from 'matrix-js-sdk';
import { askHomeserver } from '../../../sandbox/homeserver/ask.ts';
import type { Account } from '../../../sandbox/homeserver/homeserver.ts';
import { tameClientLibrary } from './client-library.ts';

/** An event as `/messages` gives it. */
export interface RoomEvent {
  readonly type: string;
  readonly event_id: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly origin_server_ts: number;
  readonly content: Readonly<Record<string, unknown>>;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}

tameClientLibrary();

const NOTIFY = PushRuleActionName.Notify;

/** How often a condition is looked at when the client has nothing new, in ms. */
const LOOK_MS = 250;

/** What a message says; empty when it has no text. */
export function bodyOf({ content }: Pick<RoomEvent, 'content'>): string {
  const { body } = content;
  return typeof body === 'string' ? body : '';
}

export class Person {
  readonly client: MatrixClient;
  readonly #account: Account;
  readonly #url: string;
  #wakes: (() => void)[] = [];

  constructor(url: string, account: Account) {
    this.#url = url;
    this.#account = account;
    this.client = createClient({
      baseUrl: url,
      accessToken: account.accessToken,
      userId: account.userId,
      deviceId: account.deviceId,
    });
    const news = (): void => {
      for (const wake of this.#wakes.splice(0)) wake();
    };
    for (const event of [ClientEvent.Event, ClientEvent.Sync, ClientEvent.Room, ClientEvent.AccountData] as const) {
      this.client.on(event, news);
    }
  }

  get id(): string {
    return this.#account.userId;
  }

  async start(): Promise<void> {
    await this.client.startClient({ initialSyncLimit: 50, disablePresence: true, lazyLoadMembers: false });
    await this.until('the first sync', () => this.client.isInitialSyncComplete());
  }

  stop(): void {
    this.client.stopClient();
  }

  /** Looks again at every news until there is something. @throws Error naming what was waited for in vain */
  async until<T>(
    what: string,
    look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
    timeoutMs = 45_000,
  ): Promise<T> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false && found !== null) return found;
      if (Date.now() > end) throw new Error(`${this.id} waited ${timeoutMs} ms in vain for ${what}`);
      await new Promise<void>((wake) => {
        const timer = setTimeout(wake, LOOK_MS);
        this.#wakes.push(() => {
          clearTimeout(timer);
          wake();
        });
      });
    }
  }

  /** A private room with one other user, as a "Message" button makes it. */
  async openRoomWith(user: string, encrypted = false): Promise<string> {
    const { room_id: room } = await this.client.createRoom({
      preset: Preset.TrustedPrivateChat,
      is_direct: true,
      invite: [user],
      ...(encrypted
        ? {
            initial_state: [
              { type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
            ],
          }
        : {}),
    });
    return room;
  }

  /** @returns the new event's id */
  async say(room: string, text: string): Promise<string> {
    const { event_id: event }: ISendEventResponse = await this.client.sendMessage(room, {
      msgtype: MsgType.Text,
      body: text,
    });
    return event;
  }

  async takeBack(room: string, event: string): Promise<void> {
    await this.client.redactEvent(room, event);
  }

  /** Rooms that this person is invited to now. */
  invitations(): readonly string[] {
    return this.client
      .getRooms()
      .filter((room) => room.getMyMembership() === 'invite')
      .map(({ roomId }) => roomId);
  }

  isSpace(room: string): boolean {
    return this.client.getRoom(room)?.isSpaceRoom() === true;
  }

  /** Of those, the ones of which the client knows by now what they are. */
  invitationsTo(what: 'space' | 'room'): readonly string[] {
    const known = this.invitations().filter(
      (room) => this.client.getRoom(room)?.currentState.getStateEvents(EventType.RoomCreate, '') !== null,
    );
    return known.filter((room) => this.isSpace(room) === (what === 'space'));
  }

  /** The same by the homeserver's word: a client may show a room that it has just joined as an invitation. */
  async joined(): Promise<readonly string[]> {
    return ((await this.ask('GET', '/joined_rooms')) as { joined_rooms: string[] }).joined_rooms;
  }

  /** Rooms that this person is in now, as their client shows them. */
  rooms(): readonly Room[] {
    return this.client.getRooms().filter((room) => room.getMyMembership() === 'join');
  }

  /** The room in which this was said, once there is one. */
  async roomOf(text: string): Promise<string> {
    return await this.until('the room of a message', async () => {
      for (const { roomId } of this.rooms()) {
        if ((await this.bodies(roomId)).includes(text)) return roomId;
      }
      return undefined;
    });
  }

  async join(room: string): Promise<void> {
    await this.client.joinRoom(room);
  }

  /** Waits for an invitation into a room that is not known yet, and accepts it. */
  async acceptInvitation(what: string): Promise<string> {
    const room = await this.until(`an invitation: ${what}`, () => this.invitations()[0]);
    await this.join(room);
    return room;
  }

  /** The whole room as the homeserver has it, oldest first. */
  async history(room: string): Promise<readonly RoomEvent[]> {
    const all: RoomEvent[] = [];
    let from: string | undefined;
    do {
      const query = new URLSearchParams({ dir: 'f', limit: '1000', ...(from === undefined ? {} : { from }) });
      const page = (await this.ask('GET', `/rooms/${encodeURIComponent(room)}/messages?${query.toString()}`)) as {
        chunk: RoomEvent[];
        end?: string;
      };
      all.push(...page.chunk);
      from = page.chunk.length === 0 ? undefined : page.end;
    } while (from !== undefined);
    return all;
  }

  /** Whether the client, by what it has synced, shows this text among the last of a room. */
  sees(room: string, text: string): boolean {
    const shown = this.client.getRoom(room)?.getLiveTimeline().getEvents() ?? [];
    return shown.some((event) => bodyOf({ content: event.getContent() }) === text);
  }

  /** Bodies of the messages of a room, oldest first, of one sender or of all. */
  async bodies(room: string, sender?: string): Promise<readonly string[]> {
    return (await this.history(room))
      .filter((event) => event.type === 'm.room.message' && (sender === undefined || event.sender === sender))
      .map(bodyOf);
  }

  /** How this person keeps a room: their own tags of it, their own data about it (empty when there are none), and whether they hear of it. */
  async tags(room: string): Promise<readonly string[]> {
    const { tags } = (await this.ask('GET', `/user/${this.#path(room)}/tags`)) as { tags: object };
    return Object.keys(tags);
  }

  async tag(room: string, name: string): Promise<void> {
    await this.ask('PUT', `/user/${this.#path(room)}/tags/${name}`, {});
  }

  async untag(room: string, name: string): Promise<void> {
    await this.ask('DELETE', `/user/${this.#path(room)}/tags/${name}`);
  }

  roomData(room: string, type: string): Readonly<Record<string, unknown>> {
    return this.client.getRoom(room)?.getAccountData(type)?.getContent() ?? {};
  }

  isSilent(room: string): boolean {
    const rules = this.client.pushRules?.global.room ?? [];
    return rules.some(({ rule_id: id, enabled, actions }) => id === room && enabled && !actions.includes(NOTIFY));
  }

  #path(room: string): string {
    return `${encodeURIComponent(this.id)}/rooms/${encodeURIComponent(room)}`;
  }

  async state(room: string): Promise<readonly RoomEvent[]> {
    return (await this.ask('GET', `/rooms/${encodeURIComponent(room)}/state`)) as readonly RoomEvent[];
  }

  /** One request to the client API with this person's token. @throws Error when it is refused */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return await askHomeserver({ url: this.#url, token: this.#account.accessToken, method, path, body });
  }
}
