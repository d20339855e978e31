// The table of cases behind docs/features.md: which kinds of message people have on each side, and what they can do with each. It
// must not know what becomes of them.
import type { Act } from './page.ts';

export interface Kind {
  readonly name: string;
  /** Besides sending it. */
  readonly acts: readonly Exclude<Act, 'send'>[];
  /** Words of the author's own can come along. */
  readonly words: boolean;
}

const kind = (name: string, acts: Kind['acts'], words = true): Kind => ({ name, acts, words });

const ALL = ['edit', 'reply', 'react', 'delete'] as const;
const FIXED = ['reply', 'react', 'delete'] as const;

export const telegramKinds = [
  kind('text', ALL),
  kind('formatted text', ALL),
  kind('photo', ALL),
  kind('sticker', FIXED, false),
  kind('voice', FIXED),
  kind('file', ALL),
  kind('location', FIXED, false),
  kind('contact', FIXED, false),
  kind('call', [], false),
  kind('screenshot', [], false),
] as const;

export const whatsappKinds = [
  kind('text', ALL),
  kind('text whose edits are sealed', ALL),
  kind('formatted text', ALL),
  kind('text with a preview', ALL),
  kind('forwarded text', ALL),
  kind('text that disappears', ALL),
  kind('photo', ALL),
  kind('video', ALL),
  kind('voice', FIXED, false),
  kind('audio', FIXED, false),
  kind('file', ALL),
  kind('sticker', FIXED, false),
  kind('location', FIXED),
  kind('live location', FIXED),
  kind('contact', FIXED),
  kind('poll', FIXED),
  kind('event', FIXED),
  kind('view-once photo', FIXED, false),
] as const;

const whatsappCalls = kind('call', [], false);
const timers = kind('timer of the chat', [], false);
const everybody = kind('call to everybody', ALL);
const mention = kind('text with a mention', ALL);

export const matrixKinds = [
  kind('text', ALL),
  kind('formatted text', ALL),
  kind('/me', ALL),
  kind('long text', ALL),
  kind('photo', ALL),
  kind('video', ALL),
  kind('voice', FIXED, false),
  kind('audio', FIXED, false),
  kind('file', ALL),
  kind('sticker', FIXED),
  kind('location', FIXED),
  kind('poll', ['react', 'delete']),
  kind('call', [], false),
] as const;

/** Telegram finds out by itself what is behind an address. */
const preview = kind('text with a preview', ALL);

export const places = {
  'Telegram, private chats': { network: 'Telegram', kinds: telegramKinds, fromMatrix: matrixKinds },
  'WhatsApp, private chats': {
    network: 'WhatsApp',
    kinds: [...whatsappKinds, whatsappCalls, timers],
    fromMatrix: [...matrixKinds, preview],
  },
  'WhatsApp, groups': {
    network: 'WhatsApp',
    kinds: [...whatsappKinds, mention, everybody, whatsappCalls, timers],
    fromMatrix: [...matrixKinds, preview, mention, everybody],
  },
} as const;
export type Place = keyof typeof places;

export const directions = (place: Place): { readonly toMatrix: string; readonly toNetwork: string } => {
  const { network } = places[place];
  return { toMatrix: `From ${network} to Matrix`, toNetwork: `From Matrix to ${network}` };
};

/** What people do beside writing, and on which side they can. */
export interface Deed {
  readonly name: string;
  readonly ways: readonly ('toMatrix' | 'toNetwork')[];
}

const BOTH = ['toMatrix', 'toNetwork'] as const;
const THERE = ['toMatrix'] as const;

export const deeds = {
  'WhatsApp, beside messages': [
    { name: 'it has arrived', ways: THERE },
    { name: 'it was read', ways: BOTH },
    { name: 'typing, with `networks.whatsapp.presence`', ways: BOTH },
    { name: 'what could not be read at first', ways: THERE },
    { name: 'a timer for the chat', ways: BOTH },
    { name: 'chat pinned', ways: BOTH },
    { name: 'chat archived', ways: BOTH },
    { name: 'chat muted', ways: BOTH },
    { name: 'chat marked as unread', ways: BOTH },
  ],
  'WhatsApp, groups themselves': [
    { name: 'a group is made', ways: BOTH },
    { name: 'its name', ways: BOTH },
    { name: 'its description', ways: BOTH },
    { name: 'its picture', ways: BOTH },
    { name: 'somebody is brought in', ways: BOTH },
    { name: 'somebody becomes an admin', ways: BOTH },
    { name: 'somebody is an admin no more', ways: BOTH },
    { name: 'only admins write', ways: BOTH },
    { name: 'only admins change it', ways: BOTH },
    { name: 'only admins bring people in', ways: BOTH },
    { name: 'a timer for the group', ways: BOTH },
    { name: 'an admin deletes what somebody else wrote', ways: BOTH },
    { name: 'somebody is sent out', ways: BOTH },
    { name: 'its link, and coming in by one', ways: BOTH },
    { name: 'asking to be let in, and letting in', ways: BOTH },
    { name: 'an invitation by message', ways: BOTH },
    { name: 'leaving', ways: BOTH },
  ],
} as const satisfies Readonly<Record<string, readonly Deed[]>>;
export type DeedPlace = keyof typeof deeds;
