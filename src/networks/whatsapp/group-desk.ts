// What a person asks about groups and waits for: making one, its link, going in by a link, who asks to be let in. Knows no Matrix.
import type { GroupMetadata } from '@whiskeysockets/baileys';
import { createHash } from 'node:crypto';
import { BridgeError } from '../../model/errors.ts';
import { as, type ChatId, type EffectId, type PersonId } from '../../model/ids.ts';
import type { Applicant, GroupAnswer, GroupAsk } from '../../ports/group.ts';
import type { NetworkSink, ResolvedChat } from '../../ports/network.ts';
import type { Clock, Vault, VaultChange } from '../../ports/stores.ts';
import type { ChatBook } from './chat-book.ts';
import type { ContactBook } from './contacts.ts';
import type { Directory } from './directory.ts';
import { codeOf, memberFault, queryFault } from './group-errors.ts';
import type { Names } from './ids.ts';
import { invitationOf, joinInvited, lookInvited, type Invitation } from './invitation.ts';
import { handlesOf, jidText, parseJid } from './jid.ts';
import type { Line } from './line.ts';
import { PACING_KEY, type Pacing } from './pacing.ts';
import type { PeopleBook } from './people-book.ts';
import type { PeopleDesk } from './people-desk.ts';
import { learntNews } from './learnt-news.ts';

export interface GroupDeskDoors {
  readonly scope: string;
  readonly self: PersonId;
  readonly vault: Pick<Vault, 'read' | 'readAll'>;
  readonly sink: Pick<NetworkSink, 'accept' | 'keep' | 'portalKey'>;
  readonly people: PeopleDesk;
  readonly book: PeopleBook;
  readonly names: Names;
  readonly directory: Directory;
  readonly chats: ChatBook;
  readonly contacts: Pick<ContactBook, 'nameOf'>;
  /** Absent only in tests. */
  readonly pacing: Pacing | undefined;
  readonly clock: Clock;
}

type Ask<Kind extends GroupAsk['kind']> = Extract<GroupAsk, { kind: Kind }>;

/** What was to be made when the last word was heard of it. */
interface Making {
  readonly v: 1;
  /** Epoch seconds. */
  readonly since: number;
  readonly name: string;
}

const MAKING = 'making/';
/** Whoever asked for it has long been answered, or asks no more, in seconds. */
const MADE_S = 30 * 24 * 60 * 60;
const LONGEST_NAME = 100;
/** How the server refuses to tell of a group: not one's own, gone. */
const OUTSIDE: ReadonlySet<number> = new Set([401, 403, 404, 410]);
/** The server's clock and ours, in seconds. */
const SKEW_S = 120;

export class GroupDesk {
  readonly #doors: GroupDeskDoors;
  readonly #hands: {
    readonly [Kind in GroupAsk['kind']]: (line: Line, ask: Ask<Kind>, id: EffectId) => Promise<GroupAnswer>;
  };

  constructor(doors: GroupDeskDoors) {
    this.#doors = doors;
    this.#hands = {
      list: async (line) => await this.#list(line),
      inside: async (line, ask) => await this.#inside(line, ask),
      create: async (line, ask, id) => await this.#create(line, ask, id),
      look: async (line, ask) => await this.#look(line, ask),
      join: async (line, ask) => await this.#join(line, ask),
      link: async (line, ask) => await this.#link(line, ask),
      requests: async (line, ask) => await this.#requests(line, ask),
      answer: async (line, ask) => await this.#answer(line, ask),
    };
  }

  /** @throws BridgeError */
  async ask(line: Line, ask: GroupAsk, id: EffectId): Promise<GroupAnswer> {
    const hand = this.#hands[ask.kind] as (line: Line, ask: GroupAsk, id: EffectId) => Promise<GroupAnswer>;
    try {
      return await hand(line, ask, id);
    } catch (error) {
      if (error instanceof BridgeError) throw error;
      throw queryFault(error, ask.kind, this.#doors.clock.now()) ?? error;
    } finally {
      await this.#keep();
    }
  }

  /** Written down before it is asked for: after a crash the group that was made is found, and no second one made. */
  async #create(line: Line, { name, people }: Ask<'create'>, id: EffectId): Promise<GroupAnswer> {
    const { vault, scope, sink, clock, directory, pacing } = this.#doors;
    if (name.trim() === '' || [...name].length > LONGEST_NAME) {
      throw new BridgeError('whatsapp-group-name', 'never', 'whatsapp.group-name-long', {
        values: { network: 'WhatsApp', count: LONGEST_NAME },
      });
    }
    const key = `${MAKING}${id}`;
    const kept = await vault.read(scope, key);
    if (kept !== undefined) {
      const made = await this.#made(line, JSON.parse(Buffer.from(kept).toString()) as Making);
      if (made !== undefined) return { group: await this.#resolved(line, made) };
    } else {
      pacing?.makeGroup(clock.now());
      const making: Making = { v: 1, since: Math.floor(clock.now() / 1000), name };
      await sink.keep([
        { scope, key, value: Buffer.from(JSON.stringify(making)) },
        ...(await this.#older(making.since)),
      ]);
    }
    const jids = people.map((person) => directory.personJid(as<ChatId>(person), person));
    const group = await line.socket.groupCreate(name, jids);
    const resolved = await this.#resolved(line, group.id);
    const inside = new Set((resolved.chat.members ?? []).map(({ person }) => person));
    return { group: resolved, failed: people.filter((person) => !inside.has(person)) };
  }

  /** What stands of others that were made long before. */
  async #older(since: number): Promise<readonly VaultChange[]> {
    const { vault, scope } = this.#doors;
    const all = [...(await vault.readAll(scope))].filter(([key]) => key.startsWith(MAKING));
    const old = all.filter(([, kept]) => since - (JSON.parse(Buffer.from(kept).toString()) as Making).since > MADE_S);
    return old.map(([key]) => ({ scope, key, value: null }));
  }

  async #made(line: Line, { since, name }: Making): Promise<string | undefined> {
    const all: readonly GroupMetadata[] = Object.values(await line.socket.groupFetchAllParticipating());
    const own = all.filter(({ owner, ownerPn }) => {
      const handles = handlesOf(owner, ownerPn);
      return handles !== undefined && this.#doors.book.person(handles, this.#doors.clock.now()) === this.#doors.self;
    });
    return own.find(({ subject, creation }) => subject === name && (creation ?? 0) >= since - SKEW_S)?.id;
  }

  async #list(line: Line): Promise<GroupAnswer> {
    const all: readonly GroupMetadata[] = Object.values(await line.socket.groupFetchAllParticipating());
    return { groups: all.map((group) => this.#seen(this.#chatOf(group.id), group)) };
  }

  /** From outside: its name, and all that rules may match on. */
  #seen(chat: ChatId, group: Pick<GroupMetadata, 'id' | 'subject' | 'isCommunity' | 'linkedParent'>): ResolvedChat {
    return {
      chat: { id: chat, kind: 'group', name: group.subject },
      facts: this.#doors.directory.factsOf(chat, group),
    };
  }

  /** Asked of the server only where nobody was told yet who is in it. */
  async #inside(line: Line, { chat }: Ask<'inside'>): Promise<GroupAnswer> {
    const { directory, self } = this.#doors;
    try {
      const { chat: group } = await directory.describeChat(line, chat);
      return { inside: group.members?.some(({ person }) => person === self) === true };
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !OUTSIDE.has(code)) throw error;
      return { inside: false };
    }
  }

  async #look(line: Line, { link }: Ask<'look'>): Promise<GroupAnswer> {
    const invitation = invitationOf(link);
    if (invitation !== undefined) {
      const { chat } = invitation;
      return { group: this.#seen(chat, await lookInvited(line, ...this.#addresses(invitation), invitation)) };
    }
    const group: GroupMetadata = await line.socket.groupGetInviteInfo(codeIn(link));
    return { group: this.#seen(this.#chatOf(group.id), group) };
  }

  async #join(line: Line, { link }: Ask<'join'>): Promise<GroupAnswer> {
    const invitation = invitationOf(link);
    if (invitation !== undefined) return await this.#accept(line, invitation);
    const code = codeIn(link);
    try {
      const jid = await line.socket.groupAcceptInvite(code);
      // Without a group in the answer an admin has to agree first.
      return jid === undefined ? { waiting: true } : { group: await this.#resolved(line, jid) };
    } catch (error) {
      // In it already.
      if (codeOf(error) !== 409) throw error;
      return { group: await this.#resolved(line, (await line.socket.groupGetInviteInfo(code)).id) };
    }
  }

  async #accept(line: Line, invitation: Invitation): Promise<GroupAnswer> {
    const [group, admin] = this.#addresses(invitation);
    try {
      await joinInvited(line, group, admin, invitation);
    } catch (error) {
      // In it already.
      if (codeOf(error) !== 409) throw error;
    }
    return { group: await this.#resolved(line, group) };
  }

  #addresses({ chat, by }: Invitation): readonly [group: string, admin: string] {
    const { directory } = this.#doors;
    return [directory.chatJid(chat), directory.personJid(as<ChatId>(by), by)];
  }

  async #link(line: Line, { chat, renew }: Ask<'link'>): Promise<GroupAnswer> {
    const jid = this.#doors.directory.chatJid(chat);
    const code = renew ? await line.socket.groupRevokeInvite(jid) : await line.socket.groupInviteCode(jid);
    return code === undefined ? {} : { link: `https://chat.whatsapp.com/${code}` };
  }

  async #requests(line: Line, { chat }: Ask<'requests'>): Promise<GroupAnswer> {
    const list = await line.socket.groupRequestParticipantsList(this.#doors.directory.chatJid(chat));
    const { book, chats, contacts, clock } = this.#doors;
    const applicants: Applicant[] = [];
    for (const { jid, phone_number: pn, lid } of list) {
      const handles = handlesOf(jid, pn ?? lid);
      if (handles === undefined) continue;
      const person = book.person(handles, clock.now());
      const known = { ...book.handles(person), ...handles };
      const number = known.pn ?? (await numberOf(line, known.lid));
      const label = contacts.nameOf(known) ?? chats.nameOf(person) ?? (number === undefined ? undefined : `+${number}`);
      applicants.push({ person, code: codeFor(chat, person), ...(label === undefined ? {} : { label }) });
    }
    return { applicants };
  }

  async #answer(line: Line, { chat, people, accept }: Ask<'answer'>): Promise<GroupAnswer> {
    const { directory } = this.#doors;
    const jid = directory.chatJid(chat);
    const jids = people.map((person) => directory.personJid(chat, person));
    const done = await line.socket.groupRequestParticipantsUpdate(jid, jids, accept ? 'approve' : 'reject');
    directory.forget(chat);
    // Answered by another admin meanwhile (404) is answered.
    const failed = people.filter(
      (_person, index) => memberFault('remove', Number(done[index]?.status ?? 200)) !== undefined,
    );
    return { failed };
  }

  #chatOf(jid: string): ChatId {
    const parsed = parseJid(jid);
    if (parsed?.kind !== 'group') throw new BridgeError('whatsapp-no-group', 'never', 'whatsapp.peer-gone');
    return this.#doors.names.chat(parsed);
  }

  async #resolved(line: Line, jid: string): Promise<ResolvedChat> {
    const chat = this.#chatOf(jid);
    this.#doors.directory.forget(chat);
    return await this.#doors.directory.describeChat(line, chat);
  }

  /** Who was met on the way, and what was spent. */
  async #keep(): Promise<void> {
    const { sink, people, book, pacing, scope, clock } = this.#doors;
    const learnt = people.take(book);
    const paced = pacing === undefined ? [] : [{ scope, key: PACING_KEY, value: pacing.pack(clock.now()) }];
    await sink.accept(learntNews(learnt, sink, clock.now()), [...learnt.changes, ...paced]);
    learnt.written();
  }
}

/** @throws BridgeError when it is no link to a group */
function codeIn(link: string): string {
  const [, code] =
    /^(?:https?:\/\/)?(?:chat\.whatsapp\.com\/)?(?:invite\/)?([A-Za-z0-9_-]{16,30})\/?(?:\?\S*)?$/.exec(link.trim()) ??
    [];
  if (code === undefined) throw new BridgeError('whatsapp-no-link', 'never', 'whatsapp.no-link');
  return code;
}

function codeFor(chat: ChatId, person: PersonId): string {
  const hash = createHash('sha256').update('passerelle-whatsapp-applicant\0').update(chat).update('\0').update(person);
  return hash.digest('hex').slice(0, 4);
}

/** What WhatsApp told of whose hidden id it is. */
async function numberOf(line: Line, lid: string | undefined): Promise<string | undefined> {
  if (lid === undefined) return undefined;
  const jid = await line.socket.signalRepository.lidMapping.getPNForLID(jidText('lid', lid));
  return handlesOf(jid)?.pn;
}
