// The envelopes in which updates travel (core.telegram.org/api/updates): short ones, whole ones. Knows no sessions.

import type { TlObject } from '../tl/layer.ts';
import type { BoxEvent } from '../world/box.ts';
import { peerKind, type Group, type Post } from '../world/groups.ts';
import { peerOf, peersOf, photoOf, View } from '../world/view.ts';
import type { Passing } from '../world/news.ts';
import type { Human } from '../world/people.ts';
import type { World } from '../world/world.ts';

export type PushForm = 'short' | 'full';

const now = (): number => Math.floor(Date.now() / 1000);

/** `updates` with everybody and every chat it mentions. */
export function whole(view: View, updates: readonly TlObject[], people: Iterable<bigint>): TlObject {
  return { _: 'updates', updates, users: view.users(people), chats: view.chats(people), date: now(), seq: 0 };
}

export function envelope(view: View, event: BoxEvent, form: PushForm): TlObject {
  if (form === 'short' && event.kind === 'new') {
    const { copy, pts, count } = event;
    const out = copy.message.from === copy.owner;
    const { kind, id } = peerKind(copy.peer);
    return {
      ...(kind === 'user'
        ? { _: 'updateShortMessage', user_id: id }
        : { _: 'updateShortChatMessage', chat_id: id, from_id: copy.message.from }),
      ...(out ? { out } : {}),
      id: copy.id,
      message: copy.message.text,
      pts,
      pts_count: count,
      date: copy.message.date,
      reply_to: view.reply(copy),
      entities: view.entities(copy),
    };
  }
  const { update, people } = view.update(event);
  return whole(view, [update], people);
}

/** What is written in a channel or supergroup, which counts for itself. */
export function postUpdate(view: View, group: Group, post: Post): TlObject {
  const update = { _: 'updateNewChannelMessage', message: view.post(group, post), pts: post.pts, pts_count: 1 };
  return whole(view, [update], [group.peer, post.from]);
}

/** The update that tells `owner` of something without pts; null when there is nobody to tell of. */
export function passingUpdate(world: World, owner: Human, what: Passing): TlObject | null {
  if (what.kind === 'typing') {
    const action = { _: what.cancel ? 'sendMessageCancelAction' : 'sendMessageTypingAction' };
    return { _: 'updateShort', update: { _: 'updateUserTyping', user_id: what.from, action }, date: now() };
  }
  if (what.kind === 'reactions') {
    const { copy } = what;
    const view = new View(world, owner);
    const update = {
      _: 'updateMessageReactions',
      peer: peerOf(copy.peer),
      msg_id: copy.id,
      reactions: view.reactions(copy),
    };
    return whole(view, [update], peersOf(copy));
  }
  const person = world.people.get(what.person);
  if (person === undefined) return null;
  const view = new View(world, owner);
  if (what.kind === 'photo') return whole(view, [{ _: 'updateUser', user_id: person.id }], [person.id]);
  const usernames =
    person.username === '' ? [] : [{ _: 'username', editable: true, active: true, username: person.username }];
  // A private name of the viewer outlives the person's own change.
  const saved = owner.contacts.get(person.id);
  const update = {
    _: 'updateUserName',
    user_id: person.id,
    first_name: saved?.firstName ?? person.firstName,
    last_name: saved?.lastName ?? person.lastName,
    usernames,
  };
  return whole(view, [update], [person.id]);
}

/** Every photo of a person, newest first: there is at most one here. */
export function photosOf(person: Human): TlObject[] {
  return person.photo === null ? [] : [photoOf(person.photo, person.dc)];
}
