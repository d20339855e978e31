// Stanzas that are no messages (what changes in groups) as the notes that the library keeps of such things; pure.
import { proto, type BinaryNode } from '@whiskeysockets/baileys';
import { handlesOf, parseJid, type Handles } from './jid.ts';
import type { WireMessage } from './place.ts';

const { StubType } = proto.WebMessageInfo;

const MOVES: Readonly<Record<string, number>> = {
  add: StubType.GROUP_PARTICIPANT_ADD,
  remove: StubType.GROUP_PARTICIPANT_REMOVE,
  promote: StubType.GROUP_PARTICIPANT_PROMOTE,
  demote: StubType.GROUP_PARTICIPANT_DEMOTE,
  leave: StubType.GROUP_PARTICIPANT_LEAVE,
  modify: StubType.GROUP_PARTICIPANT_CHANGE_NUMBER,
};

const CHANGES: Readonly<Record<string, number>> = {
  invite: StubType.GROUP_CHANGE_INVITE_LINK,
  membership_approval_mode: StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE,
  created_membership_requests: StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD,
  delete: StubType.GROUP_DELETE,
  // Who leads the community; a group hears it as well.
  linked_group_promote: StubType.COMMUNITY_PARTICIPANT_PROMOTE,
  linked_group_demote: StubType.COMMUNITY_PARTICIPANT_DEMOTE,
};

/**
 * What phones say nothing of either: who asked to come in was answered, or asks no more (`join-requests` lists who does); whoever
 * asks hears of it; an invitation by message, or a group proposed to a community, was taken back; who proposed one has another
 * number; how a group that somebody was brought into is to be looked at; and what the service needs for itself.
 */
const QUIET = new Set([
  'revoked_membership_requests',
  'membership_approval_request',
  'revoke',
  'revoked_sub_group_suggestions',
  'change_number',
  'group_safety_check',
  'missing_participant_identification',
]);

/** What only admins may do from now on, or everybody again; and whether the service keeps its link shut. */
const SWITCHES: Readonly<Record<string, readonly [type: number, text: 'on' | 'off']>> = {
  announcement: [StubType.GROUP_CHANGE_ANNOUNCE, 'on'],
  not_announcement: [StubType.GROUP_CHANGE_ANNOUNCE, 'off'],
  locked: [StubType.GROUP_CHANGE_RESTRICT, 'on'],
  unlocked: [StubType.GROUP_CHANGE_RESTRICT, 'off'],
  growth_locked: [StubType.GROUP_INVITE_LINK_GROWTH_LOCKED, 'on'],
  growth_unlocked: [StubType.GROUP_INVITE_LINK_GROWTH_LOCKED, 'off'],
};

/** The library has no note of these: the general one holds their name, and nothing for what nobody here knows. */
const UNNAMED = new Set(['suspended', 'unsuspended']);

/** A group's `member_add_mode` where every member may add people; else only admins. */
export const ANYONE_ADDS = 'all_member_add';

/** Of whoever is brought into a group that was there already WhatsApp tells the group; the others it tells of them. */
export const BROUGHT_IN = 'brought-in';

interface Stub {
  readonly type: number;
  readonly texts: readonly string[];
}

/** Somebody has another number, or another account, from now on. */
export interface Renaming {
  readonly before: Handles;
  readonly after: Handles;
}

export function renamingIn(node: BinaryNode): Renaming | undefined {
  if (node.tag !== 'notification' || node.attrs['type'] !== 'contacts') return undefined;
  const attrs = childrenOf(node).find(({ tag }) => tag === 'modify')?.attrs ?? {};
  const before = handlesOf(attrs['old'], attrs['old_lid']);
  const after = handlesOf(attrs['new'], attrs['new_lid']);
  return before === undefined || after === undefined ? undefined : { before, after };
}

/** Whose picture changed, of people; of our own account that is told in another way. */
export function personPicturedIn(node: BinaryNode): Handles | undefined {
  const { tag, attrs } = node;
  if (tag !== 'notification') return undefined;
  const own = attrs['type'] === 'account_sync' && childrenOf(node).some((child) => child.tag === 'picture');
  return own || attrs['type'] === 'picture' ? handlesOf(attrs['from']) : undefined;
}

/**
 * One for each change that a stanza tells: WhatsApp may tell several at once; one for all of a group's that are of no kind known here.
 * None for what tells people nothing (keys, devices, settings).
 */
export function notesOf(node: BinaryNode): readonly WireMessage[] {
  const { type } = node.attrs;
  if (node.tag !== 'notification' || (type !== 'w:gp2' && type !== 'picture')) return [];
  const notes = childrenOf(node).flatMap((child) => {
    const stub = type === 'picture' ? pictureStub(node, child) : stubOf(child);
    return stub === undefined ? [] : [noteOf(node, child, stub)];
  });
  const unknown = type === 'picture' ? undefined : childrenOf(node).find(isUnknown);
  if (unknown === undefined) return notes;
  return [...notes, noteOf(node, unknown, { type: StubType.GENERIC_NOTIFICATION, texts: [] })];
}

function isUnknown(child: BinaryNode): boolean {
  return stubOf(child) === undefined && !QUIET.has(child.tag);
}

function noteOf({ attrs }: BinaryNode, child: BinaryNode, { type, texts }: Stub): WireMessage {
  const { from, participant, participant_pn: pn, participant_lid: lid, id, t } = attrs;
  return {
    key: {
      remoteJid: from ?? null,
      fromMe: false,
      id: id ?? '',
      participant: participant ?? child.attrs['author'] ?? null,
      participantAlt: pn ?? lid ?? null,
    },
    messageTimestamp: Number(t ?? 0),
    messageStubType: type,
    messageStubParameters: [...texts],
  };
}

/** Of a group. One that is set without its name is heard of with the next look at the group. */
function pictureStub({ attrs: { from } }: BinaryNode, { tag, attrs: { id } }: BinaryNode): Stub | undefined {
  if (parseJid(from)?.kind !== 'group') return undefined;
  if (tag === 'delete') return { type: StubType.GROUP_CHANGE_ICON, texts: [] };
  if ((tag !== 'set' && tag !== 'add') || id === undefined) return undefined;
  return { type: StubType.GROUP_CHANGE_ICON, texts: [id] };
}

function stubOf(child: BinaryNode): Stub | undefined {
  const move = MOVES[child.tag];
  if (move !== undefined) {
    const people = childrenOf(child).filter(({ tag }) => tag === 'participant');
    const texts = people.map(({ attrs }) =>
      JSON.stringify({ id: attrs['jid'], phoneNumber: attrs['phone_number'], lid: attrs['lid'] }),
    );
    return { type: move, texts };
  }
  if (child.tag === 'create') return { type: StubType.GROUP_CREATE, texts: [child.attrs['type'] ?? BROUGHT_IN] };
  if (child.tag === 'subject') return { type: StubType.GROUP_CHANGE_SUBJECT, texts: [child.attrs['subject'] ?? ''] };
  if (child.tag === 'description') {
    const body = childrenOf(child).find(({ tag }) => tag === 'body');
    return { type: StubType.GROUP_CHANGE_DESCRIPTION, texts: [textOf(body)] };
  }
  if (child.tag === 'member_add_mode') return { type: StubType.GROUP_MEMBER_ADD_MODE, texts: [textOf(child)] };
  if (child.tag === 'ephemeral' || child.tag === 'not_ephemeral')
    return { type: StubType.CHANGE_EPHEMERAL_SETTING, texts: [child.attrs['expiration'] ?? '0'] };
  const turned = SWITCHES[child.tag];
  if (turned !== undefined) return { type: turned[0], texts: [turned[1]] };
  if (UNNAMED.has(child.tag)) return { type: StubType.GENERIC_NOTIFICATION, texts: [child.tag] };
  if (child.tag === 'link' || child.tag === 'unlink') return belongingStub(child);
  const change = CHANGES[child.tag];
  return change === undefined ? undefined : { type: change, texts: [] };
}

/** A group is told which community it is in from now on, or no longer in; a community, which groups are. */
function belongingStub(child: BinaryNode): Stub {
  const { link_type: linked, unlink_type: unlinked } = child.attrs;
  if (unlinked === 'parent_group') return { type: StubType.COMMUNITY_UNLINK_PARENT_GROUP, texts: [] };
  if (linked !== 'parent_group') return { type: StubType.COMMUNITY_LINK_SUB_GROUP, texts: [] };
  const parents = childrenOf(child).flatMap(({ tag, attrs }) => (tag === 'group' ? (attrs['jid'] ?? []) : []));
  return { type: StubType.COMMUNITY_LINK_PARENT_GROUP, texts: parents };
}

function textOf(node: BinaryNode | undefined): string {
  return node?.content instanceof Uint8Array ? Buffer.from(node.content).toString() : '';
}

export function childrenOf(node: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(node.content) ? node.content : [];
}
