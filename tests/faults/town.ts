// Everybody and everything around the bridge: both networks, the homeserver, Postgres, people with logins and open chats; judges nothing.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHomeserver, type Homeserver, type HomeserverKind } from '../../sandbox/homeserver/homeserver.ts';
import { freePort } from '../../sandbox/homeserver/ports.ts';
import type { Book } from './book.ts';
import { Bridge } from './bridge.ts';
import type { ChatSide, Showing } from './checker.ts';
import type { Speaker } from './load.ts';
import { Person, type ClientEvent } from './person.ts';
import { OwnPostgres } from './postgres.ts';
import type { Chance } from './random.ts';
import { networkSpeaker, speakerName } from './speakers.ts';
import { showingsOf } from './timeline.ts';
import { startWorlds, type NetworkName, type Speak, type WorldChat, type WorldLogin, type Worlds } from './worlds.ts';

const BOT = 'passerelle';
const SERVER = 'hs.test';
const STEP_LIMIT_MS = 60_000;

export interface TownOptions {
  readonly tree: string;
  readonly dir: string;
  readonly homeserver: HomeserverKind;
  readonly networks: readonly NetworkName[];
  readonly book: Book;
  readonly say: (line: string) => void;
}

interface Resident {
  readonly login: WorldLogin;
  readonly person: Person;
  /** Their room with the bot. */
  readonly management: string;
}

export class Town {
  readonly #options: TownOptions;
  readonly #endings: (() => Promise<void>)[] = [];
  readonly #residents: Resident[] = [];
  /** Chat name to its room. */
  readonly #rooms = new Map<string, string>();
  /** Texts of the bot, by room. */
  readonly #notices = new Map<string, string[]>();
  readonly #told = new Set<string>();
  #worlds: Worlds | undefined;
  #bridge: Bridge | undefined;
  #looking: Promise<void> | undefined;
  readonly postgres: OwnPostgres;

  constructor(options: TownOptions) {
    this.#options = options;
    this.postgres = new OwnPostgres(options.dir);
  }

  get bridge(): Bridge {
    if (this.#bridge === undefined) throw new Error('the town is not open yet');
    return this.#bridge;
  }

  /** Starts all, logs everybody in and opens every chat. @throws Error when that does not come about */
  async open(): Promise<void> {
    const { dir, tree, homeserver: kind, networks, say } = this.#options;
    this.#endings.push(async () => await this.postgres.stop());
    await this.postgres.start();
    const worlds = await startWorlds(networks);
    this.#worlds = worlds;
    this.#endings.push(async () => await worlds.stop());
    const port = await freePort();
    const bridge = await Bridge.prepare({
      tree,
      dir: join(dir, 'bridge'),
      serverName: SERVER,
      homeserverPort: port,
      database: this.postgres.url,
      networks: worlds.settings,
    });
    this.#bridge = bridge;
    this.#endings.push(async () => await bridge.close());
    mkdirSync(join(dir, 'homeserver'), { recursive: true });
    const homeserver = await startHomeserver({
      kind,
      registrations: bridge.registrations,
      dir: join(dir, 'homeserver'),
      serverName: SERVER,
      port,
      ownProcess: true,
      say,
    });
    this.#endings.push(async () => await homeserver.dispose());
    bridge.start();
    await bridge.ready();
    say('the bridge is open');
    for (const login of worlds.logins) await this.#moveIn(homeserver, login);
    say(`${worlds.logins.length} people are logged in`);
    await this.#openChats(worlds.chats);
    say(`${this.#rooms.size} chats are open`);
  }

  /** The networks have a bad moment. */
  async trouble(chance: Chance, speak: Speak): Promise<void> {
    await this.#worlds?.trouble(chance, speak);
  }

  async close(): Promise<void> {
    // Whatever one of them says, the others are ended too.
    for (const end of this.#endings.splice(0).toReversed()) {
      await end().catch((error: unknown) => this.#options.say(`something did not end: ${String(error)}`));
    }
  }

  /** Brings the book up to date with what has arrived. */
  async look(): Promise<void> {
    // Two looks at once would tear a person's position in the sync apart.
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Authors of these were told that it did not get through. */
  told(): ReadonlySet<string> {
    return this.#told;
  }

  /** Everybody who may speak, on both sides. */
  speakers(): readonly Speaker[] {
    return this.#chats().flatMap((chat) => [
      ...chat.members.map((member) => networkSpeaker(chat, member)),
      ...this.#residents
        .filter(({ login }) => login.chats.some(({ name }) => name === chat.name))
        .map(({ person }) => this.#matrixSpeaker(chat, person)),
    ]);
  }

  /** Every place where a text may be seen. */
  async sides(): Promise<readonly ChatSide[]> {
    const chatOf = new Map([...this.#rooms].map(([chat, room]) => [room, chat]));
    const sides: ChatSide[] = [];
    for (const chat of this.#chats()) {
      sides.push({ chat: chat.name, side: 'network', showings: await chat.showings() });
    }
    const read = new Set<string>();
    for (const { person, management } of this.#residents) {
      for (const room of await person.rooms()) {
        if (read.has(room)) continue;
        read.add(room);
        const events = await person.messages(room);
        this.#hearNotices(room, events);
        const showings: readonly Showing[] = room === management ? [] : showingsOf(events);
        // A room of no chat is a place of its own: nothing belongs there.
        sides.push({ chat: chatOf.get(room) ?? `room/${room}`, side: 'matrix', showings });
      }
    }
    return sides;
  }

  /** What the bot has said: in answer to somebody's message (its token before it), or else. */
  notices(): readonly string[] {
    return [...this.#notices.values()].flat();
  }

  #chats(): readonly WorldChat[] {
    return this.#worlds?.chats ?? [];
  }

  async #lookOnce(): Promise<void> {
    const { book } = this.#options;
    await Promise.all([
      ...this.#residents.map(async ({ person }) => {
        for (const { room, event } of await person.look()) this.#heard(room, event);
      }),
      ...this.#chats().map(async (chat) => {
        if (book.outstanding(chat.name, 'matrix').length === 0) return;
        for (const text of await chat.news()) book.saw(text, 'network');
      }),
    ]);
  }

  #heard(room: string, event: ClientEvent): void {
    const { sender, event_id: id, type, content, redacts } = event;
    const line = [Date.now(), room, sender, id, type, content['body'], content['m.relates_to'], redacts];
    // For whoever looks for the cause of a finding.
    appendFileSync(join(this.#options.dir, 'heard.log'), `${JSON.stringify(line)}\n`);
    if (event.type !== 'm.room.message') return;
    const { body } = event.content;
    if (typeof body === 'string') this.#options.book.saw(body, 'matrix');
    this.#hearNotices(room, [event]);
  }

  #hearNotices(room: string, events: readonly ClientEvent[]): void {
    for (const { sender, type, content } of events) {
      if (type !== 'm.room.message' || sender !== `@${BOT}:${SERVER}`) continue;
      const relation = content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined;
      const token = this.#options.book.tokenOfEvent(relation?.['m.in_reply_to']?.event_id ?? '');
      if (token !== undefined) this.#told.add(token);
      const said = this.#notices.get(room) ?? [];
      const line = `${token === undefined ? '' : `${token}: `}${String(content['body'])}`;
      if (!said.includes(line)) this.#notices.set(room, [...said, line]);
    }
  }

  /** An account, a room with the bot, a login: as a person does it. */
  async #moveIn(homeserver: Homeserver, login: WorldLogin): Promise<void> {
    const name =
      ['anna', 'bert', 'cleo', 'dirk', 'emma', 'finn'][this.#residents.length] ?? `person${this.#residents.length}`;
    const account = await homeserver.registerUser(name, `${name}-password`);
    const person = new Person(homeserver.url, account);
    const made = await person.ask('POST', '/createRoom', {
      preset: 'trusted_private_chat',
      is_direct: true,
      invite: [`@${BOT}:${SERVER}`],
    });
    const management = String(made['room_id']);
    this.#residents.push({ login, person, management });
    await this.#until(`the bot greets ${name}`, () => this.#saidIn(management).length > 0);
    await person.say(management, `login ${login.network} ${login.flow}`);
    for (const { asked, answer } of login.answers) {
      // Nobody answers before they are asked.
      const question = (): string | undefined => this.#saidIn(management).find((notice) => asked.test(notice));
      await this.#until(`${name} is asked ${String(asked)}`, () => question() !== undefined);
      const words = await answer(question() ?? '');
      if (words !== undefined) await person.say(management, words);
    }
    // What is written to an account before it is signed in is none of the bridge's: it brings what comes from then on.
    const isIn = (): boolean => this.#saidIn(management).some((notice) => notice.includes('You are signed in'));
    await this.#until(`${name} is signed in`, isIn);
  }

  #saidIn(room: string): readonly string[] {
    return this.#notices.get(room) ?? [];
  }

  /** Each chat's contact says a word, which shows the chat's room. */
  async #openChats(chats: readonly WorldChat[]): Promise<void> {
    const { book } = this.#options;
    const tokens = new Map<string, WorldChat>();
    for (const chat of chats) {
      const [contact] = chat.members;
      if (contact === undefined) throw new Error(`nobody is in ${chat.name}`);
      const token = book.nextToken();
      tokens.set(token, chat);
      await chat.write(contact, `${token} hello`);
      book.said(token, chat.name, 'network', speakerName(chat, contact), `${token} hello`);
    }
    await this.#until('every chat has its room', () => book.outstanding().length === 0);
    for (const { person } of this.#residents) {
      for (const room of await person.rooms()) {
        for (const { content } of await person.messages(room)) {
          const chat = tokens.get(/^k\d+/.exec(String(content['body']))?.[0] ?? '');
          if (chat !== undefined) this.#rooms.set(chat.name, room);
        }
      }
    }
    for (const { login, person } of this.#residents) {
      const rooms = login.chats.map(({ name }) => this.#rooms.get(name) ?? '');
      await this.#until(`${person.id} is in all rooms`, async () => {
        const joined = await person.rooms();
        return rooms.every((room) => joined.includes(room));
      });
    }
  }

  #matrixSpeaker(chat: WorldChat, person: Person): Speaker {
    const room = this.#rooms.get(chat.name) ?? '';
    const { book } = this.#options;
    return {
      chat: chat.name,
      from: 'matrix',
      name: person.id,
      write: async (text, token) => {
        const event = await person.say(room, text);
        book.isEvent(event, token);
        return event;
      },
      edit: async (event, text, token) => book.isEvent(await person.edit(room, event, text), token),
      remove: async (event) => await person.takeBack(room, event),
    };
  }

  async #until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
    const until = Date.now() + STEP_LIMIT_MS;
    for (;;) {
      await this.look();
      if (await done()) return;
      if (Date.now() > until) throw new Error(`waited in vain: ${what}; the bot said: ${this.notices().join(' | ')}`);
      await sleep(100);
    }
  }
}
