// A picture of a person or a group as the house hands it about: whose, which, and where it was; pure.
import type { Picture } from '../../model/chat.ts';
import type { ChatId, PersonId } from '../../model/ids.ts';

/** The address is good for some days. */
export interface Handle {
  readonly kind: 'picture';
  readonly of: string;
  readonly id: string;
  readonly url?: string;
}

const LONGEST_ID = 40;

export function pictureOf(of: PersonId | ChatId, id: string, url?: string): Picture {
  const handle: Handle = { kind: 'picture', of, id, ...(url === undefined ? {} : { url }) };
  return { hash: `wa-${id}`, source: { from: 'network', handle } };
}

export function isHandle(handle: unknown): handle is Handle {
  if (typeof handle !== 'object' || handle === null) return false;
  const { kind, of, id, url } = handle as Partial<Record<string, unknown>>;
  return kind === 'picture' && typeof of === 'string' && isId(id) && (url === undefined || typeof url === 'string');
}

export function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w-]+$/.test(id) && id.length <= LONGEST_ID;
}
