// What WhatsApp itself tells a chat (who came and went, names, calls missed), as the library notes it: a type and texts. Pure.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { originKey } from '../../model/effect.ts';
import type { ChatChange, Picture } from '../../model/chat.ts';
import { as, type MessageId, type PersonId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { SayKey } from '../../model/say.ts';
import { COMMUNITY, communityFact } from './facts.ts';
import { handlesOf, parseJid } from './jid.ts';
import { isId, pictureOf } from './picture-handle.ts';
import { ANYONE_ADDS, BROUGHT_IN } from './notifications.ts';
import {
  messageEvent,
  origin,
  personOf,
  readTimer,
  told,
  type Place,
  type ReadContext,
  type Reading,
  type WireMessage,
} from './place.ts';

const { StubType } = proto.WebMessageInfo;

const CAME = new Set<number>([
  StubType.GROUP_PARTICIPANT_ADD,
  StubType.GROUP_PARTICIPANT_INVITE,
  StubType.GROUP_PARTICIPANT_ACCEPT,
  StubType.GROUP_PARTICIPANT_ADD_REQUEST_JOIN,
  StubType.GROUP_PARTICIPANT_LINKED_GROUP_JOIN,
  StubType.GROUP_PARTICIPANT_JOINED_GROUP_AND_PARENT_GROUP,
]);
const WENT = new Set<number>([StubType.GROUP_PARTICIPANT_REMOVE, StubType.GROUP_PARTICIPANT_LEAVE]);

/** How the group is has changed, in ways that are asked for, not told. */
const CHANGED = new Set<number>([
  StubType.COMMUNITY_LINK_SUB_GROUP,
  StubType.COMMUNITY_PARTICIPANT_PROMOTE,
  StubType.COMMUNITY_PARTICIPANT_DEMOTE,
  StubType.GROUP_CHANGE_INVITE_LINK,
  StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE,
]);

/** Keys and devices: nothing that people said or did. */
const SILENT = new Set<number>([
  StubType.UNKNOWN,
  StubType.E2E_ENCRYPTED,
  StubType.E2E_ENCRYPTED_NOW,
  StubType.E2E_DEVICE_CHANGED,
  StubType.E2E_IDENTITY_UNAVAILABLE,
]);

const MISSED: Readonly<Record<number, 'whatsapp.missed-call' | 'whatsapp.missed-video-call'>> = {
  [StubType.CALL_MISSED_VOICE]: 'whatsapp.missed-call',
  [StubType.CALL_MISSED_GROUP_VOICE]: 'whatsapp.missed-call',
  [StubType.SILENCED_UNKNOWN_CALLER_AUDIO]: 'whatsapp.missed-call',
  [StubType.CALL_MISSED_VIDEO]: 'whatsapp.missed-video-call',
  [StubType.CALL_MISSED_GROUP_VIDEO]: 'whatsapp.missed-video-call',
  [StubType.SILENCED_UNKNOWN_CALLER_VIDEO]: 'whatsapp.missed-video-call',
};

/** What the general note of a group holds; with nothing, what nobody here knows. */
const GENERAL = new Map<string, SayKey>([
  ['suspended', 'whatsapp.group-suspended'],
  ['unsuspended', 'whatsapp.group-unsuspended'],
]);

/** @returns what changes the reading of nothing; a kind that nobody here knows is said to have happened */
export function readStub(context: ReadContext, message: WireMessage, place: Place): Partial<Reading> {
  const type = message.messageStubType ?? StubType.UNKNOWN;
  const texts = message.messageStubParameters ?? [];
  const stale = [place.chat];
  if (CAME.has(type)) return { events: moves(context, texts, place, 'in'), stale };
  if (WENT.has(type)) return { events: moves(context, texts, place, 'out'), stale };
  if (CHANGED.has(type)) return { stale };
  if (SILENT.has(type)) return {};
  const missed = MISSED[type];
  if (missed !== undefined) return { events: [told(place, missed)] };
  switch (type) {
    case StubType.GROUP_CREATE:
      return { events: texts[0] === BROUGHT_IN ? [moved(place, context.self, 'in')] : [], stale };
    case StubType.COMMUNITY_LINK_PARENT_GROUP:
    case StubType.COMMUNITY_UNLINK_PARENT_GROUP:
      return { events: [belonging(context, texts, place)], stale };
    case StubType.GROUP_PARTICIPANT_PROMOTE:
      return { events: roles(context, texts, place, 'admin'), stale };
    case StubType.GROUP_PARTICIPANT_DEMOTE:
      return { events: roles(context, texts, place, 'member'), stale };
    case StubType.GROUP_CHANGE_ANNOUNCE:
      return { events: [changed(place, 'announce', { announce: texts[0] === 'on' })], stale };
    case StubType.GROUP_CHANGE_RESTRICT:
      return { events: [changed(place, 'locked', { locked: texts[0] === 'on' })], stale };
    case StubType.GROUP_MEMBER_ADD_MODE:
      return { events: [changed(place, 'adding', { anyoneAdds: texts[0] === ANYONE_ADDS })], stale };
    case StubType.GROUP_CHANGE_SUBJECT:
      return { events: [changed(shown(context, place), 'subject', { name: texts[0] ?? '' })], stale };
    case StubType.GROUP_CHANGE_DESCRIPTION:
      return { events: [changed(place, 'description', { topic: texts[0] ?? '' })], stale };
    case StubType.GROUP_CHANGE_ICON:
      return { events: [changed(shown(context, place), 'picture', { picture: pictureIn(context, place, texts[0]) })] };
    case StubType.CHANGE_EPHEMERAL_SETTING:
      return { events: [readTimer(context, Number(texts[0] ?? 0), place)] };
    case StubType.GROUP_PARTICIPANT_CHANGE_NUMBER:
    case StubType.INDIVIDUAL_CHANGE_NUMBER:
      return { events: [told(place, 'whatsapp.number-changed')], stale };
    case StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST:
    case StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD:
      return { events: [told(place, 'whatsapp.join-request')], stale };
    case StubType.GROUP_DELETE:
      return { events: [ended(context, place)], stale };
    case StubType.GROUP_INVITE_LINK_GROWTH_LOCKED:
      return {
        events: [inGroup(context, place, texts[0] === 'on' ? 'whatsapp.link-shut' : 'whatsapp.link-open')],
        stale,
      };
    case StubType.GENERIC_NOTIFICATION:
      return { events: [inGroup(context, place, GENERAL.get(texts[0] ?? '') ?? 'whatsapp.group-changed')], stale };
    default:
      return { events: [messageEvent(place, { kind: 'unsupported', what: 'kind.service' })] };
  }
}

function changed(place: Place, what: string, change: ChatChange): NetworkEvent {
  const { portal, sender, at, via, id } = place;
  return { key: originKey(portal, what, id), portal, sender, at, via, kind: 'chat', change };
}

/** A sentence of its own: one stanza may tell several things, and what comes of it by its name is one. */
function inGroup(context: ReadContext, place: Place, words: SayKey): NetworkEvent {
  const here = shown(context, place);
  return told({ ...here, id: as<MessageId>(`${place.id}.${words}`) }, words);
}

/**
 * It happens once, so that whichever login of this bridge tells it says the same. Nobody of them is said to be out: the others would
 * be taken for still in, and whoever hears of it first would lose the room.
 */
function ended(context: ReadContext, place: Place): NetworkEvent {
  const here = shown(context, place);
  return told({ ...here, id: as<MessageId>(`${here.chat}.deleted`) }, 'whatsapp.group-deleted');
}

/** Rules may name a community for all the groups in it. */
function belonging({ names }: ReadContext, texts: readonly string[], place: Place): NetworkEvent {
  const now = texts.flatMap((text) => {
    const parent = parseJid(text);
    return parent?.kind === 'group' ? [communityFact(names.chat(parent))] : [];
  });
  return { ...origin(place, originKey(place.portal, 'belonging', place.id)), kind: 'facts', of: COMMUNITY, now };
}

function pictureIn(context: ReadContext, place: Place, id: string | undefined): Picture | null {
  return isId(id) ? pictureOf(shown(context, place).chat, id) : null;
}

/** A community has no room of its own: its announcements bear its name and show its picture. */
function shown(context: ReadContext, place: Place): Place {
  const chat = context.announcements(place.chat);
  return chat === undefined ? place : { ...place, chat, portal: context.portal(chat, 'group') };
}

function roles(context: ReadContext, texts: readonly string[], place: Place, role: 'member' | 'admin'): NetworkEvent[] {
  const { portal, sender, at, via, id } = place;
  return peopleIn(context, texts).map((person) => ({
    key: originKey(portal, 'role', id, `${person}.${role}`),
    portal,
    sender,
    at,
    via,
    kind: 'role',
    person,
    role,
  }));
}

function peopleIn(context: ReadContext, texts: readonly string[]): readonly PersonId[] {
  return [...new Set(texts.flatMap((text) => memberOf(context, text) ?? []))];
}

function moves(context: ReadContext, texts: readonly string[], place: Place, now: 'in' | 'out'): NetworkEvent[] {
  return peopleIn(context, texts).map((person) => moved(place, person, now));
}

function moved({ portal, sender, at, via, id }: Place, person: PersonId, now: 'in' | 'out'): NetworkEvent {
  const key = originKey(portal, 'membership', id, `${person}.${now}`);
  return { key, portal, sender, at, via, kind: 'membership', person, now };
}

/** The library notes members as JSON of their addresses; older notes hold the bare address. */
function memberOf(context: ReadContext, text: string): PersonId | undefined {
  const bare = handlesOf(text);
  if (bare !== undefined) return personOf(context, bare);
  let noted: unknown;
  try {
    noted = JSON.parse(text);
  } catch {
    // Neither an address nor JSON: it names nobody.
    return undefined;
  }
  if (typeof noted !== 'object' || noted === null) return undefined;
  const { id, phoneNumber, lid } = noted as Readonly<Record<string, unknown>>;
  const handles = handlesOf(id, phoneNumber ?? lid);
  return handles === undefined ? undefined : personOf(context, handles);
}
