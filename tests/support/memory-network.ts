// The in-memory twin of a network's door: people, chats and messages, each effect id taken once, echoes of own messages, and
// events handed over again until they are accepted. Knows no Matrix.
import { Readable } from 'node:stream';
import type { GroupAction, NetworkAction } from '../../src/model/delivery.ts';
import { originKey } from '../../src/model/effect.ts';
import type { Picture, ChatMarks } from '../../src/model/chat.ts';
import { BridgeError } from '../../src/model/errors.ts';
import {
  as,
  type ChatId,
  type EffectId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type PuppetId,
} from '../../src/model/ids.ts';
import { plainText, type MessageBody } from '../../src/model/message.ts';
import type { NetworkEvent, Origin } from '../../src/model/network-event.ts';
import type { Puppet, PuppetState } from '../../src/model/records.ts';
import type {
  ActionReceipt,
  NetworkAdapter,
  NetworkSession,
  NetworkSink,
  PerformContext,
} from '../../src/ports/network.ts';
import type { MemoryClock } from './memory-clock.ts';

export const PIGEON = as<NetworkId>('pigeon');

interface Said {
  readonly id: MessageId;
  readonly by: PersonId;
  text: string;
  readonly replyTo?: MessageId;
  editedAt?: number;
  removed?: boolean;
  readonly reactions: Map<PersonId, string>;
}

interface Chat {
  readonly kind: 'direct' | 'group';
  name: string | undefined;
  readonly members: PersonId[];
  readonly admins: Set<PersonId>;
  readonly said: Said[];
  /** Absent: not known; null: none. */
  picture?: string | null;
}

export type Happening = NetworkEvent extends infer One
  ? One extends NetworkEvent
    ? Omit<One, keyof Origin>
    : never
  : never;

interface Line {
  readonly puppet: Puppet;
  readonly sink: NetworkSink;
  open: boolean;
}

const MAX_TEXT = 20;

export class MemoryNetwork {
  /** Whoever acts through a login is told of it by that login too, as by their other devices. */
  echoes = true;
  #acting: PersonId | undefined;
  readonly clock: MemoryClock;
  readonly chats = new Map<ChatId, Chat>();
  readonly marks: string[] = [];
  /** The newest message of each `mark-read`. */
  readonly readUpTo: MessageId[] = [];
  /** What the house said others had said before each of these, since the one before. */
  readonly saidBefore: (readonly MessageId[])[] = [];
  /** What the room shows of each message that was answered. */
  readonly answered: (string | undefined)[] = [];
  /** What was done is told to everybody before whoever did it has the answer. */
  answering: () => Promise<void> = async () => await Promise.resolve();
  /** Which pictures were fetched. */
  readonly opened: string[] = [];
  hasMedia = true;
  readonly performed: { readonly id: EffectId; readonly again: boolean; readonly action: NetworkAction }[] = [];
  /** Called before each action; may throw. */
  before: (action: NetworkAction) => void = () => undefined;
  /** Called after the action was done, before its answer; may throw: a lost answer. */
  after: (action: NetworkAction) => void = () => undefined;
  /** Whether adapters made from now on make groups when asked. */
  makesGroups = false;
  /** Called before a group is made; may throw. */
  making: (name: string) => void = () => undefined;
  /** Who lets nobody add them. */
  readonly shy = new Set<PersonId>();
  /** Chats of which it was asked whether anything was said in them. */
  readonly traffic: ChatId[] = [];
  readonly #made = new Map<EffectId, ChatId>();
  /** Whether adapters made from now on tell how people keep their chats. */
  tellsMarks = false;
  /** Of adapters made from then on. */
  rewords = false;
  editWindowMs: number | undefined;
  removeWindowMs: number | undefined;
  /** Whether a try that it did not answer may have got there, for all it can say later. */
  unsure = false;
  /** By account and chat. */
  readonly #marks = new Map<string, ChatMarks>();
  /** Called before a chat is described; may throw. */
  describing: (chat: ChatId) => void = () => undefined;
  /** What connect() throws. */
  refusing: BridgeError | undefined;
  /** What lines that open say of their account. */
  limit: BridgeError | undefined;
  /** What connect() throws as long as no person asks for it. */
  unasked: BridgeError | undefined;
  readonly #done = new Map<EffectId, ActionReceipt>();
  /** When their person had changed what they say, epoch ms. */
  readonly #changed = new Map<EffectId, number>();
  /** What each login's account has not yet been told. */
  readonly #untold = new Map<PersonId, ((puppet: Puppet) => NetworkEvent)[]>();
  /** Everything that ever happened to each account, for those who forgot it. */
  readonly #all = new Map<PersonId, ((puppet: Puppet) => NetworkEvent)[]>();
  readonly #lines = new Set<Line>();
  readonly #telling = new Map<Line, Promise<void>>();
  #serial = 0;

  constructor(clock: MemoryClock) {
    this.clock = clock;
  }

  adapter(): NetworkAdapter {
    return {
      id: PIGEON,
      title: 'Pigeon',
      prefix: 'pg',
      capabilities: {
        actions: new Set([
          'send',
          'edit',
          'remove',
          'react',
          'rename',
          'add',
          'expel',
          'leave',
          'set-role',
          'set-picture',
          'set-timer',
        ]),
        bodies: new Set(['text']),
        maxTextUnits: MAX_TEXT,
        ...(this.makesGroups ? { groupAsks: new Set(['create'] as const) } : {}),
        ...(this.tellsMarks ? { marks: true } : {}),
        ...(this.rewords ? { rewords: true } : {}),
        ...(this.editWindowMs === undefined ? {} : { editWindowMs: this.editWindowMs }),
        ...(this.removeWindowMs === undefined ? {} : { removeWindowMs: this.removeWindowMs }),
      },
      loginFlows: [],
      beginLogin: () => {
        throw new Error('no logins here');
      },
      openSession: (puppet, sink) => this.#session(puppet, sink),
      close: async () => await Promise.resolve(),
    };
  }

  chat(id: string, members: readonly string[], kind: 'direct' | 'group' = 'direct', name?: string): ChatId {
    const chat = as<ChatId>(id);
    this.chats.set(chat, { kind, name, members: members.map((one) => as<PersonId>(one)), admins: new Set(), said: [] });
    return chat;
  }

  /** The cursor of every login is lost: whoever connects next is told everything from the beginning. */
  forgetCursors(): void {
    for (const [person, all] of this.#all) this.#untold.set(person, [...all]);
  }

  // ── people over there ──

  say(
    chat: ChatId,
    by: string,
    text: string,
    more: { replyTo?: MessageId; parts?: readonly string[] } = {},
  ): MessageId {
    return this.#say(chat, as<PersonId>(by), text, more);
  }

  edit(chat: ChatId, by: string, target: MessageId, text: string, parts: readonly string[] = [text]): void {
    const said = this.message(chat, target);
    said.text = text;
    said.editedAt = this.#tick();
    this.#tell(chat, as<PersonId>(by), 'edit', target, String(said.editedAt), {
      kind: 'edit',
      target,
      parts: parts.map(body),
      editedAt: said.editedAt,
    });
  }

  remove(chat: ChatId, by: string, target: MessageId): void {
    this.message(chat, target).removed = true;
    this.#tell(chat, as<PersonId>(by), 'removal', target, '', { kind: 'removal', target });
  }

  react(chat: ChatId, by: string, target: MessageId, emoji: string | null): void {
    const { reactions } = this.message(chat, target);
    if (emoji === null) reactions.delete(as<PersonId>(by));
    else reactions.set(as<PersonId>(by), emoji);
    const kind = { kind: 'reaction', target, emoji } as const;
    this.#tell(chat, as<PersonId>(by), 'reaction', target, `${by}/${String(emoji)}/${this.#tick()}`, kind);
  }

  rename(chat: ChatId, by: string, name: string): void {
    this.#chat(chat).name = name;
    this.happen(chat, by, { kind: 'chat', change: { name } });
  }

  picture(chat: ChatId, by: string, picture: string | null): void {
    this.#chat(chat).picture = picture;
    this.happen(chat, by, { kind: 'chat', change: { picture: pictureNamed(picture) } });
  }

  /** Whoever has gone still hears of it. */
  move(chat: ChatId, by: string, person: string, now: 'in' | 'out'): void {
    const { members } = this.#chat(chat);
    const who = as<PersonId>(person);
    const before = members.includes(who);
    if (before === (now === 'in')) return;
    if (now === 'in') members.push(who);
    this.happen(chat, by, { kind: 'membership', person: who, now });
    if (now === 'out') members.splice(members.indexOf(who), 1);
  }

  setRole(chat: ChatId, by: string, person: string, role: 'member' | 'admin'): void {
    const { admins } = this.#chat(chat);
    if (role === 'admin') admins.add(as<PersonId>(person));
    else admins.delete(as<PersonId>(person));
    this.happen(chat, by, { kind: 'role', person: as<PersonId>(person), role });
  }

  /** Somebody keeps a chat otherwise on their phone: nobody but their own devices hears of it. */
  keep(chat: ChatId, by: string, marks: ChatMarks): void {
    const key = `${by} ${chat}`;
    this.#marks.set(key, { ...this.#marks.get(key), ...marks });
    this.#tell(chat, as<PersonId>(by), 'marks', String(this.#tick()), '', { kind: 'marks', marks }, as<PersonId>(by));
  }

  /** Anything else that happens in a chat. @param only the one account that is told */
  happen(chat: ChatId, by: string, what: Happening, only?: string): void {
    this.#tell(chat, as<PersonId>(by), what.kind, String(this.#tick()), '', what, only as PersonId | undefined);
  }

  glimpse(
    chat: ChatId,
    puppet: PuppetId,
    event:
      | { kind: 'typing'; person: string; active: boolean }
      | { kind: 'read'; person: string; upTo: MessageId }
      | { kind: 'presence'; person: string; online: boolean }
      | { kind: 'delivered'; upTo: MessageId },
  ): void {
    for (const line of this.#lines) {
      if (line.puppet.id !== puppet) continue;
      const portal = line.sink.portalKey(chat, this.#chat(chat).kind);
      if (event.kind === 'delivered') line.sink.glimpse({ portal, ...event });
      else line.sink.glimpse({ portal, ...event, person: as<PersonId>(event.person) });
    }
  }

  /** A login's line says how it is. */
  report(puppet: PuppetId, state: PuppetState, why?: BridgeError): void {
    for (const line of this.#lines) if (line.puppet.id === puppet) line.sink.report(state, why);
  }

  open(): readonly PuppetId[] {
    return [...this.#lines].filter((line) => line.open).map((line) => line.puppet.id);
  }

  message(chat: ChatId, id: MessageId): Said {
    const found = this.#chat(chat).said.find((one) => one.id === id);
    if (found === undefined) throw new BridgeError('no-message', 'never', 'fault.no-target');
    return found;
  }

  texts(chat: ChatId): readonly string[] {
    return this.#chat(chat)
      .said.filter((one) => one.removed !== true)
      .map((one) => `${one.by}: ${one.text}`);
  }

  last(chat: ChatId): Said {
    const last = this.#chat(chat).said.at(-1);
    if (last === undefined) throw new Error('nothing was said');
    return last;
  }

  /** Everything has been accepted by whoever listens. */
  get told(): boolean {
    return (
      [...this.#lines].every((line) => (this.#untold.get(line.puppet.self) ?? []).length === 0) &&
      this.#telling.size === 0
    );
  }

  #session(puppet: Puppet, sink: NetworkSink): NetworkSession {
    const line: Line = { puppet, sink, open: false };
    return {
      connect: async (asked) => {
        await Promise.resolve();
        if (this.refusing !== undefined) throw this.refusing;
        if (asked === undefined && this.unasked !== undefined) throw this.unasked;
        line.open = true;
        this.#lines.add(line);
        if (this.limit !== undefined) sink.report('online', this.limit);
        this.#hand(line);
      },
      disconnect: async () => {
        line.open = false;
        this.#lines.delete(line);
        await Promise.resolve();
      },
      logout: async () => await Promise.resolve(),
      perform: async (action, id, context) => await this.#perform(puppet, action, id, context),
      askGroup: async (ask, id) => {
        if (ask.kind !== 'create') throw new BridgeError('no-such-ask', 'never', 'network.refused');
        this.making(ask.name);
        const failed = ask.people.filter((person) => this.shy.has(person));
        const inside = [puppet.self, ...ask.people.filter((person) => !this.shy.has(person))];
        const chat = this.#made.get(id) ?? this.chat(`made-${id}`, inside, 'group', ask.name);
        this.#made.set(id, chat);
        await this.answering();
        return { group: { chat: { id: chat, kind: 'group', name: ask.name }, facts: [`chat:${chat}`] }, failed };
      },
      performEphemeral: async (action, context) => {
        await Promise.resolve();
        this.marks.push(`${puppet.self} ${action.kind}`);
        if (action.kind !== 'mark-read') return;
        this.saidBefore.push((await context?.saidBefore(this.readUpTo.at(-1))) ?? []);
        this.readUpTo.push(action.upTo);
      },
      describeChat: async (id) => {
        await Promise.resolve();
        this.describing(id);
        const { kind, name, members, admins, picture } = this.#chat(id);
        const other = members.find((one) => one !== puppet.self);
        return {
          chat: {
            id,
            kind,
            members: members.map((person) => ({ person, role: admins.has(person) ? 'admin' : 'member' })),
            ...(name === undefined ? {} : { name }),
            ...(picture === undefined ? {} : { picture: pictureNamed(picture) }),
            marks: this.#marks.get(`${puppet.self} ${id}`) ?? {},
          },
          facts: [`chat:${id}`],
          ...(kind === 'direct' && other !== undefined ? { person: { id: other, name: other } } : {}),
        };
      },
      describePerson: async (person) => await Promise.resolve({ id: person, name: person }),
      resolve: async () => await Promise.reject(new BridgeError('unknown', 'never', 'fault.no-target')),
      directChat: (person) => {
        const both = new Set([puppet.self, person]);
        for (const [id, { kind, members }] of this.chats) {
          if (kind === 'direct' && new Set(members).symmetricDifference(both).size === 0) return id;
        }
        return this.chat(`d-${puppet.self}-${person}`, [...both]);
      },
      hasTraffic: async (chat) => {
        this.traffic.push(chat);
        return await Promise.resolve(this.#chat(chat).said.length > 0);
      },
      openMedia: async (source) => {
        const name = source.from === 'network' ? String(source.handle) : '';
        this.opened.push(name);
        if (!this.hasMedia) throw new BridgeError('no-media', 'later', 'network.unreachable');
        const bytes = Buffer.from(name);
        return await Promise.resolve({ mime: 'image/jpeg', size: bytes.length, chunks: Readable.from([bytes]) });
      },
    };
  }

  async #perform(puppet: Puppet, action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt> {
    await Promise.resolve();
    this.performed.push({ id, again: context.again, action });
    this.before(action);
    const { inTime } = context;
    if (inTime !== undefined && !this.#done.has(id) && this.clock.now() > inTime.until) {
      const { key, with: values = {} } = this.unsure ? inTime.perhaps : inTime.else;
      throw new BridgeError('too-late', 'never', key, { values, final: true, mayHaveHappened: this.unsure });
    }
    if (action.kind === 'send' && action.replyTo !== undefined)
      this.answered.push(await context.wordsOf?.(action.replyTo));
    this.#acting = this.echoes ? undefined : puppet.self;
    const done = this.#done.get(id);
    const receipt = done ?? this.#do(puppet, action);
    const { editedAt = 0 } = context;
    // Only its person changes words; the last ones count.
    if (done?.message !== undefined && action.kind === 'send' && editedAt > (this.#changed.get(id) ?? 0))
      this.edit(action.chat, puppet.self, done.message, textOf(action.body));
    this.#changed.set(id, editedAt);
    this.#acting = undefined;
    this.#done.set(id, receipt);
    await this.answering();
    this.after(action);
    return receipt;
  }

  #do(puppet: Puppet, action: NetworkAction): ActionReceipt {
    const at = this.clock.now();
    switch (action.kind) {
      case 'send': {
        const more = action.replyTo === undefined ? {} : { replyTo: action.replyTo };
        return { message: this.#say(action.chat, puppet.self, textOf(action.body), more), at };
      }
      case 'edit': {
        const said = this.message(action.chat, action.target);
        if (said.by !== puppet.self) throw new BridgeError('not-author', 'never', 'fault.no-target');
        this.edit(action.chat, puppet.self, action.target, textOf(action.body));
        return { message: action.target, at, editedAt: said.editedAt ?? at };
      }
      case 'remove':
        this.remove(action.chat, puppet.self, action.target);
        return { message: action.target, at };
      case 'react':
        this.react(action.chat, puppet.self, action.target, action.emoji);
        return { message: action.target, at };
      default:
        return this.#change(puppet.self, action, at);
    }
  }

  #change(by: PersonId, action: GroupAction, at: number): ActionReceipt {
    const { chat } = action;
    switch (action.kind) {
      case 'rename':
        this.rename(chat, by, action.name);
        break;
      case 'add':
        this.move(chat, by, action.person, 'in');
        break;
      case 'expel':
        this.move(chat, by, action.person, 'out');
        break;
      case 'leave':
        this.move(chat, by, by, 'out');
        break;
      case 'set-timer':
        break;
      case 'set-role':
        this.setRole(chat, by, action.person, action.role);
        break;
      case 'set-picture': {
        const name = action.picture === null ? null : `p${this.#tick()}`;
        this.picture(chat, by, name);
        return { at, ...(name === null ? {} : { picture: name }) };
      }
      default:
        throw new BridgeError('unsupported', 'never', 'fault.unsupported-action', { values: { network: 'Pigeon' } });
    }
    return { at };
  }

  #say(chat: ChatId, by: PersonId, text: string, more: { replyTo?: MessageId; parts?: readonly string[] }): MessageId {
    this.#serial += 1;
    const id = as<MessageId>(`m${this.#serial}`);
    const reply = more.replyTo === undefined ? {} : { replyTo: more.replyTo };
    this.#chat(chat).said.push({ id, by, text, reactions: new Map(), ...reply });
    const parts = (more.parts ?? [text]).map(body);
    this.#tell(chat, by, 'message', id, '', { kind: 'message', message: id, parts, ...reply });
    return id;
  }

  /** @param only the one account that is told */
  #tell(
    chat: ChatId,
    by: PersonId,
    kind: string,
    message: string,
    revision: string,
    what: Happening,
    only?: PersonId,
  ): void {
    const { members, kind: sort } = this.#chat(chat);
    const at = this.clock.now();
    for (const person of members) {
      if (person === this.#acting || (only !== undefined && person !== only)) continue;
      const list = this.#untold.get(person) ?? [];
      const happened = (puppet: Puppet): NetworkEvent => {
        const portal = sort === 'direct' ? { network: PIGEON, chat, receiver: puppet.id } : { network: PIGEON, chat };
        // Only messages have names that everybody knows; of the rest each account is told under a number of its own.
        const known = ['message', 'edit', 'removal', 'reaction'].includes(kind);
        const key = originKey(portal, kind, message, known ? revision : `${revision}/${puppet.self}`);
        return { key, portal, sender: by, at, via: 'live', ...what };
      };
      list.push(happened);
      this.#untold.set(person, list);
      this.#all.set(person, [...(this.#all.get(person) ?? []), happened]);
    }
    for (const line of this.#lines) this.#hand(line);
  }

  /** In order, one commit each; what was not accepted is handed over again by the next session. */
  #hand(line: Line): void {
    if (this.#telling.has(line)) return;
    const work = async (): Promise<void> => {
      const list = this.#untold.get(line.puppet.self) ?? [];
      while (line.open && list.length > 0) {
        const [next] = list;
        if (next !== undefined) await line.sink.accept([next(line.puppet)]);
        list.shift();
      }
    };
    const telling = work()
      .catch(() => {
        // The house did not write it down: the line is as good as cut.
        line.open = false;
        this.#lines.delete(line);
      })
      .finally(() => {
        this.#telling.delete(line);
        // What happened in the very moment of its end.
        if (line.open && (this.#untold.get(line.puppet.self) ?? []).length > 0) this.#hand(line);
      });
    this.#telling.set(line, telling);
  }

  #chat(id: ChatId): Chat {
    const chat = this.chats.get(id);
    if (chat === undefined) throw new BridgeError('no-chat', 'never', 'fault.no-target');
    return chat;
  }

  #tick(): number {
    this.clock.pass(1);
    return this.clock.now();
  }
}

function body(text: string): MessageBody {
  return { kind: 'text', as: 'text', text: plainText(text) };
}

function textOf(what: MessageBody): string {
  return what.kind === 'text' ? what.text.text : `[${what.kind}]`;
}

function pictureNamed(name: string | null): Picture | null {
  return name === null ? null : { hash: name, source: { from: 'network', handle: name } };
}
