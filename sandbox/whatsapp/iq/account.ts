// Requests about one's own account and the service: passive mode, settings of the service, blocklist, privacy and its tokens,
// pings, statistics, dirty bits, unlinking, pictures' and statuses' small sisters. Each a few lines.

import { randomBytes } from 'node:crypto';
import { blocklistChanged, privacyChanged, tell, tokenGiven } from '../notices.ts';
import { bytesOf, wordsOf } from '../read-node.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import { Refusal } from '../../refusal.ts';
import { Unknown, type Ask } from './ask.ts';

export function passive({ iq, server, device }: Ask): undefined {
  const wanted = child(iq)?.tag;
  if (wanted !== 'active' && wanted !== 'passive') throw new Unknown('of passive mode');
  if (wanted === 'active') server.activate(device);
  return undefined;
}

/** Properties by their number; only those that change what a client does towards us. */
export function props({ iq }: Ask): readonly BinaryNode[] {
  const asked = child(iq, 'props');
  if (asked === undefined) throw new Unknown('of the properties');
  return [node('props', { protocol: '1', hash: 'sandbox', refresh: '86400', refresh_id: '0' })];
}

export function blocklist({ iq, person, server, world }: Ask): readonly BinaryNode[] | undefined {
  if (iq.attrs['type'] === 'set') {
    const item = child(iq, 'item');
    const other = world.personAt(item?.attrs['jid'] ?? '');
    if (item === undefined || other === undefined) throw new Refusal(400, 'bad-request');
    if (item.attrs['action'] === 'block') person.blocked.add(other.lid);
    else person.blocked.delete(other.lid);
    blocklistChanged(server, person, other, item.attrs['action'] === 'block' ? 'block' : 'unblock');
    world.version.touch();
  }
  const items = [...person.blocked].map((lid) => node('item', { jid: `${lid}@lid` }));
  return [node('list', { dhash: String(person.blocked.size) }, items)];
}

export function privacy(ask: Ask): readonly BinaryNode[] | undefined {
  const { iq, person, server, device } = ask;
  const asked = child(iq);
  if (asked?.tag === 'tokens') return tokens(ask);
  if (asked?.tag !== 'privacy') throw new Unknown('of privacy');
  const changed: (readonly [string, string])[] = [];
  for (const { attrs } of children(asked, 'category')) {
    const { name, value } = attrs;
    if (name === undefined || value === undefined || !person.privacy.has(name)) throw new Refusal(400, 'bad-request');
    person.privacy.set(name, value);
    changed.push([name, value]);
  }
  if (changed.length > 0) privacyChanged(server, device, changed);
  const categories = [...person.privacy].map(([name, value]) => node('category', { name, value }));
  return [node('privacy', {}, categories)];
}

/** Somebody trusts somebody: the other gets a token to show when writing or asking for a picture. */
function tokens({ iq, person, server, world }: Ask): undefined {
  for (const { attrs } of children(child(iq, 'tokens'), 'token')) {
    const other = world.personAt(attrs['jid'] ?? '');
    if (other === undefined || attrs['type'] !== 'trusted_contact') throw new Refusal(400, 'bad-request');
    const token = randomBytes(16);
    other.tokens.set(person.lid, { token, t: Number(attrs['t']) });
    tokenGiven(server, person, other, token, Number(attrs['t']));
  }
  return undefined;
}

export function ping({ iq }: Ask): undefined {
  // Old clients send it without a child.
  const asked = child(iq)?.tag;
  if (asked !== undefined && asked !== 'ping') throw new Unknown('of pings');
  return undefined;
}

export function dirty({ iq }: Ask): undefined {
  if (child(iq, 'clean') === undefined) throw new Unknown('of dirty bits');
  return undefined;
}

export function linked({ iq, person, server, device }: Ask): undefined {
  const asked = child(iq, 'remove-companion-device');
  if (asked === undefined) throw new Unknown('of linked devices');
  const which = asked.attrs['all'] === 'true' ? null : (server.world.deviceAt(asked.attrs['jid'] ?? '') ?? null);
  if (which === null && asked.attrs['all'] !== 'true') throw new Refusal(404, 'item-not-found');
  for (const one of person.companions) if (which === null || one === which) server.unlink(one, one === device);
  return undefined;
}

export function status({ iq, person, server, world }: Ask): undefined {
  const asked = child(iq, 'status');
  if (asked === undefined) throw new Unknown('of the about text');
  person.about = wordsOf(asked);
  tell(server, world.acquaintances(person), (viewer) =>
    node('notification', { type: 'status', from: person.jid(viewer.addressing) }, [
      node('set', {}, Buffer.from(person.about, 'utf8')),
    ]),
  );
  world.version.touch();
  return undefined;
}

export function disappearing({ iq, person }: Ask): undefined {
  const asked = child(iq, 'disappearing_mode');
  if (asked === undefined) throw new Unknown('of the disappearing mode');
  person.disappearing = Number(asked.attrs['duration'] ?? 0);
  return undefined;
}

/** There are no media hosts here yet. */
export function media({ iq }: Ask): readonly BinaryNode[] {
  if (child(iq, 'media_conn') === undefined) throw new Unknown('of media');
  return [node('media_conn', { auth: 'sandbox', ttl: '86400', auth_ttl: '86400', max_buckets: '12' })];
}

export function business({ iq, person }: Ask): readonly BinaryNode[] {
  const profile = child(child(iq, 'business_profile'), 'profile');
  if (profile === undefined) throw new Unknown('of business');
  return [node('business_profile', {}, [node('profile', { jid: profile.attrs['jid'] ?? person.jid('pn') })])];
}

/** Statistics, and what clients report about themselves: taken, and answered by nothing. */
export function taken({ iq }: Ask): undefined {
  bytesOf(child(iq));
  return undefined;
}
