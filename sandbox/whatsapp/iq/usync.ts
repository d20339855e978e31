// Questions about users (usync): who is behind a number, which devices, which LID, about text, picture, disappearing timer.

import { wordsOf } from '../read-node.ts';
import { bareJid } from '../wire/jid.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import type { Person } from '../world/person.ts';
import { Unknown, type Ask } from './ask.ts';

type Protocol = (person: Person, ask: Ask) => BinaryNode | null;

/** By the name of the protocol's node. A `contact` is answered below: it also says who is nobody. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  devices: (person, { server }) =>
    node('devices', {}, [
      node(
        'device-list',
        {},
        [...person.devices.values()].map((device) =>
          node(
            'device',
            device.id === 0 ? { id: '0' } : { id: String(device.id), 'key-index': String(device.keyIndex) },
          ),
        ),
      ),
      node('key-index-list', { ts: String(server.keyList(person).timestamp) }, server.keyList(person).signed),
    ]),
  lid: (person) => node('lid', { val: person.jid('lid') }),
  status: (person, { world }) =>
    node('status', { t: String(world.clock.seconds()) }, Buffer.from(person.about, 'utf8')),
  picture: (person) => (person.picture === null ? null : node('picture', { id: person.picture.id })),
  disappearing_mode: (person) => node('disappearing_mode', { duration: String(person.disappearing), t: '0' }),
  business: () => null,
  verified_name: () => null,
  bot: () => null,
  username: () => null,
  sidelist: () => null,
  text_status: () => null,
  feature: () => null,
};

export function usync(ask: Ask): readonly BinaryNode[] {
  const { iq, world } = ask;
  const asked = child(iq, 'usync');
  const protocols = children(child(asked, 'query'));
  if (asked === undefined || protocols.length === 0) throw new Unknown('of usync');
  const strange = protocols.find(({ tag }) => tag !== 'contact' && !Object.hasOwn(PROTOCOLS, tag));
  if (strange !== undefined) throw new Unknown(`of usync: ${strange.tag}`);

  const users = children(child(asked, 'list'), 'user').flatMap((user) => {
    const contact = child(user, 'contact');
    const number = wordsOf(contact).replace('+', '');
    const jid = user.attrs['jid'] ?? user.attrs['pn_jid'] ?? '';
    const person = jid === '' ? world.byPhone(number) : world.personAt(jid);
    const shown = jid === '' ? `${number}@s.whatsapp.net` : bareJid(jid);
    const wantsContact = protocols.some(({ tag }) => tag === 'contact');
    if (person === undefined) {
      return wantsContact ? [node('user', { jid: shown }, [node('contact', { type: 'out' }, wordsOf(contact))])] : [];
    }
    const parts = protocols.flatMap(({ tag }) => {
      if (tag === 'contact') return [node('contact', { type: 'in' }, wordsOf(contact))];
      const part = PROTOCOLS[tag]?.(person, ask) ?? null;
      return part === null ? [] : [part];
    });
    return [node('user', { jid: shown }, parts)];
  });
  const { attrs } = asked;
  return [
    node(
      'usync',
      { index: attrs['index'] ?? '0', last: 'true', mode: attrs['mode'] ?? 'query', sid: attrs['sid'] ?? '0' },
      [
        node(
          'result',
          {},
          protocols.map(({ tag }) => node(tag)),
        ),
        node('list', {}, users),
      ],
    ),
  ];
}
