// Who and what is behind our names, as everybody may see it, and how they are addressed on WhatsApp now; asks over a live line.
import { WAMessageAddressingMode, type BinaryNode, type GroupMetadata } from '@whiskeysockets/baileys';
import type { Member, PersonSnapshot } from '../../model/chat.ts';
import type { EphemeralAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import { as, type ChatId, type MessageId, type PersonId } from '../../model/ids.ts';
import { readPhone } from '../../model/phone-number.ts';
import type { ResolvedChat } from '../../ports/network.ts';
import type { Clock } from '../../ports/stores.ts';
import type { ChatBook } from './chat-book.ts';
import type { Communities } from './communities.ts';
import type { ContactBook } from './contacts.ts';
import { communityFact, phoneFact } from './facts.ts';
import { chatKind, isPersonal, type Names } from './ids.ts';
import { handlesOf, jidText, overlap, parseJid, type Handles } from './jid.ts';
import type { KeptChats } from './kept-chats.ts';
import type { Line } from './line.ts';
import { noAnswer } from './no-answer.ts';
import { codeOf } from './group-errors.ts';
import type { PeopleBook } from './people-book.ts';
import type { Whose } from './picture-wire.ts';
import type { SecretBook } from './secret-book.ts';
import type { UnsealDoors } from './unseal.ts';
import type { Saying, WriteContext } from './write.ts';

export interface DirectoryDoors {
  readonly self: PersonId;
  readonly selfHandles: Handles;
  readonly names: Names;
  readonly book: PeopleBook;
  readonly chats: ChatBook;
  readonly secrets: SecretBook;
  readonly communities: Communities;
  readonly marks: Pick<KeptChats, 'of'>;
  readonly contacts: Pick<ContactBook, 'nameOf' | 'named'>;
  readonly clock: Clock;
}

/** Of a group: whether it is a community, or in one. */
type Belonging = Pick<GroupMetadata, 'id' | 'isCommunity' | 'linkedParent'>;

export class Directory {
  readonly #doors: DirectoryDoors;
  readonly #groups = new Map<ChatId, GroupMetadata>();

  constructor(doors: DirectoryDoors) {
    this.#doors = doors;
  }

  /** @throws BridgeError when it is no chat of WhatsApp */
  chatJid(chat: ChatId): string {
    if (!isPersonal(chat)) return this.#doors.names.chatJid(chat) ?? refuse();
    const heard = this.#doors.chats.chat(chat).jid;
    if (heard !== undefined) return heard;
    const { lid, pn } = this.#handles(as<PersonId>(chat));
    return lid !== undefined ? jidText('lid', lid) : pn !== undefined ? jidText('pn', pn) : refuse();
  }

  /** Whose picture a chat shows: the announcements of a community show the community's. */
  pictureAt(chat: ChatId): Whose {
    const community = this.#doors.communities.of(chat);
    if (community !== undefined) return { jid: this.chatJid(community), is: 'community' };
    return { jid: this.chatJid(chat), is: chat === as<ChatId>(this.#doors.self) ? 'own' : 'other' };
  }

  personJid(chat: ChatId, person: PersonId): string {
    const { lid, pn } = this.#handles(person);
    const byNumber = isPersonal(chat)
      ? parseJid(this.chatJid(chat))?.kind === 'pn'
      : this.#doors.chats.chat(chat).addressing === 'pn';
    if (pn !== undefined && (byNumber || lid === undefined)) return jidText('pn', pn);
    return lid === undefined ? refuse() : jidText('lid', lid);
  }

  writeContext(): WriteContext {
    const { self, chats, clock } = this.#doors;
    return {
      self,
      chatJid: (chat) => this.chatJid(chat),
      personJid: (chat, person) => this.personJid(chat, person),
      mention: (chat, person) => (this.#isKnown(person) ? this.personJid(chat, person) : undefined),
      quoted: (message) => chats.recall(message),
      timer: (chat) => chats.timer(chat) ?? { seconds: this.#groups.get(chat)?.ephemeralDuration ?? 0 },
      secretOf: (message) => this.#secretOf(message),
      sealsReactions: (chat) => this.#groups.get(chat)?.isCommunityAnnounce === true,
      now: clock.now(),
    };
  }

  /** What opens what is sealed with the secret of a message. */
  get sealing(): Omit<UnsealDoors, 'context'> {
    return {
      secretOf: (message) => this.#secretOf(message),
      addressesOf: (person) => {
        const { lid, pn } = this.#handles(person);
        return [...(lid === undefined ? [] : [jidText('lid', lid)]), ...(pn === undefined ? [] : [jidText('pn', pn)])];
      },
    };
  }

  /** How a group names its people, before one names them there, and what else one needs to react in it. @throws BridgeError when it cannot be learnt now */
  async know(line: Line, { kind, chat }: Pick<Saying | EphemeralAction, 'kind' | 'chat'>): Promise<void> {
    if (chatKind(chat) !== 'group') return;
    if (kind !== 'react' && this.#doors.chats.chat(chat).addressing !== undefined) return;
    try {
      await this.#group(line, chat);
    } catch (error) {
      // The server refuses: what is sent there gets its own answer.
      if (codeOf(error) !== undefined) return;
      throw noAnswer(error);
    }
  }

  person(person: PersonId): PersonSnapshot {
    const name = this.#doors.chats.nameOf(person);
    return { id: person, ...(name === undefined ? {} : { name }) };
  }

  /** @throws BridgeError */
  async describeChat(line: Line, chat: ChatId): Promise<ResolvedChat> {
    if (!isPersonal(chat)) return await this.#describeGroup(line, chat);
    const person = as<PersonId>(chat);
    const { pn } = this.#handles(person);
    const name = this.#doors.contacts.nameOf(this.#handles(person));
    const called = name === undefined ? {} : { name };
    return {
      chat: { id: chat, kind: 'direct', ...called, members: [{ person, role: 'member' }], ...this.#marked(chat) },
      person: this.person(person),
      facts: [`direct:${chat}`, ...(pn === undefined ? [] : [phoneFact(pn)])],
    };
  }

  /** A phone number with its country code, or what the account's phone calls somebody. @param asking called before WhatsApp is asked @throws BridgeError */
  async resolve(line: Line, identifier: string, asking: () => void): Promise<ResolvedChat> {
    const meant = this.#meant(identifier);
    if (meant.pn === undefined) {
      return await this.describeChat(line, as<ChatId>(this.#doors.book.person(meant, this.#doors.clock.now())));
    }
    const number = meant.pn;
    const jid = jidText('pn', number);
    asking();
    const [found] = (await line.socket.onWhatsApp(jid)) ?? [];
    if (found?.exists !== true) throw notFound(identifier);
    const lid = await line.socket.signalRepository.lidMapping.getLIDForPN(jid);
    const handles = handlesOf(found.jid, lid ?? undefined) ?? { pn: number };
    const person = this.#doors.book.person(handles, this.#doors.clock.now());
    return await this.describeChat(line, as<ChatId>(person));
  }

  #meant(identifier: string): Handles {
    const phone = readPhone(identifier);
    if (phone.kind === 'number') return { pn: phone.digits };
    const [first, second] = this.#doors.contacts.named(identifier);
    if (first === undefined) throw phone.kind === 'no-country-code' ? noCountryCode() : notFound(identifier);
    if (second !== undefined) {
      throw new BridgeError('whatsapp-several', 'never', 'whatsapp.several-contacts', { values: { name: identifier } });
    }
    const { lid, pn } = first;
    return { ...(lid === undefined ? {} : { lid }), ...(pn === undefined ? {} : { pn }) };
  }

  async admins(line: Line, chat: ChatId): Promise<ReadonlySet<PersonId>> {
    const group = await this.#group(line, chat);
    const members = this.#members(group).filter(({ role }) => role !== 'member');
    return new Set(members.map(({ person }) => person));
  }

  /** WhatsApp takes groups from numbers to LIDs and tells nobody: what is said there next is addressed in the new way. */
  addressed({ attrs: { from, addressing_mode: mode } }: BinaryNode): void {
    const jid = parseJid(from);
    if (jid?.kind !== 'group' || mode === undefined) return;
    const chat = this.#doors.names.chat(jid);
    if (String(this.#groups.get(chat)?.addressingMode) !== mode) this.forget(chat);
  }

  forget(chat: ChatId): void {
    this.#groups.delete(chat);
  }

  async #describeGroup(line: Line, chat: ChatId): Promise<ResolvedChat> {
    if (chatKind(chat) !== 'group') throw new BridgeError('whatsapp-no-chat', 'never', 'whatsapp.peer-gone');
    const group = await this.#group(line, chat);
    return {
      chat: {
        id: chat,
        kind: 'group',
        name: group.subject,
        ...(group.desc === undefined ? {} : { topic: group.desc }),
        announce: group.announce === true,
        locked: group.restrict === true,
        anyoneAdds: group.memberAddMode === true,
        members: this.#members(group),
        ...this.#marked(chat),
      },
      facts: this.factsOf(chat, group),
    };
  }

  /** What rules may match on, of a group. */
  factsOf(chat: ChatId, group: Belonging): readonly string[] {
    return [`group:${chat}`, ...this.#communityOf(group)];
  }

  #marked(chat: ChatId): Pick<ResolvedChat['chat'], 'marks'> {
    const marks = this.#doors.marks.of(chat);
    return Object.keys(marks).length === 0 ? {} : { marks };
  }

  /** A community is known by its own group, in which nobody writes; a rule may name it for all the groups in it. */
  #communityOf({ id, isCommunity, linkedParent }: Belonging): readonly string[] {
    const parent = parseJid(isCommunity === true ? id : linkedParent);
    return parent?.kind === 'group' ? [communityFact(this.#doors.names.chat(parent))] : [];
  }

  async #group(line: Line, chat: ChatId): Promise<GroupMetadata> {
    const known = this.#groups.get(chat);
    if (known !== undefined) return known;
    const group = await line.socket.groupMetadata(this.chatJid(chat));
    this.#groups.set(chat, group);
    const byNumber = group.addressingMode === WAMessageAddressingMode.PN;
    this.#doors.chats.note(chat, { addressing: byNumber ? 'pn' : 'lid' });
    const community = parseJid(group.isCommunityAnnounce === true ? group.linkedParent : undefined);
    if (community?.kind === 'group') await this.#doors.communities.learn(this.#doors.names.chat(community), chat);
    return group;
  }

  #members(group: GroupMetadata): readonly Member[] {
    const { book, clock, self, selfHandles } = this.#doors;
    return group.participants.flatMap(({ id, phoneNumber, lid, admin }): Member[] => {
      const handles = handlesOf(id, phoneNumber ?? lid);
      if (handles === undefined) return [];
      const person = overlap(handles, selfHandles) ? self : book.person(handles, clock.now());
      const role = admin === 'superadmin' ? 'owner' : admin === 'admin' ? 'admin' : 'member';
      return [{ person, role }];
    });
  }

  /** Of what we wrote ourselves it need not be kept. */
  #secretOf(message: MessageId): Uint8Array | undefined {
    const { self, secrets, names } = this.#doors;
    return secrets.find(message) ?? (message.startsWith(`${self}.`) ? names.secretOf(message) : undefined);
  }

  #isKnown(person: PersonId): boolean {
    const { lid, pn } = this.#handles(person);
    return lid !== undefined || pn !== undefined;
  }

  #handles(person: PersonId): Handles {
    const { self, selfHandles, book } = this.#doors;
    return person === self ? selfHandles : (book.handles(person) ?? {});
  }
}

function refuse(): never {
  throw new BridgeError('whatsapp-no-peer', 'never', 'whatsapp.peer-gone');
}

function noCountryCode(): BridgeError {
  return new BridgeError('whatsapp-no-country-code', 'never', 'network.no-country-code');
}

function notFound(identifier: string): BridgeError {
  return new BridgeError('whatsapp-not-found', 'never', 'network.not-found', {
    values: { network: 'WhatsApp', identifier },
  });
}
