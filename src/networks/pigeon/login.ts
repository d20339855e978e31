// A login as steps: name and password; nothing is kept until the house takes what `done` brings.
import { BridgeError } from '../../model/errors.ts';
import type { PersonId, UserId } from '../../model/ids.ts';
import { say, type SayKey } from '../../model/say.ts';
import { vaultScope } from '../../ports/network.ts';
import type { LoginFlow, LoginProcess, LoginStep, NewLogin } from '../../ports/login.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import { bridgeError, isSignedOut, WireFault } from './errors.ts';
import { puppetId } from './ids.ts';
import { readPerson } from './read.ts';
import { CURSOR_KEY, packCursor, TOKEN_KEY } from './session.ts';
import type { Wire, WireListener } from './wire.ts';

export const loginFlows: readonly LoginFlow[] = [{ id: 'password', title: say('pigeon.flow-password') }];

export interface LoginDoors {
  readonly owner: UserId;
  readonly clock: Clock;
  readonly log: Logger;
  readonly openWire: (listener: WireListener, signal: AbortSignal) => Promise<Wire>;
  /** Nothing is open any more. */
  readonly closed: (login: LoginProcess) => void;
}

/** Wrong passwords before the login ends. */
const MOST_TRIES = 5;

export class PigeonLogin implements LoginProcess {
  readonly steps: AsyncIterable<LoginStep>;
  readonly #doors: LoginDoors;
  readonly #stop = new AbortController();
  readonly #answers: Readonly<Record<string, string>>[] = [];
  #tell: () => void = () => undefined;
  #wire: Promise<Wire> | undefined;
  /** The answer to the request for a token, once asked for: it must not outlive a login that nobody keeps. */
  #token: Promise<string | undefined> = Promise.resolve(undefined);
  #done = false;

  constructor(doors: LoginDoors) {
    this.#doors = doors;
    this.steps = this.#run();
  }

  answer(fields: Readonly<Record<string, string>>): void {
    this.#answers.push(fields);
    this.#tell();
  }

  async cancel(): Promise<void> {
    await this.#end(!this.#done);
  }

  async abandon(): Promise<void> {
    await this.#end(true);
  }

  async *#run(): AsyncGenerator<LoginStep> {
    try {
      for (let tries = 1; ; tries += 1) {
        const { name = '', password = '' } = yield* this.#ask(tries === 1 ? 'pigeon.ask' : 'pigeon.ask-again');
        yield { kind: 'wait', say: say('pigeon.wait') };
        try {
          const login = await this.#login(name.trim(), password);
          this.#done = true;
          yield { kind: 'done', login };
          return;
        } catch (error) {
          const wrong = error instanceof WireFault && error.code === 'wrong-password';
          if (!wrong || tries === MOST_TRIES) throw error;
        }
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const judged = bridgeError(error, this.#doors.clock.now());
      await this.#end(true);
      if (!(judged instanceof BridgeError)) throw judged;
      yield { kind: 'failed', error: judged };
    }
  }

  async *#ask(words: SayKey): AsyncGenerator<LoginStep, Readonly<Record<string, string>>> {
    const name = { name: 'name', label: say('pigeon.name'), secret: false };
    const password = { name: 'password', label: say('pigeon.password'), secret: true };
    yield { kind: 'ask', say: say(words), fields: [name, password] };
    for (;;) {
      this.#stop.signal.throwIfAborted();
      const given = this.#answers.shift();
      if (given !== undefined) return given;
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
    }
  }

  async #login(handle: string, password: string): Promise<NewLogin> {
    // What comes without having been asked for, and an end, say nothing that the next call would not.
    const listener: WireListener = { news: () => undefined, lost: () => undefined };
    this.#wire ??= this.#doors.openWire(listener, this.#stop.signal);
    const wire = await this.#wire;
    const asked = wire.call('login', { handle, password });
    this.#token = asked.then(
      ({ token }) => (typeof token === 'string' ? token : undefined),
      () => undefined,
    );
    const { token, person: told, head } = await asked;
    const person = readPerson(told);
    if (typeof token !== 'string' || person === undefined) throw new WireFault('no-answer', 'unreadable');
    const puppet = puppetId(this.#doors.owner, person.id);
    const scope = vaultScope(puppet);
    return {
      puppet,
      self: person.id,
      name: person.name ?? person.id,
      facts: accountFacts(person.id, person.username),
      vault: [
        { scope, key: TOKEN_KEY, value: Buffer.from(token) },
        { scope, key: CURSOR_KEY, value: packCursor(Number(head)) },
      ],
    };
  }

  async #end(logOut: boolean): Promise<void> {
    this.#stop.abort();
    this.#tell();
    // One that could not open has closed itself.
    const wire = await this.#wire?.catch(() => undefined);
    this.#wire = undefined;
    const token = await this.#token;
    if (wire !== undefined && logOut && token !== undefined) await this.#logOut(wire, token);
    await wire?.close();
    this.#doors.closed(this);
  }

  async #logOut(wire: Wire, token: string): Promise<void> {
    try {
      await wire.call('logout', { token });
    } catch (error) {
      if (isSignedOut(error)) return;
      this.#doors.log.warn({ network: 'pigeon', error }, 'an abandoned login could not be logged out');
    }
  }
}

function accountFacts(account: PersonId, username: string | undefined): string[] {
  return [`user:${account}`, ...(username === undefined ? [] : [`username:${username.toLowerCase()}`])];
}
