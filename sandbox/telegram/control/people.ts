// Commands about people: who they are, how they sign in. Knows no messages.

import { randomBytes } from 'node:crypto';
import type { Person } from '../control-types.ts';
import { addressOf } from '../rpc/help.ts';
import type { TelegramServer } from '../server.ts';
import { AuthKey } from '../wire/keys.ts';
import type { Human } from '../world/people.ts';
import { personIn, type Commands } from './commands.ts';

function personJson(human: Human): Person {
  return {
    id: String(human.id),
    phone: human.phone,
    firstName: human.firstName,
    lastName: human.lastName,
    username: human.username,
    dc: human.dc,
    photoId: human.photo === null ? null : String(human.photo.id),
  };
}

type PeopleCommand =
  | 'createPerson'
  | 'changePerson'
  | 'person'
  | 'addContact'
  | 'sentCode'
  | 'acceptLogin'
  | 'createKey'
  | 'setAccountState';

export function peopleCommands(server: TelegramServer): Commands<PeopleCommand> {
  const { people } = server.world;
  const human = (id: string): Human => personIn(server.world, id);

  return {
    createPerson: (spec) => personJson(people.create(spec)),
    changePerson: ({ id, ...change }) => {
      people.change(human(id), change);
      return personJson(human(id));
    },
    person: ({ id, phone, username }) => {
      const found =
        (id === undefined ? undefined : people.get(BigInt(id))) ??
        (phone === undefined ? undefined : people.byPhone(phone)) ??
        (username === undefined ? undefined : people.byUsername(username));
      return found === undefined ? null : personJson(found);
    },
    addContact: ({ owner, person, firstName, lastName }) => {
      people.addContact(human(owner), human(person), firstName, lastName ?? '');
      return null;
    },
    sentCode: ({ phone }) => server.logins.lastCode(phone),
    acceptLogin: ({ account, token }) => {
      server.logins.acceptToken(Buffer.from(token, 'base64url'), human(account).id);
      return null;
    },
    createKey: ({ account }) => {
      const { id, dc } = human(account);
      const key = new AuthKey(randomBytes(256), dc, randomBytes(8).readBigUInt64LE(), Math.floor(Date.now() / 1000));
      server.keys.add(key);
      server.keys.login(key, id);
      return { dc, address: addressOf(dc), key: key.bytes.toString('base64') };
    },
    setAccountState: ({ account, state }) => {
      const person = human(account);
      person.state = state;
      if (state !== 'ok') server.revoke(person.id, state === 'banned' ? 'USER_DEACTIVATED_BAN' : 'USER_DEACTIVATED');
      return null;
    },
  };
}
