// A login as steps: phone, code and second password, or a QR code; nothing is kept until the house takes what `done` brings.
import { BridgeError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import { readPhone } from '../../model/phone-number.ts';
import { say, type Say, type SayKey } from '../../model/say.ts';
import type { LoginProcess, LoginStep, NewLogin } from '../../ports/login.ts';
import { vaultScope } from '../../ports/network.ts';
import { ChatMemory, CURSOR_KEY, packCursor, PEER_PREFIX, SESSION_KEY } from './cursor.ts';
import { personId, puppetId } from './ids.ts';
import type { LoginDoors } from './login-doors.ts';
import { LoginRefusal, refusalOf } from './login-errors.ts';
import { accountFacts, ownName } from './people.ts';
import { cursorOf } from './updates.ts';
import { Api, textOf, type Envelope } from './wire/api.ts';
import type { Wire, WireListener } from './wire/client.ts';
import { WireFault } from './wire/fault.ts';
import { passwordProof } from './wire/password.ts';
import { packKey } from './wire/session.ts';

/** Wrong codes and passwords before the login ends. */
const MOST_TRIES = 5;
const CODE_WORDS: Readonly<Record<string, Say>> = {
  'auth.SentCodeTypeApp': say('telegram.ask-code-app'),
  'auth.SentCodeTypeSms': say('telegram.ask-code-sms'),
  'auth.SentCodeTypeCall': say('telegram.ask-code-call'),
};

export class TelegramLogin implements LoginProcess {
  readonly steps: AsyncIterable<LoginStep>;
  readonly #doors: LoginDoors;
  readonly #ended = new AbortController();
  readonly #opens = new AbortController();
  #wire: Wire | undefined;
  #opening: Promise<Wire> | undefined;
  /** The account may know this wire: it is logged out unless the house keeps the login. */
  #mayBeIn = false;
  #done = false;
  #answers: Readonly<Record<string, string>>[] = [];
  #tell: () => void = () => undefined;
  #scanned = false;

  constructor(doors: LoginDoors) {
    this.#doors = doors;
    this.steps = this.#run();
  }

  answer(fields: Readonly<Record<string, string>>): void {
    this.#answers.push(fields);
    this.#tell();
  }

  async cancel(): Promise<void> {
    await this.#end(this.#mayBeIn && !this.#done);
  }

  async abandon(): Promise<void> {
    await this.#end(this.#mayBeIn);
  }

  async #end(logOut: boolean): Promise<void> {
    this.#ended.abort();
    this.#tell();
    if (this.#wire === undefined) this.#opens.abort();
    // One that opened just now is closed as well; one that could not open has closed itself.
    const wire = this.#wire ?? (await this.#opening?.catch(() => undefined));
    this.#wire = undefined;
    this.#doors.closed(this);
    if (wire === undefined) return;
    if (logOut) {
      try {
        await wire.call(new Api.auth.LogOut());
      } catch (error) {
        this.#doors.log.warn({ network: 'telegram', error }, 'an abandoned login could not be logged out');
      }
    }
    await wire.close();
  }

  async *#run(): AsyncGenerator<LoginStep> {
    try {
      const user = this.#doors.flow === 'qr' ? yield* this.#byQr() : yield* this.#byPhone();
      const login = await this.#finish(user);
      // What will not be there is said before anybody misses it.
      yield { kind: 'wait', say: say('telegram.private-only') };
      this.#ended.signal.throwIfAborted();
      this.#done = true;
      yield { kind: 'done', login };
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const refusal = refusalOf(error, this.#doors.clock.now());
      await this.#end(this.#mayBeIn);
      if (!(refusal instanceof BridgeError)) throw refusal;
      yield { kind: 'failed', error: refusal };
    }
  }

  async *#byPhone(): AsyncGenerator<LoginStep, Api.User> {
    let words: SayKey = 'telegram.ask-phone';
    for (let attempt = 1; ; attempt += 1) {
      const typed = readPhone(yield* this.#ask('phone', say(words), say('telegram.phone'), false));
      if (typed.kind !== 'number') {
        words = typed.kind === 'no-number' ? 'telegram.phone-invalid' : 'network.no-country-code';
        if (attempt === MOST_TRIES) throw new LoginRefusal('phone-invalid', words);
        continue;
      }
      yield { kind: 'wait', say: say('telegram.wait') };
      try {
        const phone = `+${typed.digits}`;
        const sent = await this.#sendCode(phone);
        this.#mayBeIn = true;
        if (sent instanceof Api.auth.SentCodeSuccess) return userOf(sent.authorization);
        return yield* this.#byCode(phone, sent);
      } catch (error) {
        if (!(error instanceof WireFault) || error.code !== 'PHONE_NUMBER_INVALID' || attempt === MOST_TRIES)
          throw error;
        words = 'telegram.phone-invalid';
      }
    }
  }

  async #sendCode(phone: string): Promise<Api.auth.TypeSentCode> {
    if (!this.#doors.codes.spend(this.#doors.owner))
      throw new LoginRefusal('too-many-codes', 'telegram.too-many-codes');
    const { apiId, apiHash } = this.#doors;
    const wire = await this.#open();
    return await wire.call(
      new Api.auth.SendCode({ phoneNumber: phone, apiId, apiHash, settings: new Api.CodeSettings({}) }),
    );
  }

  async *#byCode(phone: string, sent: Api.auth.TypeSentCode): AsyncGenerator<LoginStep, Api.User> {
    if (!(sent instanceof Api.auth.SentCode)) throw new LoginRefusal('sign-up', 'telegram.sign-up');
    if (sent.type instanceof Api.auth.SentCodeTypeSetUpEmailRequired)
      throw new LoginRefusal('email-setup', 'telegram.email-setup');
    const mail = sent.type instanceof Api.auth.SentCodeTypeEmailCode ? sent.type.emailPattern : undefined;
    let words =
      mail === undefined
        ? (CODE_WORDS[sent.type.className] ?? say('telegram.ask-code-other'))
        : say('telegram.ask-code-email', { address: mail });
    for (let attempt = 1; ; attempt += 1) {
      const code = (yield* this.#ask('code', words, say('telegram.code'), true)).replaceAll(/[\s-]/g, '');
      yield { kind: 'wait', say: say('telegram.wait') };
      try {
        const wire = await this.#open();
        const proof =
          mail !== undefined ? { emailVerification: new Api.EmailVerificationCode({ code }) } : { phoneCode: code };
        this.#mayBeIn = true;
        return userOf(
          await wire.call(new Api.auth.SignIn({ phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash, ...proof })),
        );
      } catch (error) {
        if (!(error instanceof WireFault)) throw error;
        if (error.code === 'SESSION_PASSWORD_NEEDED') return yield* this.#byPassword();
        const again =
          error.code === 'PHONE_CODE_INVALID' ||
          error.code === 'PHONE_CODE_EMPTY' ||
          error.code === 'EMAIL_CODE_INVALID';
        if (!again || attempt === MOST_TRIES) throw error;
        words = say('telegram.code-wrong');
      }
    }
  }

  async *#byPassword(): AsyncGenerator<LoginStep, Api.User> {
    let words = say('telegram.ask-password');
    for (let attempt = 1; ; attempt += 1) {
      const password = yield* this.#ask('password', words, say('telegram.password'), true);
      yield { kind: 'wait', say: say('telegram.wait') };
      try {
        const wire = await this.#open();
        // The question changes with every try.
        const question = await wire.call(new Api.account.GetPassword());
        const proof = await this.#doors.heavy.run(async () => await passwordProof(question, password));
        return userOf(await wire.call(new Api.auth.CheckPassword({ password: proof })));
      } catch (error) {
        if (!(error instanceof WireFault) || error.code !== 'PASSWORD_HASH_INVALID' || attempt === MOST_TRIES)
          throw error;
        words = say('telegram.password-wrong');
      }
    }
  }

  /** Shows a token and a fresh one before each expires, until somebody scanned it. */
  async *#byQr(): AsyncGenerator<LoginStep, Api.User> {
    yield { kind: 'wait', say: say('telegram.wait') };
    const { apiId, apiHash, clock } = this.#doors;
    try {
      for (;;) {
        const wire = await this.#open();
        this.#scanned = false;
        this.#mayBeIn = true;
        let token = await wire.call(new Api.auth.ExportLoginToken({ apiId, apiHash, exceptIds: [] }));
        if (token instanceof Api.auth.LoginTokenMigrateTo) {
          await this.#doors.heavy.run(
            async () => await wire.moveTo(token instanceof Api.auth.LoginTokenMigrateTo ? token.dcId : wire.dc),
          );
          token = await wire.call(new Api.auth.ImportLoginToken({ token: token.token }));
        }
        if (token instanceof Api.auth.LoginTokenSuccess) return userOf(token.authorization);
        if (!(token instanceof Api.auth.LoginToken)) throw new WireFault('unreadable', 'LOGIN_TOKEN');
        const data = `tg://login?token=${Buffer.from(token.token).toString('base64url')}`;
        const until = token.expires * 1000;
        yield { kind: 'show', form: 'qr', data, until, say: say('telegram.show-qr') };
        await this.#scanOr(Math.max(1_000, until - clock.now() - 1_000));
      }
    } catch (error) {
      if (error instanceof WireFault && error.code === 'SESSION_PASSWORD_NEEDED') return yield* this.#byPassword();
      throw error;
    }
  }

  async #scanOr(ms: number): Promise<void> {
    const over = new AbortController();
    const stop = AbortSignal.any([over.signal, this.#ended.signal]);
    // A scan, or the end of the login, calls the wait off.
    const slept = this.#doors.clock.sleep(ms, stop).catch(() => undefined);
    const scanned = new Promise<void>((resolve) => {
      this.#tell = resolve;
      if (this.#scanned) resolve();
    });
    await Promise.race([slept, scanned]);
    over.abort();
    this.#ended.signal.throwIfAborted();
  }

  async #finish(user: Api.User): Promise<NewLogin> {
    const wire = await this.#open();
    const state = await wire.call(new Api.updates.GetState());
    const key = wire.key();
    if (key === undefined) throw new WireFault('lost', 'NO_KEY');
    const id: PuppetId = puppetId(this.#doors.owner, textOf(user.id));
    const scope = vaultScope(id);
    const own = user.accessHash
      ? [{ scope, key: `${PEER_PREFIX}${textOf(user.id)}`, value: Buffer.from(textOf(user.accessHash)) }]
      : [];
    return {
      puppet: id,
      self: personId(user.id),
      name: ownName(user),
      facts: accountFacts(user),
      vault: [
        { scope, key: SESSION_KEY, value: packKey(key) },
        { scope, key: CURSOR_KEY, value: packCursor(cursorOf(state), new ChatMemory()) },
        ...own,
      ],
    };
  }

  async *#ask(name: string, words: Say, label: Say, secret: boolean): AsyncGenerator<LoginStep, string> {
    yield { kind: 'ask', say: words, fields: [{ name, label, secret }] };
    for (;;) {
      this.#ended.signal.throwIfAborted();
      const given = this.#answers.shift();
      const value = given?.[name];
      if (value !== undefined) return value.trim();
      if (given === undefined) {
        await new Promise<void>((resolve) => {
          this.#tell = resolve;
        });
      }
    }
  }

  async #open(): Promise<Wire> {
    this.#ended.signal.throwIfAborted();
    if (this.#wire?.alive === true) return this.#wire;
    if (this.#wire !== undefined) throw new WireFault('lost', 'CONNECTION_CLOSED');
    this.#opening = this.#doors.heavy.run(async () => await this.#doors.openWire(this.#listener(), this.#opens.signal));
    const wire = await this.#opening;
    this.#ended.signal.throwIfAborted();
    this.#wire = wire;
    return wire;
  }

  #listener(): WireListener {
    return {
      news: (envelope: Envelope) => {
        if (!(envelope instanceof Api.UpdateShort && envelope.update instanceof Api.UpdateLoginToken)) return;
        this.#scanned = true;
        this.#tell();
      },
      desync: () => undefined,
      // The next call says so.
      lost: () => undefined,
    };
  }
}

/** @throws LoginRefusal when there is no such account */
function userOf(authorization: Api.auth.TypeAuthorization): Api.User {
  if (authorization instanceof Api.auth.Authorization && authorization.user instanceof Api.User)
    return authorization.user;
  throw new LoginRefusal('sign-up', 'telegram.sign-up');
}
