// Everything that a test or a harness may do to the toy network: act as its people, read its world, break it. All of it is JSON.
import type { PigeonServer, Strike } from './server.ts';
import type { Chat, Message, Passing, Person, RefusalCode } from './types.ts';

export class PigeonHands {
  readonly #server: PigeonServer;

  constructor(server: PigeonServer) {
    this.#server = server;
  }

  person(name: string, password = 'coo'): Person {
    return this.#server.world.addPerson(name, password);
  }

  renamePerson(person: string, name: string): void {
    this.#server.world.renamePerson(person, name);
  }

  group(name: string, members: readonly string[]): Chat {
    return this.#server.world.group(name, members);
  }

  /** The direct chat of two people. */
  direct(a: string, b: string): Chat {
    return this.#server.world.direct(a, b);
  }

  join(chat: string, person: string, by = person): void {
    this.#server.world.move(chat, person, 'in', by);
  }

  leave(chat: string, person: string, by = person): void {
    this.#server.world.move(chat, person, 'out', by);
  }

  rename(chat: string, by: string, name: string): void {
    this.#server.world.rename(chat, by, name);
  }

  /** A person writes, from a program of their own (their phone). */
  write(by: string, chat: string, text: string, replyTo?: string): Message {
    return structuredClone(this.#server.world.write(by, chat, text, replyTo === undefined ? {} : { replyTo }));
  }

  edit(by: string, message: string, text: string): void {
    this.#server.world.edit(by, message, text);
  }

  remove(by: string, message: string): void {
    this.#server.world.remove(by, message);
  }

  react(by: string, message: string, emoji: string | null): void {
    this.#server.world.react(by, message, emoji);
  }

  pass(passing: Passing): void {
    this.#server.pass(passing);
  }

  chats(): Chat[] {
    return this.#server.world.chats();
  }

  /** The messages of a chat from the given one on, in the order in which they happened, with senders, edits and deletions. */
  messages(chat: string, from = 0): Message[] {
    return this.#server.world.messages(chat).slice(from);
  }

  /** Typing and read news, oldest first. */
  passed(): Passing[] {
    return [...this.#server.passed];
  }

  /** How many logins an account has, and how many sockets follow it. */
  logins(person: string): { readonly tokens: number; readonly followers: number } {
    return { tokens: this.#server.world.tokensOf(person).length, followers: this.#server.followers(person) };
  }

  /** Live sockets of all clients. */
  sockets(): number {
    return this.#server.sockets();
  }

  /** Kills the sockets of one account, or all. @returns how many */
  cut(person?: string): number {
    return this.#server.cut(person);
  }

  /** While shut, whoever connects is cut. */
  shut(): void {
    this.#server.setOpen(false);
  }

  open(): void {
    this.#server.setOpen(true);
  }

  /** The next requests are carried out, but their answers are lost (with the socket, unless `cut` is false). */
  loseReplies(strike: Strike & { readonly cut?: boolean }): void {
    this.#server.loseReplies(strike);
  }

  /** The next requests are refused and not carried out. */
  refuse(strike: Strike & { readonly code: RefusalCode; readonly wait?: number }): void {
    this.#server.refuse(strike);
  }

  /** Everything the server says comes this much later. */
  delay(ms: number): void {
    this.#server.delayMs = ms;
  }

  /** The log tells a sender of its own act before the act is answered. */
  echoFirst(on: boolean): void {
    this.#server.echoFirst = on;
  }

  /** Ends all logins of an account, as its person can from the phone. */
  revoke(person: string): void {
    this.#server.revoke(person);
  }

  /** Sends these lines as they are to whoever follows the account. */
  garble(person: string, lines: readonly string[]): void {
    this.#server.garble(person, lines);
  }

  /** Tells the last entries of an account's log again. */
  rewind(person: string, count: number): void {
    this.#server.rewind(person, count);
  }

  /** Ends every fault. */
  calm(): void {
    this.#server.calm();
  }
}
