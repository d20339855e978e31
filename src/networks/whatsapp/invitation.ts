// An invitation to a group that came as a message, as a word that its reader can give back to accept it; and the questions that go with
// it, as stanzas. Pure.
import type { BinaryNode, GroupMetadata } from '@whiskeysockets/baileys';
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { ChatId, PersonId } from '../../model/ids.ts';
import type { Names } from './ids.ts';
import { parseJid } from './jid.ts';
import type { Line } from './line.ts';
import { childrenOf } from './notifications.ts';

export interface Invitation {
  readonly chat: ChatId;
  readonly code: string;
  /** As it stands in the message. */
  readonly expiration: string;
  /** Who invites. */
  readonly by: PersonId;
}

const WORD = /^invite\.([go][0-9a-f]+)\.([\w-]{4,64})\.(\d{1,16})\.([ln][0-9a-f]+)$/;

/** @returns undefined for what holds no way into a group */
export function invitationIn(
  names: Pick<Names, 'chat'>,
  { groupJid, inviteCode: code, inviteExpiration }: proto.Message.IGroupInviteMessage,
  by: PersonId,
): Invitation | undefined {
  const group = parseJid(groupJid);
  const expiration = String(inviteExpiration ?? '');
  if (group?.kind !== 'group' || !code) return undefined;
  const invitation = { chat: names.chat(group), code, expiration, by };
  return invitationOf(wordOf(invitation)) === undefined ? undefined : invitation;
}

/** Without an address in it: what is sealed in the names of chats and people stays so. */
export function wordOf({ chat, code, expiration, by }: Invitation): string {
  return `invite.${chat}.${code}.${expiration}.${by}`;
}

export function invitationOf(word: string): Invitation | undefined {
  const [, chat, code, expiration, by] = WORD.exec(word.trim()) ?? [];
  if (chat === undefined || code === undefined || expiration === undefined || by === undefined) return undefined;
  return { chat: chat as ChatId, code, expiration, by: by as PersonId };
}

/** What the group is like, without going there. @throws the library's error */
export async function lookInvited(
  { socket }: Line,
  group: string,
  admin: string,
  { code, expiration }: Invitation,
): Promise<Pick<GroupMetadata, 'id' | 'subject' | 'isCommunity' | 'linkedParent'>> {
  const request: BinaryNode = { tag: 'add_request', attrs: { code, expiration, admin } };
  const answer = (await socket.query(iq('get', group, { tag: 'query', attrs: {}, content: [request] }))) as BinaryNode;
  const found = childrenOf(answer).find(({ tag }) => tag === 'group');
  const parts = found === undefined ? [] : childrenOf(found);
  const parent = parts.find(({ tag }) => tag === 'linked_parent')?.attrs['jid'];
  return {
    id: group,
    subject: found?.attrs['subject'] ?? '',
    isCommunity: parts.some(({ tag }) => tag === 'parent'),
    ...(parent === undefined ? {} : { linkedParent: parent }),
  };
}

/** @throws the library's error */
export async function joinInvited(
  { socket }: Line,
  group: string,
  admin: string,
  { code, expiration }: Invitation,
): Promise<void> {
  await socket.query(iq('set', group, { tag: 'accept', attrs: { code, expiration, admin } }));
}

function iq(type: 'get' | 'set', to: string, content: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { type, xmlns: 'w:g2', to }, content: [content] };
}
