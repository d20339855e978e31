// What a room's state events say, and the ones that we write; pure, asks nobody.
import { as, type UserId } from '../model/ids.ts';
import type { Membership } from '../model/matrix-event.ts';
import type { RoomSpec, RoomWords } from '../ports/matrix.ts';
import type { OurIds } from './ids.ts';
import { field, objectAt, textAt, type Json } from './json.ts';
import { isMembership } from './read.ts';

export function membersOf(state: readonly Json[]): ReadonlyMap<UserId, Membership> {
  const members = new Map<UserId, Membership>();
  for (const one of state) {
    const now = field(objectAt(one, 'content'), 'membership');
    const user = textAt(one, 'state_key', 255);
    if (field(one, 'type') === 'm.room.member' && user !== undefined && isMembership(now)) {
      members.set(as<UserId>(user), now);
    }
  }
  return members;
}

/** Of the first event of this type: for types whose state key is empty. */
export function contentOf(state: readonly Json[], type: string): Json {
  return objectAt(
    state.find((one) => field(one, 'type') === type),
    'content',
  );
}

export function isTombstonedIn(state: readonly Json[]): boolean {
  return state.some((one) => field(one, 'type') === 'm.room.tombstone');
}

export function isEncryptedIn(state: readonly Json[]): boolean {
  return state.some((one) => field(one, 'type') === 'm.room.encryption');
}

export function creatorIn(state: readonly Json[]): string | undefined {
  const create = state.find((one) => field(one, 'type') === 'm.room.create');
  return textAt(create, 'sender');
}

/** Who stands above every level: from room version 12 on its creators, before that the one creator of a room without levels. */
export function creatorsIn(state: readonly Json[]): readonly UserId[] {
  const create = contentOf(state, 'm.room.create');
  const levelled = state.some((one) => field(one, 'type') === 'm.room.power_levels');
  const above = Number(textAt(create, 'room_version') ?? '1') >= 12;
  const first = creatorIn(state);
  if (first === undefined || (levelled && !above)) return [];
  const more = field(create, 'additional_creators');
  const others = above && Array.isArray(more) ? more.filter((one) => typeof one === 'string') : [];
  return [first, ...others].map((one) => as<UserId>(one));
}

/** MSC2346 in both spellings that clients read; the channel's id is opaque. */
export function bridgeState(
  ids: OurIds,
  spec: RoomSpec,
): readonly { readonly type: string; readonly state_key: string; readonly content: Json }[] {
  const channel = ids.channel(spec.portal);
  const content = {
    bridgebot: ids.bot,
    creator: ids.bot,
    protocol: { id: spec.portal.network, displayname: spec.networkTitle },
    channel: { id: channel, ...(spec.name === undefined ? {} : { displayname: shownName(spec.name) }) },
    'com.beeper.room_type': spec.direct ? 'dm' : 'default',
  };
  const key = `fr.passerelle://${spec.portal.network}/${channel}`;
  return ['m.bridge', 'uk.half-shot.bridge'].map((type) => ({ type, state_key: key, content }));
}

/** Was this room declared to be this chat's, and by our bot? */
export function isBridgedTo(state: readonly Json[], ids: OurIds, spec: RoomSpec): boolean {
  const bridge = state.find((one) => field(one, 'type') === 'm.bridge' && field(one, 'sender') === ids.bot);
  return textAt(objectAt(objectAt(bridge, 'content'), 'channel'), 'id') === ids.channel(spec.portal);
}

/** Characters that show nothing, or turn around what stands beside them; the selectors that make a sign an emoji stay. */
const HIDDEN = /(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Text from outside that stands alone, such as a name: one line, nothing hidden in it. */
export function tamed(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[\n\r\t]+/g, ' ')
    .replaceAll(HIDDEN, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** At most `max` UTF-16 units, and never half of a pair of surrogates. */
export function shortened(text: string, max: number): string {
  return text
    .slice(0, max)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim();
}

/** A room's name. */
export function shownName(name: string): string {
  return cut(tamed(name), 255);
}

/** A room's topic keeps its lines. */
export function shownTopic(topic: string): string {
  const lines = topic.split(/\r?\n/).map((line) => tamed(line));
  return cut(lines.join('\n').trim(), 3_000);
}

/** A name and a topic as rooms of ours say them. */
export function shownWords({ name, topic }: RoomWords): RoomWords {
  return {
    ...(name === undefined ? {} : { name: shownName(name) }),
    ...(topic === undefined ? {} : { topic: shownTopic(topic) }),
  };
}

function cut(clean: string, max: number): string {
  return clean.length <= max ? clean : `${shortened(clean, max - 1)}…`;
}
