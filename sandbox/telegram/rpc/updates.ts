// updates.*: where an account stands and what it has missed (core.telegram.org/api/updates). Knows no sockets.

import type { TlObject } from '../tl/layer.ts';
import { Refusal } from '../../refusal.ts';
import { asNumber, channelOf, type Method, type SignedIn } from './context.ts';
import { stateOf } from './messages.ts';

function difference({ server, me, view }: SignedIn, request: TlObject): TlObject {
  const pts = asNumber(request['pts']);
  if (pts <= 0) throw new Refusal(400, 'PERSISTENT_TIMESTAMP_EMPTY');
  const date = Math.floor(Date.now() / 1000);
  const missed = me.box.since(pts);
  const total = asNumber(request['pts_total_limit']);
  const tooMany = Math.min(server.options.differenceTooLong, total > 0 ? total : Number.POSITIVE_INFINITY);
  if (missed === null || missed.length > tooMany) return { _: 'updates.differenceTooLong', pts: me.box.pts };
  // What was said in channels is asked for channel by channel: that it was, is told here.
  const since = asNumber(request['date']);
  const channels = server.world.groups.channelsOf(me.id).filter(({ posts }) => (posts.at(-1)?.date ?? 0) >= since);
  if (missed.length === 0 && channels.length === 0) return { _: 'updates.differenceEmpty', date, seq: 0 };
  const asked = asNumber(request['pts_limit']);
  const limit = Math.max(
    1,
    Math.min(server.options.differenceLimit, asked > 0 ? asked : server.options.differenceLimit),
  );
  const events = missed.slice(0, limit);
  const people = new Set<bigint>([me.id, ...channels.map(({ peer }) => peer)]);
  const messages: TlObject[] = [];
  const others: TlObject[] = channels.map(({ id, posts }) => ({
    _: 'updateChannelTooLong',
    channel_id: id,
    pts: posts.at(-1)?.pts ?? 1,
  }));
  for (const event of events) {
    const told = view.update(event);
    for (const id of told.people) people.add(id);
    if (event.kind !== 'new') others.push(told.update);
    // What has been deleted since is not shown any more; its deletion is among the events.
    else if (!event.copy.deleted) messages.push(view.message(event.copy));
  }
  const body = {
    new_messages: messages,
    new_encrypted_messages: [],
    other_updates: others.filter((update) => !isOfDeleted(update)),
    chats: view.chats(people),
    users: view.users(people),
  };
  const state = stateOf(me);
  return events.length === missed.length
    ? { _: 'updates.difference', ...body, state }
    : { _: 'updates.differenceSlice', ...body, intermediate_state: { ...state, pts: events.at(-1)?.pts ?? pts } };
}

/** What a channel or supergroup said after `pts`; all of it in one answer. */
function channelDifference(context: SignedIn, request: TlObject): TlObject {
  const group = channelOf(context, request['channel']);
  const since = asNumber(request['pts']);
  const posts = group.posts.filter(({ pts }) => pts > since);
  const last = group.posts.at(-1)?.pts ?? 1;
  if (posts.length === 0) return { _: 'updates.channelDifferenceEmpty', final: true, pts: last };
  const seen = [group.peer, ...posts.map(({ from }) => from)];
  return {
    _: 'updates.channelDifference',
    final: true,
    pts: last,
    new_messages: posts.map((post) => context.view.post(group, post)),
    other_updates: [],
    chats: context.view.chats(seen),
    users: context.view.users(seen),
  };
}

/** An edit of a message that is gone says nothing. */
function isOfDeleted(update: TlObject): boolean {
  const message = update['message'];
  return typeof message === 'object' && '_' in message && message._ === 'messageEmpty';
}

export const updateMethods: Readonly<Record<string, Method>> = {
  'updates.getState': ({ me }) => stateOf(me),
  'updates.getDifference': difference,
  'updates.getChannelDifference': channelDifference,
};
