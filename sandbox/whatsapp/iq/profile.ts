// Profile pictures of people and groups: asked for, set and taken away. A picture travels in the request that sets it; who asks
// for one is given an address of the web host.

import { setPicture } from '../group-deeds.ts';
import { bytesOf } from '../read-node.ts';
import type { WhatsAppServer } from '../server.ts';
import { PICTURE_HOST } from '../web/pictures.ts';
import { children, child, node, type BinaryNode } from '../wire/node.ts';
import { maySeePicture, type Picture } from '../world/person.ts';
import { Refusal } from '../../refusal.ts';
import { Unknown, type Ask } from './ask.ts';

export function profilePicture(ask: Ask): readonly BinaryNode[] | undefined {
  return ask.iq.attrs['type'] === 'set' ? change(ask) : look(ask);
}

function targetOf({ world, person, iq }: Ask) {
  const target = iq.attrs['target'] ?? '';
  const of = target === '' ? person : (world.groupAt(target) ?? world.personAt(target));
  if (of === undefined) throw new Refusal(404, 'item-not-found');
  return of;
}

/** Without a picture, or with an empty one, there is none any more. The web client sends a preview of its own, others leave it out. */
function change(ask: Ask): readonly BinaryNode[] | undefined {
  const { server, person, iq } = ask;
  const of = targetOf(ask);
  if (of !== person && !('members' in of)) throw new Refusal(403, 'forbidden');
  const sent = children(iq, 'picture').map((one) => ({ type: one.attrs['type'] ?? 'image', bytes: bytesOf(one) }));
  const find = (type: string): Uint8Array | undefined =>
    sent.find((one) => one.type === type && one.bytes.length > 0)?.bytes;
  setPicture(server, of, person, find('image') ?? null, find('preview'));
  return of.picture === null ? undefined : [node('picture', { id: of.picture.id })];
}

function look(ask: Ask): readonly BinaryNode[] | undefined {
  const { server, person, iq } = ask;
  const of = targetOf(ask);
  const asked = child(iq, 'picture');
  if (asked === undefined) throw new Unknown('of pictures');
  const may = 'members' in of ? of.members.has(person) && !of.isCommunity : maySeePicture(of, person);
  if (!may) throw new Refusal(401, 'not-authorized');
  return pictureNodes(server, of.picture, asked);
}

/** Nothing when it is still the one that is known. */
export function pictureNodes(
  server: WhatsAppServer,
  picture: Picture | null,
  { attrs }: BinaryNode,
): readonly BinaryNode[] | undefined {
  const type = attrs['type'] ?? 'preview';
  if (attrs['query'] !== 'url' || (type !== 'image' && type !== 'preview')) throw new Unknown('of pictures');
  if (picture === null) throw new Refusal(404, 'item-not-found');
  if (attrs['id'] === picture.id) return undefined;
  const path = server.pictures.pathOf(picture, type);
  return [node('picture', { id: picture.id, type, url: `https://${PICTURE_HOST}${path}`, direct_path: path })];
}
