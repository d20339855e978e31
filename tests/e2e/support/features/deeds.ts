// What people do beside writing messages, done on one side and looked for on the other, on WhatsApp: reading, typing, keeping chats, timers.
// It must not know what is expected.
import type { Person as OnWhatsApp } from '../../../../sandbox/whatsapp/control-client.ts';
import type { Deed, deeds } from '../../../features/kinds.ts';
import type { Deeds, Outcome } from '../../../features/page.ts';
import { keeping, type Keeping } from '../../../support/keeping.ts';
import { bodyOf, type Person, type RoomEvent } from '../person.ts';
import { BOT, type Management, type Town } from '../town.ts';

/** Where things are done: somebody who is linked, and a contact with whom they have a room. */
export interface Field {
  readonly town: Town;
  readonly person: Person;
  readonly management: Management;
  readonly self: OnWhatsApp;
  readonly contact: OnWhatsApp;
  readonly room: string;
  readonly ghost: string;
}

/** Does it and sees it through. @returns what became of it; nothing: it arrived as what it is @throws Error when it did not */
export type Hand = (field: Field) => Promise<Outcome | void>;
export type Hands = Readonly<Partial<Record<Deed['ways'][number], Hand>>>;

/** One after the other: each finds what the one before left. */
export async function done(
  field: Field,
  table: readonly Deed[],
  hands: Readonly<Record<string, Hands>>,
): Promise<Deeds> {
  const seen: Record<string, readonly [Outcome, Outcome]> = {};
  for (const { name, ways } of table) {
    const cell = async (way: Deed['ways'][number]): Promise<Outcome> => {
      const hand = hands[name]?.[way];
      if ((hand !== undefined) !== ways.includes(way))
        throw new Error(`${name}, ${way}: people can, and no hand does, or so`);
      return hand === undefined ? '–' : await seenThrough(field, name, hand);
    };
    seen[name] = [await cell('toMatrix'), await cell('toNetwork')];
  }
  return seen;
}

async function seenThrough(field: Field, name: string, hand: Hand): Promise<Outcome> {
  try {
    return (await hand(field)) ?? 'yes';
  } catch (error) {
    // It stands in the row, and fails it: the others are seen all the same.
    return `odd: ${name}: ${String(error)}` as Outcome;
  }
}

export async function inRoom(
  { person }: Pick<Field, 'person'>,
  room: string,
  what: string,
  fits: (event: RoomEvent) => boolean,
): Promise<RoomEvent> {
  return await person.until(what, async () => (await person.history(room)).find((event) => fits(event)));
}

/** The contact writes. @returns its id there, and its event here */
async function told({ town, person, contact, self, room }: Field, words: string) {
  const text = town.canaries.text(words);
  const id = await town.whatsapp.write(contact.id, self.id, text);
  return { id, event: (await inRoom({ person }, room, words, (event) => bodyOf(event) === text)).event_id };
}

/** The person writes, and the contact has it. */
async function said({ town, person, contact, self, room }: Field, words: string) {
  const text = town.canaries.text(words);
  const event = await person.say(room, text);
  return { event, id: (await town.whatsapp.waitForText(contact.id, self.id, text)).id };
}

const readBy = ({ person, room }: Field, user: string): string | undefined =>
  person.client.getRoom(room)?.getReadReceiptForUserId(user, true)?.eventId;

/** Nothing of how a person keeps a room is told the telephone; what they write next is. */
function staysHere(does: (field: Field) => Promise<void>): Hand {
  return async (field) => {
    const before = await kept(field);
    await does(field);
    await said(field, 'behind it');
    return before === (await kept(field)) ? 'here' : 'yes';
  };
}

async function kept({ town, self }: Field): Promise<string> {
  const collections = ['regular_low', 'regular_high', 'critical_block'];
  const all = collections.map(
    async (collection) => await town.whatsapp.command('settings', { viewer: self.id, collection }),
  );
  return JSON.stringify(await Promise.all(all));
}

const onPhone = ({ town, self }: Field): Keeping => keeping(town.whatsapp, self.id);

function tagged(name: string, keep: (on: Keeping, chat: string, is: boolean) => Promise<void>): Hands {
  return {
    toMatrix: async (field) => {
      const { person, room, contact } = field;
      for (const is of [true, false]) {
        await keep(onPhone(field), contact.lid, is);
        await person.until(`${name}: ${String(is)}`, async () => (await person.tags(room)).includes(name) === is);
      }
    },
    toNetwork: staysHere(async ({ person, room }) => await person.tag(room, name)),
  };
}

export function notices(history: readonly RoomEvent[], words: string): number {
  return history.filter((event) => event.content['msgtype'] === 'm.notice' && bodyOf(event).includes(words)).length;
}

const DISAPPEAR = 'disappear';
const WEEK_S = 7 * 86_400;

export const beside = {
  'it has arrived': {
    toMatrix: async (field) => {
      const { event } = await said(field, 'are you there?');
      await field.person.until('the bot’s receipt', () => readBy(field, BOT) === event);
    },
  },
  'it was read': {
    toMatrix: async (field) => {
      const { town, person, contact, self, ghost } = field;
      const { id, event } = await said(field, 'read this');
      await town.whatsapp.read(contact.id, self.id, [id]);
      await person.until('the ghost’s receipt', () => readBy(field, ghost) === event);
    },
    toNetwork: async (field) => {
      const { town, person, contact, room } = field;
      const { id, event } = await told(field, 'read that');
      await person.ask('POST', `/rooms/${encodeURIComponent(room)}/receipt/m.read/${encodeURIComponent(event)}`, {});
      const read = async (): Promise<boolean> =>
        (await town.whatsapp.receipts(contact.id, id)).some(({ type }) => type === 'read');
      await person.until('the receipt there', read);
    },
  },
  'typing, with `networks.whatsapp.presence`': {
    toMatrix: async ({ town, person, contact, self, room, ghost }) => {
      const typing = (): boolean => person.client.getRoom(room)?.getMember(ghost)?.typing === true;
      await town.whatsapp.type(contact.id, self.id);
      await person.until('typing', typing);
      await town.whatsapp.type(contact.id, self.id, 'paused');
      await person.until('its end', () => !typing());
    },
    toNetwork: async ({ town, person, contact, room }) => {
      for (const [typing, shown] of [
        [true, 'composing'],
        [false, 'paused'],
      ] as const) {
        await person.client.sendTyping(room, typing, 30_000);
        const states = async () => await town.whatsapp.command('chatStates', { viewer: contact.id });
        await person.until(shown, async () => (await states()).at(-1)?.state === shown);
      }
    },
  },
  'what could not be read at first': {
    toMatrix: async ({ town, person, contact, self, room }) => {
      await town.whatsapp.command('damage', { by: contact.id, times: 1 });
      const text = town.canaries.text('damaged on its way');
      await town.whatsapp.write(contact.id, self.id, text);
      const words = ({ content }: RoomEvent): unknown =>
        ((content['m.new_content'] ?? content) as Readonly<Record<string, unknown>>)['body'];
      await inRoom({ person }, room, 'its words', (event) => words(event) === text);
    },
  },
  'a timer for the chat': {
    toMatrix: async ({ town, person, contact, self, room }) => {
      const before = notices(await person.history(room), DISAPPEAR);
      await town.whatsapp.command('setTimer', { by: contact.id, to: self.id, seconds: 86_400 });
      await person.until('the notice', async () => notices(await person.history(room), DISAPPEAR) > before);
      return 'notice';
    },
    toNetwork: async ({ town, person, contact, self, room }) => {
      await person.say(room, '!disappear 7d');
      await person.until('the timer there', async () =>
        (await town.whatsapp.messages(contact.id, self.id)).some(
          ({ from, kind, expiration }) => from === self.id && kind === 'timer' && expiration === WEEK_S,
        ),
      );
    },
  },
  'chat pinned': tagged('m.favourite', async (on, chat, is) => await on.pinned(chat, is)),
  'chat archived': tagged('m.lowpriority', async (on, chat, is) => await on.archived(chat, is)),
  'chat muted': {
    toMatrix: async (field) => {
      for (const is of [true, false]) {
        await onPhone(field).muted(field.contact.lid, is);
        await field.person.until(`muted: ${String(is)}`, () => field.person.isSilent(field.room) === is);
      }
    },
    toNetwork: staysHere(async ({ person, room }) => {
      await person.ask('PUT', `/pushrules/global/room/${encodeURIComponent(room)}`, { actions: ['dont_notify'] });
    }),
  },
  'chat marked as unread': {
    toMatrix: async (field) => {
      const { person, room, contact } = field;
      for (const is of [true, false]) {
        await onPhone(field).read(contact.lid, !is);
        await person.until(`unread: ${String(is)}`, () => person.roomData(room, 'm.marked_unread')['unread'] === is);
      }
    },
    toNetwork: staysHere(async ({ person, room }) => {
      const place = `/user/${encodeURIComponent(person.id)}/rooms/${encodeURIComponent(room)}`;
      await person.ask('PUT', `${place}/account_data/m.marked_unread`, { unread: true });
    }),
  },
} satisfies Readonly<Record<(typeof deeds)['WhatsApp, beside messages'][number]['name'], Hands>>;
