// The people of a measurement: logins that are signed in already, their contacts, the rooms between them; knows no clock.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from '../sandbox/homeserver/homeserver.ts';
import { as, type RoomId, type UserId } from '../src/model/ids.ts';
import { Person as MatrixPerson } from '../tests/faults/person.ts';
import type { Far, FarPerson } from './far.ts';
import type { House } from './house.ts';
import type { Stage } from './stage.ts';
import { SERVER_NAME } from './stage.ts';

export interface Chat {
  /** Ids of the accounts on the network. */
  readonly self: string;
  readonly contact: string;
  /** Writes in `room`. */
  readonly person: Account;
  readonly room: RoomId;
  readonly ghost: UserId;
}

const OPEN_LIMIT_MS = 60_000;

/** @returns when that many logins of this house are connected */
export async function online(house: House, count: number): Promise<void> {
  await until(`${count} logins online`, async () => {
    const all = await house.store.puppets.all();
    return all.filter((puppet) => puppet.state === 'online').length >= count;
  });
}

export interface Company {
  readonly accounts: readonly FarPerson[];
  readonly persons: readonly Account[];
  readonly contacts: readonly (readonly FarPerson[])[];
}

/** Accounts on both sides, signed in to the house; no rooms yet. */
export async function gather(
  stage: Stage,
  far: Far,
  house: House,
  logins: number,
  contactsEach: number,
): Promise<Company> {
  const accounts: FarPerson[] = [];
  const persons: Account[] = [];
  const contacts: FarPerson[][] = [];
  for (let login = 1; login <= logins; login += 1) {
    const account = await far.person(`Login${login}`);
    const person = await stage.homeserver.registerUser(`${far.network}${login}`, 'bench-password');
    const own: FarPerson[] = [];
    for (let one = 1; one <= contactsEach; one += 1) own.push(await far.person(`Contact${login}x${one}`));
    await far.signIn(house, as<UserId>(person.userId), account);
    accounts.push(account);
    persons.push(person);
    contacts.push(own);
  }
  return { accounts, persons, contacts };
}

/** Every contact writes once: the running bridge opens the rooms, and their people join. */
export async function openChats(stage: Stage, far: Far, house: House, company: Company): Promise<readonly Chat[]> {
  const people = company.persons.map((person) => new MatrixPerson(stage.homeserver.url, person));
  const pairs = company.contacts.flatMap((own, login) => own.map((contact) => ({ login, contact })));
  for (const { login, contact } of pairs) await far.write(contact.id, company.accounts[login]?.id ?? '', 'hello');
  const chats: Chat[] = [];
  for (const { login, contact } of pairs) {
    const [account, person] = [company.accounts[login], company.persons[login]];
    if (account === undefined || person === undefined) throw new Error('a contact without a login');
    const key = far.chat(as<UserId>(person.userId), account, contact);
    let room: RoomId | undefined;
    await until('a room of every chat', async () => {
      room = (await house.store.portals.byKey(key))?.room;
      return room !== undefined;
    });
    const ghost = await house.store.ghosts.find(key.network, far.personId(contact));
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
