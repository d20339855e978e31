// Commands about people and their devices: made, changed, linked, unlinked, restricted, switched off.

import { phoneAway, timePassed } from '../absence.ts';
import type { DeviceInfo, Person as PersonJson } from '../control-types.ts';
import { setPicture } from '../group-deeds.ts';
import { banOf } from '../login.ts';
import { blocklistChanged, identityChanged, mexHappened, numberChanged, privacyChanged, tell } from '../notices.ts';
import { setAvailable } from '../presence.ts';
import { tellMigration } from '../sim/phone.ts';
import { node } from '../wire/node.ts';
import type { Device } from '../world/device.ts';
import type { Person } from '../world/person.ts';
import { pictureOf, type Commands, type Desk } from './commands.ts';

export function personJson(desk: Desk, person: Person): PersonJson {
  const devices = [...person.devices.values()].map((device): DeviceInfo => ({
    device: device.id,
    simulated: device.simulated,
    online: device.simulated ? device.mailbox.open : desk.server.sessionOf(device) !== undefined,
    active: device.mailbox.open,
    waiting: device.mailbox.waiting.length,
    prekeys: device.keys.prekeys.length,
  }));
  return {
    id: person.lid,
    phone: person.phone,
    name: person.name,
    about: person.about,
    pn: person.jid('pn'),
    lid: person.jid('lid'),
    addressing: person.addressing,
    pictureId: person.picture?.id ?? null,
    state: person.state,
    available: person.available,
    phoneSeen: person.phoneSeen,
    devices,
  };
}

export function peopleCommands(
  desk: Desk,
): Commands<
  | 'createPerson'
  | 'person'
  | 'people'
  | 'changePerson'
  | 'addCompanion'
  | 'addContact'
  | 'block'
  | 'setPrivacy'
  | 'setAddressing'
  | 'setAccountState'
  | 'setOnline'
  | 'phoneAway'
  | 'resetPhone'
  | 'advance'
  | 'scanQr'
  | 'typeCode'
  | 'codesWanted'
  | 'unlink'
  | 'setAvailable'
> {
  const { server, hands } = desk;
  const { world, cast } = server;
  const linked = (device: Device): { device: number; pn: string; lid: string } => ({
    device: device.id,
    pn: device.jid('pn'),
    lid: device.jid('lid'),
  });

  return {
    createPerson: ({ name, phone, lid, about, companions, addressing, picture }) => {
      const person = world.addPerson(name, phone, lid);
      person.about = about ?? '';
      person.addressing = addressing ?? 'pn';
      const bytes = pictureOf(picture ?? false);
      if (bytes !== null) person.picture = world.newPicture(bytes);
      cast.addPhone(person);
      for (let count = companions ?? 0; count > 0; count--) cast.addCompanion(person);
      return personJson(desk, person);
    },
    person: ({ id, phone }) => {
      const found = id === undefined ? world.byPhone(phone ?? '') : world.people.get(id);
      return found === undefined ? null : personJson(desk, found);
    },
    people: () => [...world.people.values()].map((person) => personJson(desk, person)),
    changePerson: ({ id, name, about, picture, phone }) => {
      const person = hands.person(id);
      if (name !== undefined) {
        person.name = name;
        cast.of(person.phoneDevice).settings.publishName();
      }
      if (about !== undefined) {
        person.about = about;
        tell(server, world.acquaintances(person), (viewer) =>
          node('notification', { type: 'status', from: person.jid(viewer.addressing) }, [
            node('set', {}, Buffer.from(about, 'utf8')),
          ]),
        );
      }
      if (picture !== undefined) setPicture(server, person, person, pictureOf(picture));
      if (phone !== undefined) {
        const old = person.jid('pn');
        // The service ends the companions of a number that is given up.
        for (const device of person.companions) if (!device.simulated) server.unlink(device);
        world.changePhone(person, phone);
        numberChanged(server, person, old);
      }
      world.version.touch();
      return personJson(desk, person);
    },
    addCompanion: ({ id }) => {
      const { device } = cast.addCompanion(hands.person(id));
      server.announce(device);
      return { device: device.id };
    },
    addContact: ({ owner, person, name }) => {
      hands.person(owner).contacts.set(hands.person(person).lid, name);
      world.version.touch();
      return null;
    },
    block: ({ by, person, blocked }) => {
      const blocker = hands.person(by);
      const other = hands.person(person);
      if (blocked) blocker.blocked.add(other.lid);
      else blocker.blocked.delete(other.lid);
      blocklistChanged(server, blocker, other, blocked ? 'block' : 'unblock');
      return null;
    },
    setPrivacy: ({ id, name, value }) => {
      const person = hands.person(id);
      person.privacy.set(name, value);
      privacyChanged(server, person.phoneDevice, [[name, value]]);
      return null;
    },
    setAddressing: ({ id, addressing }) => {
      const person = hands.person(id);
      const moved = person.addressing === 'pn' && addressing === 'lid';
      person.addressing = addressing;
      if (moved) tellMigration(cast.of(person.phoneDevice));
      world.version.touch();
      return null;
    },
    setAccountState: ({ id, state, code, seconds }) => {
      const person = hands.person(id);
      const until = world.clock.now() + (seconds ?? 3_600) * 1_000;
      const before = person.state;
      person.state = state;
      person.ban = state === 'temp-banned' || state === 'restricted' ? { code: code ?? 101, until } : null;
      const timelock = {
        xwa2_notify_account_reachout_timelock: {
          is_active: state === 'restricted',
          time_enforcement_ends: String(Math.floor(until / 1000)),
          enforcement_type: state === 'restricted' ? 'BIZ_QUALITY' : 'DEFAULT',
        },
      };
      if (state === 'restricted' || before === 'restricted') {
        mexHappened(server, person, 'NotificationUserReachoutTimelockUpdate', timelock);
      }
      const ban = banOf(server, person);
      if (ban !== null) for (const device of person.companions) server.dismiss(device, node('failure', ban));
      world.version.touch();
      return null;
    },
    setOnline: ({ id, device, online }) => {
      const found = hands.sim(id, device).device;
      cast.setOnline(found, online);
      if (found.id === 0) found.person.phoneSeen = world.clock.now();
      return null;
    },
    phoneAway: ({ id, days }) => {
      phoneAway(server, hands.person(id), days);
      return null;
    },
    resetPhone: ({ id }) => {
      const person = hands.person(id);
      for (const device of person.companions) server.unlink(device);
      cast.addPhone(person);
      identityChanged(server, person);
      return null;
    },
    advance: ({ ms }) => {
      world.clock.advance(ms);
      timePassed(server);
      return null;
    },
    scanQr: async ({ by, qr, spoil }) => linked(await server.pairing.scan(hands.person(by), qr, spoil ?? null)),
    typeCode: async ({ by, code }) => linked(await server.pairing.typeCode(hands.person(by), code)),
    codesWanted: () => [...server.pairing.codes],
    unlink: ({ by, device }) => {
      const gone = hands.person(by).companions.filter((one) => device === undefined || one.id === device);
      for (const one of gone) server.unlink(one);
      return { unlinked: gone.length };
    },
    setAvailable: ({ by, available }) => {
      const { device } = hands.sim(by);
      device.available = available;
      setAvailable(server, device.person, available);
      return null;
    },
  };
}
