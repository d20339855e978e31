// What the service tells of its own accord: notifications about groups, devices, pictures, tokens, prekeys, numbers. Knows
// who is to hear of what, and nothing of sockets.

import type { WhatsAppServer } from './server.ts';
import { node, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';
import type { Group } from './world/group.ts';
import { maySeePicture, type Person } from './world/person.ts';

const SERVICE = '@s.whatsapp.net';

/** To all devices of these people; `make` sees for whom, since everybody is addressed in their own way. `except`: not these. */
export function tell(
  server: WhatsAppServer,
  people: Iterable<Person>,
  make: (viewer: Person) => BinaryNode,
  except?: Device,
): void {
  for (const viewer of people) {
    const bare = make(viewer);
    for (const device of viewer.devices.values()) if (device !== except) post(server, device, bare);
  }
}

/** To one device; gives the stanza its id and time. */
export function post(server: WhatsAppServer, device: Device, bare: BinaryNode): void {
  const { world } = server;
  device.mailbox.add({ ...bare, attrs: { id: world.stanzaId(), t: String(world.clock.seconds()), ...bare.attrs } });
}

/** Who hears of a change of a group, where it is not its members alone. */
export interface Hearers {
  /** Whoever has just ceased to be one. */
  readonly also?: readonly Person[];
  readonly except?: readonly Person[];
  readonly only?: readonly Person[];
}

/** @param by null: nobody did it but the service */
export function groupChanged(
  server: WhatsAppServer,
  group: Group,
  by: Person | null,
  changes: readonly BinaryNode[],
  { also = [], except = [], only }: Hearers = {},
): void {
  const way = group.addressing;
  const attrs = {
    type: 'w:gp2',
    from: group.jid,
    participant: by?.jid(way),
    [way === 'lid' ? 'participant_pn' : 'participant_lid']: by?.jid(way === 'lid' ? 'pn' : 'lid'),
    addressing_mode: way,
    notify: by?.name,
  };
  const hearers = new Set(only ?? [...group.members.keys(), ...also].filter((one) => !except.includes(one)));
  tell(server, hearers, () => node('notification', attrs, changes));
}

export function devicesChanged(server: WhatsAppServer, person: Person, what: 'add' | 'remove', device: Device): void {
  const { signed, timestamp } = server.keyList(person);
  tell(
    server,
    server.world.acquaintances(person),
    (viewer) => {
      const way = viewer.addressing;
      return node(
        'notification',
        {
          type: 'devices',
          from: person.jid(way),
          [way === 'lid' ? 'pn' : 'lid']: person.jid(way === 'lid' ? 'pn' : 'lid'),
        },
        [
          node(what, { device_hash: `2:${String(device.keyIndex)}` }, [
            node('device', { jid: device.jid(way), 'key-index': String(device.keyIndex) }),
            node('key-index-list', { ts: String(timestamp) }, signed),
          ]),
        ],
      );
    },
    device,
  );
}

/** The phone was set up anew: whoever had a session with it has to begin another. */
export function identityChanged(server: WhatsAppServer, person: Person): void {
  tell(server, server.world.acquaintances(person), (viewer) =>
    node('notification', { type: 'encrypt', from: person.jid(viewer.addressing) }, [node('identity')]),
  );
}

export function prekeysLow(server: WhatsAppServer, device: Device): void {
  post(
    server,
    device,
    node('notification', { type: 'encrypt', from: SERVICE }, [
      node('count', { value: String(device.keys.prekeys.length) }),
    ]),
  );
}

/** To those who may see it; who no longer may hears nothing. */
export function pictureChanged(server: WhatsAppServer, of: Person | Group, by: Person): void {
  const isGroup = 'members' in of;
  const hearers = isGroup
    ? of.members.keys()
    : [...server.world.acquaintances(of)].filter((viewer) => viewer !== of && maySeePicture(of, viewer));
  // One's own devices ask which it is.
  if (!isGroup) {
    const attrs = { type: 'account_sync', from: of.jid('pn') };
    tell(server, [of], () => node('notification', attrs, [node('picture')]));
  }
  tell(server, hearers, (viewer) => {
    const from = isGroup ? of.jid : of.jid(viewer.addressing);
    const author = isGroup ? by.jid(of.addressing) : undefined;
    const change =
      of.picture === null
        ? node('delete', { jid: from, author })
        : node('set', { jid: from, id: of.picture.id, author });
    return node('notification', { type: 'picture', from, participant: author }, [change]);
  });
}

/** A new number of somebody: to whoever knows the person, and to the groups. */
export function numberChanged(server: WhatsAppServer, person: Person, oldJid: string): void {
  const newJid = person.jid('pn');
  const acquaintances = [...server.world.acquaintances(person)].filter((one) => one !== person);
  tell(server, acquaintances, () =>
    node('notification', { type: 'contacts', from: oldJid }, [
      node('modify', { old: oldJid, new: newJid, old_lid: person.jid('lid'), new_lid: person.jid('lid') }),
    ]),
  );
  for (const group of server.world.groups.values()) {
    if (!group.members.has(person)) continue;
    const lid = group.addressing === 'lid';
    const attrs = {
      type: 'w:gp2',
      from: group.jid,
      participant: lid ? person.jid('lid') : oldJid,
      notify: person.name,
    };
    tell(server, group.members.keys(), () =>
      node('notification', attrs, [
        node('modify', {}, [node('participant', { jid: lid ? person.jid('lid') : newJid })]),
      ]),
    );
  }
}

export function blocklistChanged(
  server: WhatsAppServer,
  person: Person,
  other: Person,
  action: 'block' | 'unblock',
): void {
  tell(server, [person], () =>
    node('notification', { type: 'account_sync', from: person.jid('pn') }, [
      node('blocklist', { action: 'modify' }, [node('item', { jid: other.jid('lid'), action })]),
    ]),
  );
}

/** To the account's devices but the one that it was changed on. */
export function privacyChanged(
  server: WhatsAppServer,
  by: Device,
  changed: readonly (readonly [string, string])[],
): void {
  const { person } = by;
  const categories = changed.map(([name, value]) => node('category', { name, value }));
  const attrs = { type: 'account_sync', from: person.jid('pn') };
  tell(server, [person], () => node('notification', attrs, [node('privacy', {}, categories)]), by);
}

/** `to` may show this token when writing to `by`. */
export function tokenGiven(server: WhatsAppServer, by: Person, to: Person, token: Uint8Array, t: number): void {
  tell(server, [to], (viewer) =>
    node('notification', { type: 'privacy_token', from: by.jid(viewer.addressing), sender_lid: by.jid('lid') }, [
      node('tokens', {}, [node('token', { jid: to.jid('pn'), t: String(t), type: 'trusted_contact' }, token)]),
    ]),
  );
}

export function collectionChanged(
  server: WhatsAppServer,
  person: Person,
  name: string,
  version: number,
  by: Device | null,
): void {
  tell(
    server,
    [person],
    () =>
      node('notification', { type: 'server_sync', from: SERVICE }, [
        node('collection', { name, version: String(version) }),
      ]),
    by ?? undefined,
  );
}

/** An operation of the graph interface, as JSON. */
export function mexHappened(server: WhatsAppServer, person: Person, operation: string, data: unknown): void {
  tell(server, [person], () =>
    node('notification', { type: 'mex', from: SERVICE }, [
      node('update', { op_name: operation }, Buffer.from(JSON.stringify({ data }), 'utf8')),
    ]),
  );
}
