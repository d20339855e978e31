// users.* and contacts.*: who is who. Knows no messages.

import type { TlObject } from '../tl/layer.ts';
import { peerUser, photoOf } from '../world/view.ts';
import { Refusal } from '../../refusal.ts';
import { plainPhone, type Human } from '../world/people.ts';
import { asLong, asNumber, asObjects, asText, personOf, type Method, type SignedIn } from './context.ts';
import { whole } from './push.ts';

const MIN_QUERY = 3;
const MAX_FOUND = 50;

const resolved = ({ view }: SignedIn, person: Human): TlObject => ({
  _: 'contacts.resolvedPeer',
  peer: peerUser(person.id),
  chats: [],
  users: [view.user(person)],
});

export const peopleMethods: Readonly<Record<string, Method>> = {
  // Whom the viewer cannot name rightly is left out, as the service does for users.getUsers.
  'users.getUsers': (context, request) =>
    asObjects(request['id']).flatMap((input) => {
      try {
        return [context.view.user(personOf(context, input))];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return input._ === 'inputUser' ? [{ _: 'userEmpty', id: asLong(input['user_id']) }] : [];
      }
    }),
  'users.getFullUser': (context, request) => {
    const person = personOf(context, request['id']);
    return {
      _: 'users.userFull',
      full_user: {
        _: 'userFull',
        id: person.id,
        ...(person.about === '' ? {} : { about: person.about }),
        settings: { _: 'peerSettings' },
        ...(person.photo === null ? {} : { profile_photo: photoOf(person.photo, person.dc) }),
        notify_settings: { _: 'peerNotifySettings' },
        common_chats_count: 0,
      },
      chats: [],
      users: [context.view.user(person)],
    };
  },
  'contacts.resolveUsername': (context, request) => {
    const username = asText(request['username']).replace(/^@/, '');
    if (!/^[a-z]\w{3,31}$/i.test(username)) throw new Refusal(400, 'USERNAME_INVALID');
    const person = context.server.world.people.byUsername(username);
    if (person === undefined) throw new Refusal(400, 'USERNAME_NOT_OCCUPIED');
    return resolved(context, person);
  },
  'contacts.resolvePhone': (context, request) => {
    const person = context.server.world.people.byPhone(asText(request['phone']));
    if (person === undefined) throw new Refusal(400, 'PHONE_NOT_OCCUPIED');
    return resolved(context, person);
  },
  'contacts.getContacts': ({ me, view }) => ({
    _: 'contacts.contacts',
    contacts: [...me.contacts.keys()].map((id) => ({
      _: 'contact',
      user_id: id,
      mutual: view.users([id])[0]?.['mutual_contact'] === true,
    })),
    saved_count: me.contacts.size,
    users: view.users(me.contacts.keys()),
  }),
  'contacts.importContacts': ({ server, me, view }, request) => {
    const found: { readonly person: Human; readonly client: bigint }[] = [];
    for (const one of asObjects(request['contacts'])) {
      const person = server.world.people.byPhone(plainPhone(asText(one['phone'])));
      if (person === undefined) continue;
      server.world.people.addContact(me, person, asText(one['first_name']), asText(one['last_name']));
      found.push({ person, client: asLong(one['client_id']) });
    }
    return {
      _: 'contacts.importedContacts',
      imported: found.map(({ person, client }) => ({ _: 'importedContact', user_id: person.id, client_id: client })),
      popular_invites: [],
      retry_contacts: [],
      users: found.map(({ person }) => view.user(person)),
    };
  },
  'contacts.addContact': (context, request) => {
    const person = personOf(context, request['id']);
    const firstName = asText(request['first_name']);
    if (firstName === '') throw new Refusal(400, 'CONTACT_NAME_EMPTY');
    context.server.world.people.addContact(context.me, person, firstName, asText(request['last_name']));
    return whole(context.view, [], [person.id]);
  },
  'contacts.search': ({ server, me, view }, request) => {
    const query = asText(request['q']).replace(/^@/, '').toLowerCase();
    if (query.length < MIN_QUERY) throw new Refusal(400, 'QUERY_TOO_SHORT');
    const limit = Math.min(MAX_FOUND, Math.max(1, asNumber(request['limit'])));
    const mine: bigint[] = [];
    const others: bigint[] = [];
    for (const person of server.world.people.values()) {
      if (person === me) continue;
      const saved = me.contacts.get(person.id);
      const names = saved === undefined ? '' : `${saved.firstName} ${saved.lastName}`.toLowerCase();
      if (names.includes(query)) mine.push(person.id);
      else if (person.username !== '' && person.username.toLowerCase().startsWith(query)) others.push(person.id);
    }
    const [myResults, results] = [mine.slice(0, limit), others.slice(0, limit)];
    return {
      _: 'contacts.found',
      my_results: myResults.map(peerUser),
      results: results.map(peerUser),
      chats: [],
      users: view.users([...myResults, ...results]),
    };
  },
};
