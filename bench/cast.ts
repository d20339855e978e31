// The people of a measurement: logins that are signed in already, their contacts, the rooms between them; knows no clock.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from '../sandbox/homeserver/homeserver.ts';
import type { Person } from '../sandbox/telegram/control-client.ts';
import { as, type RoomId, type UserId } from '../src/model/ids.ts';
import { SESSION_KEY } from '../src/networks/telegram/cursor.ts';
import { directChatId, personId, puppetId, TELEGRAM } from '../src/networks/telegram/ids.ts';
import { packKey } from '../src/networks/telegram/wire/session.ts';
import { vaultScope } from '../src/ports/network.ts';
import { Person as MatrixPerson } from '../tests/faults/person.ts';
import type { House, Stage } from './stage.ts';
import { SERVER_NAME } from './stage.ts';

export interface Chat {
  /** Ids of the accounts on Telegram. */
  readonly self: string;
  readonly contact: string;
  /** Writes in `room`. */
  readonly person: Account;
  readonly room: RoomId;
  readonly ghost: UserId;
}

const OPEN_LIMIT_MS = 60_000;

/** Puts a login into the house as if it had been made there: its dialogue is not what is measured. */
export async function signIn(stage: Stage, house: House, owner: UserId, account: Person): Promise<void> {
  const { dc, address, key } = await stage.telegram.command('createKey', { account: account.id });
  const id = puppetId(owner, account.id);
  const session = packKey({ dc, address, key: Buffer.from(key, 'base64') });
  await house.store.vault.write([{ scope: vaultScope(id), key: SESSION_KEY, value: session }]);
  await house.store.puppets.save({
    id,
    network: TELEGRAM,
    owner,
    self: personId(account.id),
    name: account.firstName,
    state: 'offline',
  });
}

/** @returns when that many logins of this house are connected */
export async function online(house: House, count: number): Promise<void> {
  await until(`${count} logins online`, async () => {
    const all = await house.store.puppets.all();
    return all.filter((puppet) => puppet.state === 'online').length >= count;
  });
}

export interface Company {
  readonly accounts: readonly Person[];
  readonly persons: readonly Account[];
  readonly contacts: readonly (readonly Person[])[];
}

/** Accounts on both sides, signed in to the house; no rooms yet. */
export async function gather(stage: Stage, house: House, logins: number, contactsEach: number): Promise<Company> {
  const accounts: Person[] = [];
  const persons: Account[] = [];
  const contacts: Person[][] = [];
  for (let login = 1; login <= logins; login += 1) {
    const account = await stage.telegram.createPerson({ firstName: `Login${login}` });
    const person = await stage.homeserver.registerUser(`login${login}`, 'bench-password');
    const own: Person[] = [];
    for (let one = 1; one <= contactsEach; one += 1) {
      own.push(await stage.telegram.createPerson({ firstName: `Contact${login}x${one}` }));
    }
    await signIn(stage, house, as<UserId>(person.userId), account);
    accounts.push(account);
    persons.push(person);
    contacts.push(own);
  }
  return { accounts, persons, contacts };
}

/** Every contact writes once: the running bridge opens the rooms, and their people join. */
export async function openChats(stage: Stage, house: House, company: Company): Promise<readonly Chat[]> {
  const people = company.persons.map((person) => new MatrixPerson(stage.homeserver.url, person));
  const pairs = company.contacts.flatMap((own, login) => own.map((contact) => ({ login, contact })));
  for (const { login, contact } of pairs)
    await stage.telegram.write(contact.id, company.accounts[login]?.id ?? '', 'hello');
  const chats: Chat[] = [];
  for (const { login, contact } of pairs) {
    const [account, person] = [company.accounts[login], company.persons[login]];
    if (account === undefined || person === undefined) throw new Error('a contact without a login');
    const key = {
      network: TELEGRAM,
      chat: directChatId(contact.id),
      receiver: puppetId(person.userId, account.id),
    };
    let room: RoomId | undefined;
    await until('a room of every chat', async () => {
      room = (await house.store.portals.byKey(key))?.room;
      return room !== undefined;
    });
    const ghost = await house.store.ghosts.find(TELEGRAM, personId(contact.id));
    if (room === undefined || ghost === undefined) throw new Error('a chat without its room');
    chats.push({ self: account.id, contact: contact.id, person, room, ghost: ghost.user });
  }
  await until('everybody in their rooms', async () => {
    // A look accepts the invitations.
    await Promise.all(people.map(async (person) => await person.look()));
    const counts = await Promise.all(
      people.map(async (person) => (await person.ask('GET', '/joined_rooms'))['joined_rooms'] as readonly string[]),
    );
    const joined = new Set(counts.flat());
    return chats.every(({ room }) => joined.has(room));
  });
  return chats;
}

/** @throws Error when it does not become so in time */
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + OPEN_LIMIT_MS;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`there was not ${what} within a minute (on ${SERVER_NAME})`);
    await sleep(50);
  }
}
