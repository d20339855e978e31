// The PUBLIC view of a person, and what rules may match them on. Pure. Why some names are left out: docs/telegram.md.
import type { PersonSnapshot } from '../../model/chat.ts';
import type { ResolvedChat } from '../../ports/network.ts';
import { directChatId, personId } from './ids.ts';
import { Api, textOf } from './wire/api.ts';

/** What openMedia() needs to fetch a profile photo; stored as JSON. */
export interface AvatarHandle {
  readonly kind: 'avatar';
  readonly user: string;
  readonly photo: string;
  readonly dc: number;
}

export function isAvatarHandle(handle: unknown): handle is AvatarHandle {
  if (typeof handle !== 'object' || handle === null || !('kind' in handle) || handle.kind !== 'avatar') return false;
  const { user, photo, dc } = handle as Partial<Record<string, unknown>>;
  return typeof user === 'string' && typeof photo === 'string' && typeof dc === 'number';
}

export function usernameOf(user: Api.User): string | undefined {
  if (user.username) return user.username;
  return user.usernames?.find((one) => one.active === true)?.username;
}

/** As Telegram shows them to this login: for contacts that is the name the login saved, which is nobody else's business. */
function publicName(user: Api.User): string | undefined {
  if (user.deleted === true || ((user.contact === true || user.mutualContact === true) && user.self !== true))
    return undefined;
  const name = [user.firstName, user.lastName]
    .filter((part) => part)
    .join(' ')
    .trim();
  return name === '' ? undefined : name;
}

export function snapshotOf(user: Api.User): PersonSnapshot {
  const name = publicName(user);
  const username = usernameOf(user);
  const avatar = avatarOf(user);
  return {
    id: personId(user.id),
    ...(name === undefined ? {} : { name }),
    ...(username === undefined ? {} : { username }),
    ...(avatar === undefined ? {} : { avatar }),
  };
}

function avatarOf(user: Api.User): PersonSnapshot['avatar'] {
  const { photo } = user;
  // A personal photo is one this login chose for the contact.
  if (!(photo instanceof Api.UserProfilePhoto) || photo.personal === true) return undefined;
  const handle: AvatarHandle = { kind: 'avatar', user: textOf(user.id), photo: textOf(photo.photoId), dc: photo.dcId };
  return { hash: `tg-${handle.photo}`, source: { from: 'network', handle } };
}

/** `direct:<id>`, `username:<name>`, `phone:+<number>` (only as far as this login may see the number). */
export function factsOf(user: Api.User): string[] {
  const facts = [`direct:${textOf(user.id)}`];
  for (const name of new Set([user.username, ...(user.usernames ?? []).map((one) => one.username)])) {
    if (name) facts.push(`username:${name.toLowerCase()}`);
  }
  if (user.phone) facts.push(`phone:+${user.phone.replaceAll(/\D/g, '')}`);
  return facts;
}

/** Rule facts of the account that logs in. */
export function accountFacts(user: Api.User): string[] {
  return [...factsOf(user).filter((fact) => !fact.startsWith('direct:')), `user:${textOf(user.id)}`];
}

/** Shown to the login's owner only. */
export function ownName(user: Api.User): string {
  const username = usernameOf(user);
  const name = [user.firstName, user.lastName]
    .filter((part) => part)
    .join(' ')
    .trim();
  return name !== '' ? name : username !== undefined ? `@${username}` : textOf(user.id);
}

export function resolvedOf(user: Api.User): ResolvedChat {
  const person = snapshotOf(user);
  return {
    chat: { id: directChatId(user.id), kind: 'direct', members: [{ person: person.id, role: 'member' }] },
    person,
    facts: factsOf(user),
  };
}
