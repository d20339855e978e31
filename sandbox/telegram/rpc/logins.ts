// Codes, passwords and QR tokens of logins on their way. Knows the server's people and keys, no TL.

import { randomBytes, randomInt } from 'node:crypto';
import type { SentCode } from '../control-types.ts';
import type { TelegramServer } from '../server.ts';
import type { AuthKey } from '../wire/keys.ts';
import { Refusal } from '../../refusal.ts';
import { plainPhone, type Human } from '../world/people.ts';

const CODE_LIFE_MS = 10 * 60_000;
const TOKEN_LIFE_S = 30;
const MAX_WRONG = 5;
export const CODE_LENGTH = 5;

interface Challenge {
  readonly id: bigint;
  readonly b: Buffer;
  readonly accepts: (a: Uint8Array, proof: Uint8Array) => boolean;
}

interface Token {
  readonly bytes: Buffer;
  readonly expires: number;
  readonly key: AuthKey;
  account: bigint | null;
}

export class Logins {
  readonly #server: TelegramServer;
  readonly #codes = new Map<string, SentCode & { wrong: number }>();
  readonly #challenges = new Map<AuthKey, Challenge>();
  readonly #tokens = new Map<string, Token>();
  readonly #exports = new Map<string, bigint>();

  constructor(server: TelegramServer) {
    this.#server = server;
  }

  lastCode(phone: string): SentCode | null {
    const sent = this.#codes.get(plainPhone(phone));
    return sent === undefined ? null : { phone: sent.phone, code: sent.code, hash: sent.hash, sentAt: sent.sentAt };
  }

  sendCode(phone: string): SentCode {
    const code = String(randomInt(10 ** CODE_LENGTH)).padStart(CODE_LENGTH, '0');
    const sent = { phone, code, hash: randomBytes(9).toString('hex'), sentAt: Date.now(), wrong: 0 };
    this.#codes.set(phone, sent);
    this.#server.world.news.touch();
    return sent;
  }

  /** Throws as the service does when the code is not this one, or no longer. A code works once. */
  takeCode(phone: string, hash: string, code: string): void {
    const sent = this.#codes.get(phone);
    if (code === '') throw new Refusal(400, 'PHONE_CODE_EMPTY');
    if (sent === undefined || sent.hash !== hash || Date.now() - sent.sentAt > CODE_LIFE_MS) {
      throw new Refusal(400, 'PHONE_CODE_EXPIRED');
    }
    if (sent.code !== code) {
      if (++sent.wrong >= MAX_WRONG) this.#codes.delete(phone);
      throw new Refusal(400, 'PHONE_CODE_INVALID');
    }
    this.#codes.delete(phone);
  }

  cancelCode(phone: string, hash: string): void {
    if (this.#codes.get(phone)?.hash !== hash) throw new Refusal(400, 'PHONE_CODE_EXPIRED');
    this.#codes.delete(phone);
  }

  checkHash(phone: string, hash: string): void {
    if (this.#codes.get(phone)?.hash !== hash) throw new Refusal(400, 'PHONE_CODE_EXPIRED');
  }

  /** The key is this person's from now on, unless a password is wanted first (401 SESSION_PASSWORD_NEEDED). */
  enter(key: AuthKey, person: Human): void {
    if (person.state !== 'ok') {
      throw new Refusal(401, person.state === 'banned' ? 'USER_DEACTIVATED_BAN' : 'USER_DEACTIVATED');
    }
    if (person.password !== null) {
      key.passwordFor = person.id;
      throw new Refusal(401, 'SESSION_PASSWORD_NEEDED');
    }
    this.#server.keys.login(key, person.id);
    this.#server.world.news.touch();
  }

  /** Whose password is asked of this key: the one halfway in, or the one inside. */
  passwordOwner(key: AuthKey): Human {
    const id = key.passwordFor ?? key.account;
    const person = id === null ? undefined : this.#server.world.people.get(id);
    if (person === undefined) throw new Refusal(401, 'AUTH_KEY_UNREGISTERED');
    return person;
  }

  challenge(key: AuthKey, person: Human): Challenge | null {
    if (person.password === null) return null;
    const challenge = person.password.challenge();
    this.#challenges.set(key, challenge);
    return challenge;
  }

  checkPassword(key: AuthKey, id: bigint, a: Uint8Array, proof: Uint8Array): Human {
    const person = this.passwordOwner(key);
    const challenge = this.#challenges.get(key);
    this.#challenges.delete(key);
    if (challenge === undefined || challenge.id !== id) throw new Refusal(400, 'SRP_ID_INVALID');
    if (!challenge.accepts(a, proof)) throw new Refusal(400, 'PASSWORD_HASH_INVALID');
    this.#server.keys.login(key, person.id);
    this.#server.world.news.touch();
    return person;
  }

  /** The QR token of this key: a new one, or the accepted one as the account it was accepted by. */
  token(key: AuthKey): { token: Buffer; expires: number } | { account: bigint } {
    const now = Math.floor(Date.now() / 1000);
    for (const [name, token] of this.#tokens) if (token.expires < now) this.#tokens.delete(name);
    const mine = [...this.#tokens.values()].find((one) => one.key === key);
    if (mine !== undefined && mine.account !== null) {
      this.#tokens.delete(mine.bytes.toString('hex'));
      return { account: mine.account };
    }
    const bytes = randomBytes(32);
    const token = { bytes, expires: now + TOKEN_LIFE_S, key, account: null };
    this.#tokens.set(bytes.toString('hex'), token);
    return { token: bytes, expires: token.expires };
  }

  /** The account's phone confirms the token. Tells the waiting client. */
  acceptToken(bytes: Uint8Array, account: bigint): AuthKey {
    const token = this.#tokens.get(Buffer.from(bytes).toString('hex'));
    if (token === undefined || token.expires < Date.now() / 1000) throw new Refusal(400, 'AUTH_TOKEN_EXPIRED');
    if (token.account !== null) throw new Refusal(400, 'AUTH_TOKEN_ALREADY_ACCEPTED');
    token.account = account;
    const update = { _: 'updateShort', update: { _: 'updateLoginToken' }, date: Math.floor(Date.now() / 1000) };
    for (const session of token.key.sessions.values()) {
      if (session.receives) session.send(this.#server.layerOf(token.key).write(update), { content: true });
    }
    return token.key;
  }

  /** A ticket with which another data centre's key becomes this account's. */
  exportTo(account: bigint): Buffer {
    const ticket = randomBytes(32);
    this.#exports.set(ticket.toString('hex'), account);
    return ticket;
  }

  /** Whose ticket this is. */
  ticketOwner(ticket: Uint8Array): bigint {
    const account = this.#exports.get(Buffer.from(ticket).toString('hex'));
    if (account === undefined) throw new Refusal(400, 'AUTH_TOKEN_INVALID');
    return account;
  }

  import(ticket: Uint8Array, account: bigint): Human {
    const name = Buffer.from(ticket).toString('hex');
    const person = this.#server.world.people.get(account);
    if (this.#exports.get(name) !== account || person === undefined) throw new Refusal(400, 'AUTH_BYTES_INVALID');
    this.#exports.delete(name);
    return person;
  }
}
