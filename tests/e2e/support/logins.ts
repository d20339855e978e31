// Logs people in as they do it themselves, in the management room, and gives their conversations; knows no insides of the bridge.
import type { Person } from './person.ts';
import type { Management, Town } from './town.ts';

/** One conversation of somebody who is logged in with one contact, seen from both ends. */
export interface Conversation {
  readonly name: string;
  readonly room: string;
  /** The contact's ghost. */
  readonly ghost: string;
  /** The contact writes. */
  write(text: string): Promise<void>;
  /** What the network has of the person who is logged in, in its order. */
  there(): Promise<readonly string[]>;
  /** What the homeserver has of the contact, in its order. */
  here(): Promise<readonly string[]>;
}

/** @returns the account over there */
export async function loginToPigeon(
  town: Town,
  management: Management,
  name: string,
): Promise<{ readonly id: string }> {
  const password = town.canaries.secret(`the pigeon password of ${name}`, `coo-${name.toLowerCase()}-8812`);
  const self = await town.pigeon.person(name, password);
  await management.ask('login pigeon', /name of your Pigeon account/);
  await management.ask(self.handle, /^password/);
  await management.ask(password, /signed in to Pigeon/);
  return self;
}

/** @returns the account over there */
export async function loginToTelegram(
  town: Town,
  management: Management,
  firstName: string,
): Promise<{ readonly id: string; readonly phone: string }> {
  const self = await town.telegram.createPerson({ firstName: town.canaries.secret('a first name', firstName) });
  town.canaries.secret('a phone number', self.phone);
  await management.ask('login telegram phone', /phone number/);
  await management.ask(`+${self.phone}`, /login code/);
  const { code } = await town.telegram.waitForCode(self.phone);
  await management.ask(town.canaries.secret('a login code', code), /signed in to Telegram/);
  return self;
}

/** The contact says a first word, and its room is joined. */
export async function talkOnPigeon(town: Town, person: Person, self: string, contact: string): Promise<Conversation> {
  const other = await town.pigeon.person(contact);
  const chat = await town.pigeon.direct(self, other.id);
  return await opened(town, person, `pigeon/${contact}`, {
    write: async (text) => void (await town.pigeon.write(other.id, chat.id, text)),
    there: async () => (await town.pigeon.messages(chat.id)).filter(({ by }) => by === self).map(({ text }) => text),
  });
}

export async function talkOnTelegram(town: Town, person: Person, self: string, contact: string): Promise<Conversation> {
  const other = await town.telegram.createPerson({ firstName: town.canaries.secret('a first name', contact) });
  return await opened(town, person, `telegram/${contact}`, {
    write: async (text) => void (await town.telegram.write(other.id, self, text)),
    there: async () =>
      (await town.telegram.messages(other.id, self)).filter(({ from }) => from === self).map(({ text }) => text),
  });
}

async function opened(
  town: Town,
  person: Person,
  name: string,
  ends: Pick<Conversation, 'write' | 'there'>,
): Promise<Conversation> {
  const hello = town.canaries.text(`hello of ${name}`);
  await ends.write(hello);
  const room = await person.acceptInvitation(`the portal of ${name}`);
  const ghost = await person.until(
    `the first message of ${name}`,
    async () => (await person.history(room)).find(({ content }) => content['body'] === hello)?.sender,
  );
  return { ...ends, name, room, ghost, here: async () => await person.bodies(room, ghost) };
}
