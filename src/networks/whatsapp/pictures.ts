// Whose picture is which: looked at when somebody speaks or has a new one, in good time, never in a message's way. Knows no Matrix.
import type { PersonSnapshot, ResolvedChat } from '../../model/chat.ts';
import { originKey } from '../../model/effect.ts';
import { BridgeError, FencedError } from '../../model/errors.ts';
import { as, type ChatId, type PersonId, type PortalKey } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
import type { Puppet } from '../../model/records.ts';
import { vaultScope, type MediaStream, type NetworkSink } from '../../ports/network.ts';
import type { Clock, Logger, Vault, VaultChange } from '../../ports/stores.ts';
import type { Directory } from './directory.ts';
import { codeOf } from './group-errors.ts';
import type { GroupPictures } from './group-pictures.ts';
import { isPersonal } from './ids.ts';
import type { Line } from './line.ts';
import type { LookTurns } from './look-turns.ts';
import { isHandle, pictureOf, type Handle } from './picture-handle.ts';
import { lookAt, type Look } from './picture-wire.ts';

export interface PictureDoors {
  readonly puppet: Puppet;
  readonly sink: Pick<NetworkSink, 'accept' | 'portalKey'>;
  readonly vault: Pick<Vault, 'readAll'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly turns: LookTurns;
  readonly directory: Pick<Directory, 'pictureAt' | 'person'>;
  readonly groups: Pick<GroupPictures, 'now' | 'look'>;
  readonly line: () => Line | undefined;
}

/** What this login saw last. `told`: what the house heard of it. */
interface Row {
  readonly v: 1;
  readonly id: string | null;
  readonly url?: string;
  /** Epoch ms. */
  readonly at: number;
  readonly told: string | null;
}

const PREFIX = 'picture/';
/** A picture that nothing was heard of is the same for so long, in ms. */
const FRESH_MS = 24 * 60 * 60_000;
/** WhatsApp asked for less (429): nothing is looked at for so long, in ms. */
const REST_MS = 10 * 60_000;
/** Who may not see a picture keeps it from the ghost for so long, in ms: longer, and that login is not used any more. */
const HIDDEN_MS = 30 * FRESH_MS;
/** Whoever was not looked at for so long has not spoken either: what was seen of them is forgotten, in ms. More than HIDDEN_MS. */
const FORGOTTEN_MS = 90 * FRESH_MS;
/** In one commit with what is seen of somebody else. */
const MOST_FORGOTTEN = 100;
const MOST_WANTED = 500;
/** WhatsApp's own are below one. */
const MOST_BYTES = 4 * 1_048_576;

/** Of no login: which of them may not see this person's picture. */
function hiddenScope(person: PersonId): string {
  return `whatsapp:hidden-picture:${person}`;
}

/**
 * A ghost is the same for everybody here, and WhatsApp shows a picture to some: the ghost has it only while no login that looked
 * was refused it. What a login sees is kept with that login.
 */
export class Pictures {
  readonly #doors: PictureDoors;
  /** Those looked at longest ago first. */
  readonly #rows = new Map<PersonId, Row>();
  readonly #wanted = new Map<PersonId | ChatId, PortalKey>();
  /** The house asked where it is when no more might be looked at: it is told anew. */
  readonly #owed = new Set<PersonId | ChatId>();
  readonly #closing = new AbortController();
  #working: Promise<void> | undefined;

  /** @param kept what the vault holds of this login */
  constructor(doors: PictureDoors, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#doors = doors;
    const rows = [...kept]
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [as<PersonId>(key.slice(PREFIX.length)), rowOf(value)] as const);
    for (const [person, row] of rows.toSorted(([, a], [, b]) => a.at - b.at)) this.#rows.set(person, row);
  }

  /** As everybody may see them, with what is known of their picture; asks nobody. */
  async person(person: PersonId): Promise<PersonSnapshot> {
    const bare = this.#doors.directory.person(person);
    const row = this.#rows.get(person);
    if (row === undefined) return bare;
    const open = row.id !== null && !(await this.#isHidden(person));
    return { ...bare, avatar: open ? pictureOf(person, row.id, row.url) : null };
  }

  /** Whoever is about to be spoken with is looked at; a group is described with its picture, or that is told later. */
  async beside(line: Line, resolved: ResolvedChat): Promise<ResolvedChat> {
    const { person, chat } = resolved;
    if (person !== undefined) this.wonder(person.id, this.#doors.sink.portalKey(chat.id, 'direct'));
    if (chat.kind !== 'group') return resolved;
    if (!this.#doors.turns.mayNow()) {
      this.#want(chat.id, this.#doors.sink.portalKey(chat.id, 'group'));
      return resolved;
    }
    const picture = await this.#doors.groups.now(line, chat.id);
    return picture === undefined ? resolved : { ...resolved, chat: { ...chat, picture } };
  }

  /** Never waits. @param portal where they spoke: what becomes of it is told behind that @param anew nobody else is looked at again */
  wonder(person: PersonId, portal: PortalKey, anew = false): void {
    // What was left when a line ended.
    if (this.#wanted.size > 0) this.#working ??= this.#work();
    const row = this.#rows.get(person);
    const now = this.#doors.clock.now();
    if (!isPersonal(as<ChatId>(person)) || (anew ? row === undefined : row !== undefined && now - row.at < FRESH_MS))
      return;
    if (this.#wanted.size >= MOST_WANTED || this.#doors.turns.resting) return;
    this.#want(person, portal);
  }

  #want(whose: PersonId | ChatId, portal: PortalKey): void {
    if (this.#closing.signal.aborted) return;
    this.#wanted.set(whose, portal);
    this.#working ??= this.#work();
  }

  /** @throws BridgeError, or whatever the connection died of */
  async open(line: Pick<Line, 'socket' | 'web'>, { from, ...source }: MediaSource): Promise<MediaStream> {
    const handle = 'handle' in source ? source.handle : undefined;
    if (from !== 'network' || !isHandle(handle)) {
      const values = { network: 'WhatsApp', kind: 'kind.file' };
      throw new BridgeError('whatsapp-no-media', 'never', 'fault.unsupported-body', { values });
    }
    const there = handle.url === undefined ? undefined : await this.#fetch(line, handle.url);
    const bytes = there ?? (await this.#fetch(line, await this.#addressOf(line, handle)));
    if (bytes === undefined) throw gone();
    return { mime: 'image/jpeg', size: bytes.length, chunks: once(bytes) };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    // The one who asked goes on first.
    await Promise.resolve();
    for (const [whose, portal] of this.#wanted) {
      try {
        await this.#doors.turns.turn(this.#closing.signal);
        const line = this.#doors.line();
        // Whoever speaks next begins anew.
        if (line === undefined) break;
        // What is heard of it meanwhile is looked at once more.
        this.#wanted.delete(whose);
        if (isPersonal(as<ChatId>(whose))) await this.#see(line, as<PersonId>(whose), portal);
        else await this.#seeGroup(line, as<ChatId>(whose), portal);
      } catch (error) {
        if (this.#closing.signal.aborted || error instanceof FencedError) break;
        this.#failed(error);
        // Nobody speaks for a group: it would not be wondered at again.
        if (this.#doors.turns.resting && !isPersonal(as<ChatId>(whose))) this.#wanted.set(whose, portal);
      }
    }
    this.#working = undefined;
  }

  #failed(error: unknown): void {
    const { log, puppet, turns } = this.#doors;
    log.info({ puppet: puppet.id, network: 'whatsapp', code: 'picture', error }, 'a picture could not be looked at');
    if (codeOf(error) !== 429) return;
    turns.rest(REST_MS);
    for (const whose of this.#wanted.keys()) {
      if (isPersonal(as<ChatId>(whose)) && !this.#owed.has(whose)) this.#wanted.delete(whose);
    }
  }

  async #see(line: Pick<Line, 'socket'>, person: PersonId, portal: PortalKey): Promise<void> {
    const { sink, directory, clock } = this.#doors;
    const before = this.#rows.get(person);
    const isOwed = this.#owed.has(person);
    const look = await this.#look(line, person, isOwed ? undefined : (before?.id ?? undefined));
    const now = clock.now();
    const { id, url } = look.is === 'there' ? look : look.is === 'same' ? (before ?? NOBODY) : NOBODY;
    const refused = look.is === 'hidden';
    const told = id === null || (await this.#isHidden(person)) ? null : id;
    const row: Row = { v: 1, id, at: now, told, ...(url === undefined ? {} : { url }) };
    const forgotten = this.#older(now - FORGOTTEN_MS).filter((one) => one !== person);
    const changes = [
      ...this.#kept(person, Buffer.from(JSON.stringify(row)), refused ? Buffer.from(String(now)) : null),
      ...forgotten.flatMap((one) => this.#kept(one, null, null)),
    ];
    // Of somebody new, or forgotten, the house may have had a picture that is gone by now.
    const isNews = isOwed || before === undefined || told !== before.told;
    const key = originKey(portal, 'picture', person, `${told ?? 'none'}.${now}`);
    const avatar = told === null ? null : pictureOf(person, told, url);
    const news = { kind: 'person', key, portal, sender: person, at: now, via: 'live' } as const;
    await sink.accept(isNews ? [{ ...news, person: { ...directory.person(person), avatar } }] : [], changes);
    for (const one of [...forgotten, person]) this.#rows.delete(one);
    this.#rows.set(person, row);
    this.#owed.delete(person);
  }

  /** What was not looked at when the group was described, or asked for. By nobody: it may have been changed long ago. */
  async #seeGroup(line: Pick<Line, 'socket'>, chat: ChatId, portal: PortalKey): Promise<void> {
    const { sink, groups, puppet, clock } = this.#doors;
    const picture = await groups.look(line, chat);
    const at = clock.now();
    const key = originKey(portal, 'picture', chat, `${picture?.hash ?? 'none'}.${at}`);
    const news = { kind: 'chat', key, portal, sender: puppet.self, at, via: 'live' } as const;
    await sink.accept([{ ...news, change: { picture } }], []);
  }

  #older(at: number): readonly PersonId[] {
    const older: PersonId[] = [];
    for (const [person, row] of this.#rows) {
      if (row.at >= at || older.length === MOST_FORGOTTEN) break;
      older.push(person);
    }
    return older;
  }

  /** What this login saw of somebody, and since when it was refused it. */
  #kept(person: PersonId, row: Uint8Array | null, refused: Uint8Array | null): readonly VaultChange[] {
    const login = this.#doors.puppet.id;
    return [
      { scope: vaultScope(login), key: `${PREFIX}${person}`, value: row },
      { scope: hiddenScope(person), key: login, value: refused },
    ];
  }

  async #look(line: Pick<Line, 'socket'>, of: PersonId | ChatId, known?: string): Promise<Look> {
    return await lookAt(line.socket, this.#doors.directory.pictureAt(as<ChatId>(of)), known);
  }

  /** From another login than this one: what this one may see is its own to say. */
  async #isHidden(person: PersonId): Promise<boolean> {
    const { vault, puppet, clock } = this.#doors;
    const refused = await vault.readAll(hiddenScope(person));
    return [...refused].some(([login, at]) => login !== puppet.id && clock.now() - Number(Buffer.from(at)) < HIDDEN_MS);
  }

  /** @throws BridgeError when it is another picture by now, or none; (later) when it is told anew, with its address */
  async #addressOf(line: Pick<Line, 'socket'>, { of, id }: Handle): Promise<string> {
    try {
      this.#doors.turns.take();
    } catch (error) {
      const [chat, kind] = [as<ChatId>(of), isPersonal(as<ChatId>(of)) ? 'direct' : 'group'] as const;
      if (kind === 'direct') this.#owed.add(chat);
      this.#want(chat, this.#doors.sink.portalKey(chat, kind));
      throw error;
    }
    const look = await this.#look(line, as<ChatId>(of));
    if (look.is !== 'there' || look.id !== id) throw gone();
    return look.url;
  }

  /** @returns undefined when the address is good no more @throws BridgeError when it is no picture */
  async #fetch(line: Pick<Line, 'web'>, url: string): Promise<Uint8Array | undefined> {
    const { status, bytes } = await line.web.get(url, MOST_BYTES);
    if (status === 403 || status === 404 || status === 410) return undefined;
    if (status !== 200) throw new Error(`the picture's host answered ${status}`);
    if (!(bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff)) throw gone();
    return bytes;
  }
}

const NOBODY: { readonly id: null; readonly url?: string } = { id: null };

function rowOf(value: Uint8Array): Row {
  const row = JSON.parse(Buffer.from(value).toString()) as Row;
  if (row.v !== 1) throw new Error('not a row of the pictures');
  return row;
}

function gone(): BridgeError {
  return new BridgeError('whatsapp-picture-gone', 'never', 'network.refused', {
    values: { network: 'WhatsApp', code: 404 },
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
