// Why the server did not change a group, or not for one of its people, in words and with what to do; tables, nothing else.
import { BridgeError, type Retry } from '../../model/errors.ts';
import type { GroupAction } from '../../model/delivery.ts';
import type { SayKey } from '../../model/say.ts';
import type { GroupAsk } from '../../ports/group.ts';

const VALUES = { network: 'WhatsApp' };
const RATE_MS = 60_000;

/** The library throws the code of the server's error as `data`. */
const FAULTS: Readonly<Record<number, readonly [Retry, SayKey]>> = {
  400: ['never', 'network.refused'],
  401: ['never', 'whatsapp.not-admin'],
  403: ['never', 'whatsapp.not-admin'],
  404: ['never', 'whatsapp.peer-gone'],
  405: ['never', 'whatsapp.not-admin'],
  406: ['never', 'whatsapp.group-not-acceptable'],
  // Somebody else changed the description at the same moment.
  409: ['now', 'network.unreachable'],
  410: ['never', 'whatsapp.peer-gone'],
  429: ['later', 'network.rate-limited'],
};

/** @param now epoch ms @returns undefined when it is as it should be */
export function queryFault(
  error: unknown,
  kind: GroupAction['kind'] | GroupAsk['kind'],
  now: number,
): BridgeError | undefined {
  const code = codeOf(error);
  if (code === undefined) {
    return new BridgeError('whatsapp-no-answer', 'now', 'network.unreachable', {
      cause: error,
      mayHaveHappened: true,
      values: VALUES,
    });
  }
  // Who is not in it has left it.
  if (kind === 'leave' && (code === 403 || code === 404)) return undefined;
  // A link that was renewed, or of a group that is gone.
  if ((kind === 'look' || kind === 'join') && code < 429) {
    return new BridgeError(`whatsapp-link-${code}`, 'never', 'whatsapp.link-gone', { cause: error, values: VALUES });
  }
  const [retry, words] =
    FAULTS[code] ?? (code >= 500 ? ['later', 'network.unreachable'] : ['never', 'network.refused']);
  const notBefore = code === 429 ? { notBefore: now + RATE_MS } : {};
  return new BridgeError(`whatsapp-group-${code}`, retry, words, {
    cause: error,
    values: { ...VALUES, code },
    ...notBefore,
  });
}

/** The code of the server's answer; undefined when there was none. */
export function codeOf(error: unknown): number | undefined {
  const { data } = (error ?? {}) as { readonly data?: unknown };
  return typeof data === 'number' && Number.isInteger(data) && data >= 400 ? data : undefined;
}

export type MemberChange = 'add' | 'remove' | 'promote' | 'demote';

/** What each status of one person means; 200 and what is absent: done, or so already. */
const MEMBERS: Readonly<Record<MemberChange, Readonly<Record<number, SayKey>>>> = {
  add: {
    401: 'whatsapp.add-privacy',
    403: 'whatsapp.add-privacy',
    404: 'whatsapp.peer-gone',
    408: 'whatsapp.add-left',
    417: 'whatsapp.peer-gone',
    419: 'whatsapp.group-full',
  },
  remove: { 403: 'whatsapp.not-admin', 406: 'whatsapp.not-admin' },
  promote: { 403: 'whatsapp.not-admin', 404: 'whatsapp.not-member', 419: 'network.refused' },
  demote: { 403: 'whatsapp.owner-stays', 406: 'whatsapp.owner-stays' },
};

export function memberFault(change: MemberChange, status: number): BridgeError | undefined {
  const words = MEMBERS[change][status];
  if (words !== undefined) return new BridgeError(`whatsapp-member-${status}`, 'never', words, { values: VALUES });
  if (status === 200 || status === 404 || status === 409) return undefined;
  return new BridgeError(`whatsapp-member-${status}`, status >= 500 ? 'later' : 'never', 'network.refused', {
    values: { ...VALUES, code: status },
  });
}
