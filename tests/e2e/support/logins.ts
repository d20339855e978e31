// Logs people in as they do it themselves, in the management room, and gives their conversations; knows no insides of the bridge.
import type { Person as OnWhatsApp } from '../../../sandbox/whatsapp/control-client.ts';
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

const QR = /https:\/\/wa\.me\/settings\/linked_devices#[^\s"\\<]+/;
const CODE = /\b[\dA-Z]{4}-[\dA-Z]{4}\b/;

/** Somebody on WhatsApp, whose number and name are nobody else's business. */
export async function personOnWhatsApp(town: Town, name: string): Promise<OnWhatsApp> {
  const person = await town.whatsapp.createPerson({ name: town.canaries.secret('a name on WhatsApp', name) });
  town.canaries.secret('a phone number', person.phone);
  town.canaries.secret('an address on WhatsApp', person.id);
  return person;
}

/** The telephone scans the code that the bot shows, each of whose parts is a key or a secret. */
export async function linkByQr(town: Town, management: Management, self: OnWhatsApp): Promise<void> {
  const shown = await management.ask('login whatsapp', QR);
  const [qr = ''] = QR.exec(shown) ?? [];
  for (const part of qr.slice(qr.indexOf('#') + 1).split(',')) {
    if (part.length > 8) town.canaries.secret('a part of the QR code', part);
  }
  await town.whatsapp.scanQr(self.id, qr);
  await management.next(new RegExp(`signed in to WhatsApp as \\+${self.phone}`));
}

/** The code that the bot shows is typed on the telephone. */
export async function linkByCode(town: Town, management: Management, self: OnWhatsApp): Promise<void> {
  await management.ask('login whatsapp code', /phone number of your WhatsApp account/);
  const shown = await management.ask(`+${self.phone}`, CODE);
  const [code = ''] = CODE.exec(shown) ?? [];
  town.canaries.secret('a pairing code', code);
  town.canaries.secret('a pairing code', code.replace('-', ''));
  await town.whatsapp.typeCode(self.id, code.replace('-', ''));
  await management.next(new RegExp(`signed in to WhatsApp as \\+${self.phone}`));
}

/** @returns the account over there */
export async function loginToWhatsApp(town: Town, management: Management, name: string): Promise<OnWhatsApp> {
  const self = await personOnWhatsApp(town, name);
  await linkByQr(town, management, self);
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

export async function talkOnWhatsApp(town: Town, person: Person, self: string, contact: string): Promise<Conversation> {
  const other = await personOnWhatsApp(town, contact);
  return await opened(town, person, `whatsapp/${contact}`, {
    write: async (text) => void (await town.whatsapp.write(other.id, self, text)),
    there: async () => {
      const log = await town.whatsapp.messages(other.id, self);
      // A telephone shows what comes twice under one id once.
      const shown = new Map(
        log
          .filter(({ from, kind, readable }) => from === self && kind === 'text' && readable)
          .map((one) => [one.id, one]),
      );
      return [...shown.values()].map(({ text }) => text);
    },
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
