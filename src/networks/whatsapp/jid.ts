// WhatsApp's addresses taken apart and put together; knows nothing of what we call the people and chats behind them.

/** pn = a person by phone number, lid = the same person by their hidden id, the rest as WhatsApp calls them. */
export type JidKind = 'pn' | 'lid' | 'group' | 'broadcast' | 'newsletter';

/** `user` never holds agent or device; device 0 is the phone. */
export interface Jid {
  readonly kind: JidKind;
  readonly user: string;
  readonly device: number;
}

/** A person's two names on the wire: digits only. */
export interface Handles {
  readonly lid?: string;
  readonly pn?: string;
}

const KINDS: Readonly<Record<string, JidKind>> = {
  's.whatsapp.net': 'pn',
  'c.us': 'pn',
  hosted: 'pn',
  lid: 'lid',
  'hosted.lid': 'lid',
  'g.us': 'group',
  broadcast: 'broadcast',
  newsletter: 'newsletter',
};

const SERVERS: Readonly<Record<JidKind, string>> = {
  pn: 's.whatsapp.net',
  lid: 'lid',
  group: 'g.us',
  broadcast: 'broadcast',
  newsletter: 'newsletter',
};

/** The bounds are what ids.ts can name: numbers as E.164 has them, groups of both ages. */
const USERS: Readonly<Record<JidKind, RegExp>> = {
  pn: /^\d{1,15}$/,
  lid: /^\d{1,20}$/,
  group: /^\d{1,24}$|^\d{1,15}-\d{1,12}$/,
  broadcast: /^status$|^\d{1,20}$/,
  newsletter: /^\d{1,24}$/,
};

/** The chat in which status updates come. */
export const STATUS = 'status';

/** @returns undefined for what is no address of a person, group, list or channel (servers, bots, calls, nonsense) */
export function parseJid(text: unknown): Jid | undefined {
  if (typeof text !== 'string' || text.length > 100) return undefined;
  const match = /^([0-9a-z-]+)(?:[._]\d{1,3})?(?::(\d{1,4}))?@([a-z.]+)$/.exec(text);
  const kind = match?.[3] !== undefined && Object.hasOwn(KINDS, match[3]) ? KINDS[match[3]] : undefined;
  const user = match?.[1] ?? '';
  if (kind === undefined || !USERS[kind].test(user)) return undefined;
  return { kind, user, device: Number(match?.[2] ?? 0) };
}

/** Without a device: the whole account. */
export function jidText(kind: JidKind, user: string): string {
  return `${user}@${SERVERS[kind]}`;
}

export function isPerson(jid: Jid | undefined): jid is Jid & { readonly kind: 'pn' | 'lid' } {
  return jid?.kind === 'pn' || jid?.kind === 'lid';
}

/** Both names of one person, from an address and the other one that came beside it; what does not fit is left out. */
export function handlesOf(jid: unknown, beside?: unknown): Handles | undefined {
  const [one, other] = [parseJid(jid), parseJid(beside)];
  if (!isPerson(one)) return undefined;
  const first = { [one.kind]: one.user };
  return isPerson(other) && other.kind !== one.kind ? { ...first, [other.kind]: other.user } : first;
}

/** Do they share a name? Two people never do. */
export function overlap(one: Handles, other: Handles): boolean {
  return (one.lid !== undefined && one.lid === other.lid) || (one.pn !== undefined && one.pn === other.pn);
}

/**
 * As handlesOf(), but an address of our own account beside somebody else's is left out: beside the chat of an own message it
 * may stand for us, and nobody becomes us by claiming it.
 */
export function handlesBeside(own: Handles, jid: unknown, beside: unknown): Handles | undefined {
  const alone = handlesOf(jid);
  const both = handlesOf(jid, beside);
  if (alone === undefined || both === undefined) return undefined;
  return overlap(both, own) && !overlap(alone, own) ? alone : both;
}
