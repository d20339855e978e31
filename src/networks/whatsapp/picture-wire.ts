// Pictures of people and groups on the wire: asking where one is, setting one. Knows no person's id of ours and keeps nothing.
import { S_WHATSAPP_NET, type BinaryNode } from '@whiskeysockets/baileys';
import { buildTcTokenFromJid } from '@whiskeysockets/baileys/lib/Utils/tc-token-utils.js';
import { codeOf } from './group-errors.ts';
import { isPerson, parseJid } from './jid.ts';
import type { WASocket } from './library.ts';
import { childrenOf } from './notifications.ts';
import { isId } from './picture-handle.ts';

/** What a picture is to whoever asks. `hidden`: from this account; others may see it. */
export type Look =
  | { readonly is: 'there'; readonly id: string; readonly url: string }
  | { readonly is: 'same' }
  | { readonly is: 'none' }
  | { readonly is: 'hidden' };

/** Somebody may be waiting for more than this picture. */
const ANSWER_MS = 10_000;
const NOTHING: BinaryNode = { tag: 'iq', attrs: {} };

/** A community's is asked for among its groups; with our own account's goes no token: WhatsApp does not answer that. */
export interface Whose {
  readonly jid: string;
  readonly is: 'own' | 'other' | 'community';
}

/** @param known an id: is it still that one @throws the library's error when there is no answer, or one that says nothing */
export async function lookAt(socket: WASocket, whose: Whose, known?: string): Promise<Look> {
  const attrs = { type: 'image', query: 'url', ...(known === undefined ? {} : { id: known }) };
  let answer: BinaryNode | undefined;
  try {
    answer = whose.is === 'community' ? await askCommunity(socket, whose, attrs) : await askOne(socket, whose, attrs);
  } catch (error) {
    const code = codeOf(error);
    if (code === 401) return { is: 'hidden' };
    if (code === 404) return { is: 'none' };
    throw error;
  }
  const found = childrenOf(answer ?? NOTHING).find(({ tag }) => tag === 'picture');
  const { id, url, status } = found?.attrs ?? {};
  if (status === '204') return { is: 'none' };
  if (known !== undefined && (found === undefined || status === '304' || id === known)) return { is: 'same' };
  if (!isId(id) || url === undefined) throw new Error('an answer without a picture');
  return { is: 'there', id, url };
}

async function askOne(socket: WASocket, { jid, is }: Whose, attrs: BinaryNode['attrs']): Promise<BinaryNode> {
  const token = is === 'own' ? undefined : await tokenFor(socket, jid);
  return await ask(socket, 'get', jid, [{ tag: 'picture', attrs, ...(token === undefined ? {} : { content: token }) }]);
}

/** As whatsmeow asks: of the group that holds the others, who answers anybody else with 401. */
async function askCommunity(
  socket: WASocket,
  { jid }: Whose,
  attrs: BinaryNode['attrs'],
): Promise<BinaryNode | undefined> {
  const picture = { tag: 'picture', attrs: { ...attrs, parent_group_jid: jid } };
  const content = [{ tag: 'pictures', attrs: {}, content: [picture] }];
  const answer = await socket.query({ tag: 'iq', attrs: { to: jid, type: 'get', xmlns: 'w:g2' }, content }, ANSWER_MS);
  return childrenOf(answer).find(({ tag }) => tag === 'pictures');
}

/** @param jpeg null takes the picture away @returns its id @throws the library's error */
export async function setPicture(socket: WASocket, jid: string, jpeg: Uint8Array | null): Promise<string | undefined> {
  const content = jpeg === null ? undefined : [{ tag: 'picture', attrs: { type: 'image' }, content: jpeg }];
  const answer = await ask(socket, 'set', jid, content);
  const id = childrenOf(answer).find(({ tag }) => tag === 'picture')?.attrs['id'];
  return isId(id) ? id : undefined;
}

async function ask(
  socket: WASocket,
  type: 'get' | 'set',
  target: string,
  content: BinaryNode[] | undefined,
): Promise<BinaryNode> {
  const attrs = { to: S_WHATSAPP_NET, type, xmlns: 'w:profile:picture', target };
  return await socket.query({ tag: 'iq', attrs, ...(content === undefined ? {} : { content }) }, ANSWER_MS);
}

/** Whoever wrote to us trusts us with what they show to their contacts, and gave us this to say so. */
async function tokenFor(socket: WASocket, jid: string): Promise<BinaryNode[] | undefined> {
  if (!isPerson(parseJid(jid))) return undefined;
  const { authState, signalRepository } = socket;
  const getLIDForPN = async (pn: string): Promise<string | null> => await signalRepository.lidMapping.getLIDForPN(pn);
  return await buildTcTokenFromJid({ authState, jid, getLIDForPN });
}
