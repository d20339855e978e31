// How one account sees the world, as TL objects: users with its own access hashes and private names, messages under its
// own numbers. Knows no sessions.

import type { Entity } from '../control-types.ts';
import type { TlObject, TlValue } from '../tl/layer.ts';
import type { BoxEvent, Chat, Copy } from './box.ts';
import { peerKind, type Group, type Post } from './groups.ts';
import { actionOf, mediaOf } from './media.ts';
import type { Photo } from './photo.ts';
import type { Human } from './people.ts';
import type { World } from './world.ts';

export const peerUser = (id: bigint): TlObject => ({ _: 'peerUser', user_id: id });

/** A person, or a chat by its peer number. */
export function peerOf(peer: bigint): TlObject {
  const { kind, id } = peerKind(peer);
  if (kind === 'user') return peerUser(id);
  return kind === 'chat' ? { _: 'peerChat', chat_id: id } : { _: 'peerChannel', channel_id: id };
}

function entityOf(entity: Entity): TlObject {
  const { type, offset, length, url, language } = entity;
  return {
    _: type,
    offset,
    length,
    ...(url === undefined ? {} : { url }),
    ...(language === undefined ? {} : { language }),
  };
}

/** The simple entities a client may send; others (mentions by user, custom emoji) are left out. */
export function readEntities(value: TlValue): Entity[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly TlObject[]).flatMap((one) => {
    const { offset, length, url, language } = one;
    if (typeof offset !== 'number' || typeof length !== 'number' || one._.startsWith('input')) return [];
    return [
      {
        type: one._,
        offset,
        length,
        ...(typeof url === 'string' ? { url } : {}),
        ...(typeof language === 'string' ? { language } : {}),
      },
    ];
  });
}

/** The people and chats that one needs to know to show a message. */
export function peersOf({ peer, owner, message }: Copy): bigint[] {
  return [peer, owner, message.from];
}

export function photoOf(photo: Photo, dc: number): TlObject {
  return {
    _: 'photo',
    id: photo.id,
    access_hash: photo.accessHash,
    file_reference: fileReference(photo),
    date: photo.date,
    sizes: ['a', 'c'].map((type) => ({ _: 'photoSize', type, w: 160, h: 160, size: photo.bytes.length })),
    dc_id: dc,
  };
}

export function fileReference(photo: Photo): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeBigInt64LE(photo.id, 1);
  return bytes;
}

export class View {
  readonly #world: World;
  readonly #viewer: Human;

  constructor(world: World, viewer: Human) {
    this.#world = world;
    this.#viewer = viewer;
  }

  user(target: Human): TlObject {
    const viewer = this.#viewer;
    const self = target === viewer;
    const saved = viewer.contacts.get(target.id);
    const mutual = saved !== undefined && target.contacts.has(viewer.id);
    const firstName = saved?.firstName ?? target.firstName;
    const lastName = saved?.lastName ?? target.lastName;
    if (target.state === 'deactivated') {
      return {
        _: 'user',
        id: target.id,
        deleted: true,
        access_hash: this.#world.people.accessHash(viewer.id, target.id),
      };
    }
    return {
      _: 'user',
      id: target.id,
      access_hash: this.#world.people.accessHash(viewer.id, target.id),
      ...(self ? { self } : {}),
      ...(saved === undefined ? {} : { contact: true }),
      ...(mutual ? { mutual_contact: true } : {}),
      first_name: firstName,
      ...(lastName === '' ? {} : { last_name: lastName }),
      ...(target.username === '' ? {} : { username: target.username }),
      ...(self || saved !== undefined ? { phone: target.phone } : {}),
      ...(target.photo === null
        ? {}
        : { photo: { _: 'userProfilePhoto', photo_id: target.photo.id, dc_id: target.dc } }),
      status: { _: 'userStatusRecently' },
    };
  }

  users(ids: Iterable<bigint>): TlObject[] {
    return [...new Set(ids)].flatMap((id) => {
      const human = this.#world.people.get(id);
      return human === undefined ? [] : [this.user(human)];
    });
  }

  /** Of everything mentioned, the chats of several people. */
  chats(peers: Iterable<bigint>): TlObject[] {
    return [...new Set(peers)].flatMap((peer) => {
      const group = this.#world.groups.get(peer);
      return group === undefined ? [] : [this.chat(group)];
    });
  }

  chat({ id, peer, kind, title, date, members }: Group): TlObject {
    const common = { id, title, photo: { _: 'chatPhotoEmpty' }, date };
    if (kind === 'group') return { _: 'chat', ...common, participants_count: members.size, version: 1 };
    return {
      _: 'channel',
      ...common,
      ...(kind === 'channel' ? { broadcast: true } : { megagroup: true }),
      access_hash: this.#world.people.accessHash(this.#viewer.id, peer),
    };
  }

  post(group: Group, { id, from, date, text }: Post): TlObject {
    const common = { _: 'message', id, peer_id: peerOf(group.peer), date, message: text };
    // In a channel nobody's name is on it.
    if (group.kind === 'channel') return { ...common, post: true };
    return { ...common, from_id: peerUser(from), ...(from === this.#viewer.id ? { out: true } : {}) };
  }

  reply(copy: Copy): TlObject | undefined {
    const answered = copy.message.replyTo?.copies.get(copy.owner);
    return answered === undefined ? undefined : { _: 'messageReplyHeader', reply_to_msg_id: answered.id };
  }

  entities(copy: Copy): TlObject[] | undefined {
    return copy.message.entities.length === 0 ? undefined : copy.message.entities.map(entityOf);
  }

  reactions({ message }: Copy): TlObject {
    const all = [...message.reactions].map(([person, emoticon]) => ({
      person,
      reaction: { _: 'reactionEmoji', emoticon },
    }));
    return {
      _: 'messageReactions',
      can_see_list: true,
      results: all.map(({ reaction }) => ({ _: 'reactionCount', reaction, count: 1 })),
      recent_reactions: all.map(({ person, reaction }) => ({
        _: 'messagePeerReaction',
        ...(person === this.#viewer.id ? { my: true } : {}),
        peer_id: peerUser(person),
        date: message.date,
        reaction,
      })),
    };
  }

  message(copy: Copy): TlObject {
    const { message } = copy;
    if (copy.deleted) return { _: 'messageEmpty', id: copy.id };
    const out = message.from === copy.owner;
    const common = {
      id: copy.id,
      ...(out ? { out } : {}),
      // Both sides of a private chat are told by peer_id and `out`; the author of one's own is spelled out.
      ...(out || copy.peer < 0n ? { from_id: peerUser(message.from) } : {}),
      peer_id: peerOf(copy.peer),
      reply_to: this.reply(copy),
      date: message.date,
    };
    const action = actionOf(message.kind, message.uid);
    if (action !== undefined) return { _: 'messageService', ...common, action };
    return {
      _: 'message',
      ...common,
      media: mediaOf(message.kind, message.uid, message.date),
      message: message.text,
      entities: this.entities(copy),
      ...(message.editDate === null ? {} : { edit_date: message.editDate }),
    };
  }

  /** The update of one event, and which people and chats it mentions. */
  update(event: BoxEvent): { update: TlObject; people: bigint[] } {
    const { pts, count } = event;
    const numbers = { pts, pts_count: count };
    switch (event.kind) {
      case 'new':
      case 'edit': {
        const name = event.kind === 'new' ? 'updateNewMessage' : 'updateEditMessage';
        const update = { _: name, message: this.message(event.copy), ...numbers };
        return { update, people: peersOf(event.copy) };
      }
      case 'delete':
        return { update: { _: 'updateDeleteMessages', messages: event.ids, ...numbers }, people: [] };
      case 'read-inbox':
        return {
          update: {
            _: 'updateReadHistoryInbox',
            peer: peerOf(event.peer),
            max_id: event.maxId,
            still_unread_count: event.unread,
            ...numbers,
          },
          people: [],
        };
      case 'read-outbox':
        return {
          update: { _: 'updateReadHistoryOutbox', peer: peerOf(event.peer), max_id: event.maxId, ...numbers },
          people: [],
        };
    }
  }

  dialog(chat: Chat): TlObject {
    const { box } = this.#viewer;
    return {
      _: 'dialog',
      peer: peerOf(chat.peer),
      top_message: chat.copies.findLast((copy) => !copy.deleted)?.id ?? 0,
      read_inbox_max_id: chat.readInbox,
      read_outbox_max_id: chat.readOutbox,
      unread_count: box.unread(chat),
      unread_mentions_count: 0,
      unread_reactions_count: 0,
      notify_settings: { _: 'peerNotifySettings' },
    };
  }
}
