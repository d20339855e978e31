// Profile pictures of people and groups: asked for, set and taken away. There is no host to fetch the bytes from yet: the
// address given names one that nobody can dial.

import { setPicture } from '../group-deeds.ts';
import { bytesOf } from '../read-node.ts';
import { child, node, type BinaryNode } from '../wire/node.ts';
import { Refusal } from '../../refusal.ts';
import { Unknown, type Ask } from './ask.ts';

export function profilePicture({ server, world, person, iq }: Ask): readonly BinaryNode[] | undefined {
  const target = iq.attrs['target'] ?? '';
  const of = target === '' ? person : (world.groupAt(target) ?? world.personAt(target));
  if (of === undefined) throw new Refusal(404, 'item-not-found');
  const asked = child(iq, 'picture');
  if (iq.attrs['type'] === 'set') {
    if (of !== person && !('members' in of)) throw new Refusal(403, 'forbidden');
    const bytes = asked === undefined ? null : bytesOf(asked);
    setPicture(server, of, person, bytes === null || bytes.length === 0 ? null : bytes);
    return of.picture === null ? undefined : [node('picture', { id: of.picture.id })];
  }
  if (asked === undefined) throw new Unknown('of pictures');
  const { picture } = of;
  if (picture === null) throw new Refusal(404, 'item-not-found');
  if (!('members' in of) && of !== person && hidden(of.privacy.get('profile'), of.contacts.has(person.lid))) {
    throw new Refusal(401, 'not-authorized');
  }
  if (asked.attrs['id'] === picture.id) return undefined;
  const type = asked.attrs['type'] ?? 'preview';
  const path = `/v/${type}/${picture.id}.jpg`;
  return [node('picture', { id: picture.id, type, url: `https://pps.whatsapp.net${path}`, direct_path: path })];
}

const hidden = (setting: string | undefined, known: boolean): boolean =>
  setting === 'none' || (setting === 'contacts' && !known);
