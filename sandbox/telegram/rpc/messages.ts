// messages.*: sending, editing, deleting, reading and looking back, in private chats. Knows no sockets; whoever else
// must hear of it is told by the world.

import type { TlObject } from '../tl/layer.ts';
import type { BoxEvent, Chat, Copy } from '../world/box.ts';
import { peersOf, readEntities, View } from '../world/view.ts';
import { Refusal } from '../../refusal.ts';
import { MAX_TEXT } from '../world/messages.ts';
import type { Human } from '../world/people.ts';
import {
  asLong,
  asNumber,
  asNumbers,
  asObject,
  asObjects,
  asText,
  personOf,
  type Method,
  type SignedIn,
} from './context.ts';
import { whole } from './push.ts';

const MAX_PAGE = 100;

const page = (limit: number): number => Math.min(MAX_PAGE, Math.max(0, limit));

function people(copies: readonly Copy[]): bigint[] {
  return copies.flatMap(peersOf);
}

/** `updates` as the answer to a send: the id given to the random_id, then the message itself. */
function sentWhole(
  { view }: SignedIn,
  event: BoxEvent & { readonly kind: 'new' | 'edit' },
  randomId: bigint,
): TlObject {
  const { update, people: seen } = view.update(event);
  return whole(view, [{ _: 'updateMessageID', id: event.copy.id, random_id: randomId }, update], seen);
}

function send(context: SignedIn, request: TlObject): TlObject {
  const { server, me, session, view } = context;
  const peer = personOf(context, request['peer']);
  const randomId = asLong(request['random_id']);
  if (randomId === 0n) throw new Refusal(400, 'RANDOM_ID_EMPTY');
  if (request['schedule_date'] !== undefined) throw new Refusal(400, 'SCHEDULE_NOT_SIMULATED');
  const before = me.sent.get(randomId);
  if (before !== undefined) {
    if (server.options.dupMode === 'error') throw new Refusal(500, 'RANDOM_ID_DUPLICATE');
    return sentWhole(context, { kind: 'new', copy: before, pts: me.box.pts, count: 0 }, randomId);
  }
  if (peer.state === 'deactivated') throw new Refusal(400, 'INPUT_USER_DEACTIVATED');
  const reply = asObject(request['reply_to']);
  const { copy, event } = server.world.messages.write(
    me,
    peer,
    {
      text: asText(request['message']),
      entities: readEntities(request['entities']),
      randomId,
      replyTo: reply._ === 'inputReplyToMessage' ? asNumber(reply['reply_to_msg_id']) : null,
    },
    session,
  );
  if (server.options.sentForm === 'full' || event.kind !== 'new') {
    return sentWhole(context, { ...event, kind: 'new', copy }, randomId);
  }
  return {
    _: 'updateShortSentMessage',
    out: true,
    id: copy.id,
    pts: event.pts,
    pts_count: event.count,
    date: copy.message.date,
    entities: view.entities(copy),
  };
}

function edit(context: SignedIn, request: TlObject): TlObject {
  const { server, me, session, view } = context;
  const peer = personOf(context, request['peer']);
  const id = asNumber(request['id']);
  if (me.box.find(id)?.peer !== peer.id) throw new Refusal(400, 'MESSAGE_ID_INVALID');
  const what = { text: asText(request['message']), entities: readEntities(request['entities']) };
  const { event } = server.world.messages.edit(me, id, what, session);
  const { update, people: seen } = view.update(event);
  return whole(view, [update], seen);
}

function messagesOf(view: View, copies: readonly Copy[], total: number): TlObject {
  const seen = people(copies);
  const body = {
    messages: copies.map((copy) => view.message(copy)),
    chats: view.chats(seen),
    users: view.users(seen),
  };
  return copies.length >= total
    ? { _: 'messages.messages', ...body }
    : { _: 'messages.messagesSlice', count: total, ...body };
}

function history(context: SignedIn, request: TlObject): TlObject {
  const { me, view } = context;
  const peer = personOf(context, request['peer']);
  const chat = me.box.chats.get(peer.id);
  const all = chat === undefined ? [] : me.box.visible(chat).toReversed();
  const [offsetId, offsetDate] = [asNumber(request['offset_id']), asNumber(request['offset_date'])];
  const [minId, maxId] = [asNumber(request['min_id']), asNumber(request['max_id'])];
  let start = 0;
  if (offsetId > 0) start = all.findIndex((copy) => copy.id < offsetId);
  else if (offsetDate > 0) start = all.findIndex((copy) => copy.message.date < offsetDate);
  if (start < 0) start = all.length;
  const from = start + asNumber(request['add_offset']);
  const chosen = all
    .slice(Math.max(0, from), Math.max(0, from + page(asNumber(request['limit']))))
    .filter((copy) => (minId === 0 || copy.id > minId) && (maxId === 0 || copy.id < maxId));
  return messagesOf(view, chosen, all.length);
}

const topOf = (chat: Chat): Copy | undefined => chat.copies.findLast((copy) => !copy.deleted);

/** A chat in the list of dialogs, with its newest message. */
interface Row {
  readonly dialog: TlObject;
  readonly top: TlObject;
  readonly date: number;
  readonly id: number;
  readonly people: readonly bigint[];
}

function rows({ server, me, view }: SignedIn): Row[] {
  const own = [...me.box.chats.values()].flatMap((chat): Row[] => {
    const top = topOf(chat);
    if (top === undefined) return [];
    const { date } = top.message;
    return [{ dialog: view.dialog(chat), top: view.message(top), date, id: top.id, people: peersOf(top) }];
  });
  const channels = server.world.groups.channelsOf(me.id).flatMap((group): Row[] => {
    const top = group.posts.at(-1);
    if (top === undefined) return [];
    const dialog = { ...view.dialog({ peer: group.peer, copies: [], readInbox: 0, readOutbox: 0 }), pts: top.pts };
    const { date, id, from } = top;
    return [
      { dialog: { ...dialog, top_message: id }, top: view.post(group, top), date, id, people: [group.peer, from] },
    ];
  });
  return [...own, ...channels].sort((a, b) => b.date - a.date || b.id - a.id);
}

function dialogs(context: SignedIn, request: TlObject): TlObject {
  const { me, view } = context;
  const inFolder = asNumber(request['folder_id']) !== 0;
  const all = inFolder ? [] : rows(context);
  const [offsetDate, offsetId] = [asNumber(request['offset_date']), asNumber(request['offset_id'])];
  const rest = all.filter(
    ({ date, id }) => offsetDate === 0 || date < offsetDate || (date === offsetDate && offsetId !== 0 && id < offsetId),
  );
  const chosen = rest.slice(0, page(asNumber(request['limit']) || MAX_PAGE));
  const seen = [me.id, ...chosen.flatMap((row) => row.people)];
  const body = {
    dialogs: chosen.map(({ dialog }) => dialog),
    messages: chosen.map(({ top }) => top),
    chats: view.chats(seen),
    users: view.users(seen),
  };
  return chosen.length >= all.length
    ? { _: 'messages.dialogs', ...body }
    : { _: 'messages.dialogsSlice', count: all.length, ...body };
}

function peerDialogs(context: SignedIn, request: TlObject): TlObject {
  const { me, view } = context;
  const chats = asObjects(request['peers']).flatMap((one): { chat: Chat; person: Human }[] => {
    if (one._ !== 'inputDialogPeer') return [];
    const person = personOf(context, one['peer']);
    return [
      { person, chat: me.box.chats.get(person.id) ?? { peer: person.id, copies: [], readInbox: 0, readOutbox: 0 } },
    ];
  });
  const tops = chats.flatMap(({ chat }) => topOf(chat) ?? []);
  return {
    _: 'messages.peerDialogs',
    dialogs: chats.map(({ chat }) => view.dialog(chat)),
    messages: tops.map((top) => view.message(top)),
    chats: [],
    users: view.users([me.id, ...chats.map(({ person }) => person.id)]),
    state: stateOf(me),
  };
}

/** updates.state of an account. */
export function stateOf(me: Human): TlObject {
  const unread = [...me.box.chats.values()].reduce((sum, chat) => sum + me.box.unread(chat), 0);
  const date = Math.floor(Date.now() / 1000);
  return { _: 'updates.state', pts: me.box.pts, qts: 0, date, seq: 0, unread_count: unread };
}

export const messageMethods: Readonly<Record<string, Method>> = {
  'messages.sendMessage': (context, request) => {
    if (asText(request['message']).length > MAX_TEXT * 4) throw new Refusal(400, 'MESSAGE_TOO_LONG');
    return send(context, request);
  },
  'messages.editMessage': edit,
  'messages.deleteMessages': ({ server, me, session }, request) => {
    const { pts, count } = server.world.messages.remove(
      me,
      asNumbers(request['id']),
      request['revoke'] === true,
      session,
    );
    return { _: 'messages.affectedMessages', pts, pts_count: count };
  },
  'messages.deleteHistory': (context, request) => {
    const { server, me, session } = context;
    const peer = personOf(context, request['peer']);
    const maxId = asNumber(request['max_id']);
    const chat = me.box.chats.get(peer.id);
    const ids = chat === undefined ? [] : me.box.visible(chat).map((copy) => copy.id);
    const chosen = ids.filter((id) => maxId === 0 || id <= maxId);
    const { pts, count } = server.world.messages.remove(me, chosen, request['revoke'] === true, session);
    return { _: 'messages.affectedHistory', pts, pts_count: count, offset: 0 };
  },
  'messages.readHistory': (context, request) => {
    const peer = personOf(context, request['peer']);
    const { pts, count } = context.server.world.messages.read(
      context.me,
      peer,
      asNumber(request['max_id']),
      context.session,
    );
    return { _: 'messages.affectedMessages', pts, pts_count: count };
  },
  'messages.setTyping': (context, request) => {
    const peer = personOf(context, request['peer']);
    const action = asObject(request['action'])._;
    if (peer !== context.me)
      context.server.world.messages.typing(context.me, peer, action === 'sendMessageCancelAction');
    return true;
  },
  'messages.getHistory': history,
  'messages.getMessages': ({ me, view }, request) => {
    const asked = asObjects(request['id']).slice(0, MAX_PAGE);
    const found = asked.map((one) => ({ id: asNumber(one['id']), copy: me.box.find(asNumber(one['id'])) }));
    const copies = found.flatMap(({ copy }) => copy ?? []);
    return {
      _: 'messages.messages',
      messages: found.map(({ id, copy }) => (copy === undefined ? { _: 'messageEmpty', id } : view.message(copy))),
      chats: view.chats(people(copies)),
      users: view.users(people(copies)),
    };
  },
  'messages.getDialogs': dialogs,
  'messages.getPeerDialogs': peerDialogs,
  'messages.getPinnedDialogs': ({ me }) => ({
    _: 'messages.peerDialogs',
    dialogs: [],
    messages: [],
    chats: [],
    users: [],
    state: stateOf(me),
  }),
};
