// Hands for tests of the adapter against the simulated Telegram: an adapter, a login by phone, a session.
import type { NewLogin, LoginProcess, LoginStep } from '../../../../src/ports/login.ts';
import type { NetworkAdapter, NetworkSession, PerformContext } from '../../../../src/ports/network.ts';
import { as, type ChatId, type EffectId, type MessageId, type UserId } from '../../../../src/model/ids.ts';
import type { NetworkAction } from '../../../../src/model/delivery.ts';
import { plainText } from '../../../../src/model/message.ts';
import type { Puppet } from '../../../../src/model/records.ts';
import { TELEGRAM } from '../../../../src/networks/telegram/ids.ts';
import { createTelegram, settingsSchema, type TelegramOptions } from '../../../../src/networks/telegram/index.ts';
import type { Clock } from '../../../../src/ports/stores.ts';
import type { Person, PersonSpec, TelegramSandbox } from '../../../../sandbox/telegram/control-client.ts';
import { quiet } from '../../../support/quiet.ts';
import { realClock, type House } from './house.ts';
import { noPicture } from '../../../support/no-picture.ts';

export const OWNER = as<UserId>('@camille:example.org');

export function adapterFor(
  sandbox: Pick<TelegramSandbox, 'dcs' | 'rsa'>,
  house: House,
  options: TelegramOptions = {},
  clock: Clock = realClock,
): NetworkAdapter {
  const settings = settingsSchema.parse({
    apiId: 12345,
    apiHash: '0123456789abcdef0123456789abcdef',
    dangerousTestServers: true,
    test: {
      dcs: Object.fromEntries(Object.entries(sandbox.dcs).map(([dc, port]) => [dc, `127.0.0.1:${port}`])),
      rsa: [sandbox.rsa.pem],
    },
  });
  return createTelegram(settings, { vault: house.vault, identityKey: Buffer.alloc(32, 1), log: quiet, clock }, options);
}

/** Reads steps until one is of these kinds. */
export class Steps {
  readonly #steps: AsyncIterator<LoginStep>;
  readonly seen: LoginStep[] = [];

  constructor(process: LoginProcess) {
    this.#steps = process.steps[Symbol.asyncIterator]();
  }

  async next<Kind extends LoginStep['kind']>(kind: Kind): Promise<Extract<LoginStep, { kind: Kind }>> {
    for (;;) {
      const { value, done } = await this.#steps.next();
      if (done === true) throw new Error(`no ${kind} step came`);
      const step: LoginStep = value;
      this.seen.push(step);
      if (step.kind === kind) return step as Extract<LoginStep, { kind: Kind }>;
      if (step.kind === 'failed') throw step.error;
      if (step.kind !== 'wait') throw new Error(`${step.kind} came instead of ${kind}`);
    }
  }
}

/** Logs in with the code the simulator sent. */
export async function logIn(
  sandbox: TelegramSandbox,
  adapter: NetworkAdapter,
  person: Person,
  password?: string,
): Promise<NewLogin> {
  const login = adapter.beginLogin('phone', OWNER);
  const steps = new Steps(login);
  await steps.next('ask');
  login.answer({ phone: `+${person.phone}` });
  await steps.next('ask');
  const { code } = await sandbox.waitForCode(person.phone);
  login.answer({ code });
  if (password !== undefined) {
    await steps.next('ask');
    login.answer({ password });
  }
  const done = await steps.next('done');
  await login.cancel();
  return done.login;
}

export interface Scene {
  readonly adapter: NetworkAdapter;
  readonly session: NetworkSession;
  readonly puppet: Puppet;
  readonly me: Person;
}

let people = 0;

/** A person of a name nobody else in this simulator has. */
export async function newPerson(sandbox: TelegramSandbox, more: Partial<PersonSpec> = {}): Promise<Person> {
  people += 1;
  return await sandbox.createPerson({ firstName: `Person${people}`, username: `person_${people}`, ...more });
}

/** A new account, logged in and live, whose keys are in the house's vault. */
export async function liveLogin(
  sandbox: TelegramSandbox,
  house: House,
  options: TelegramOptions = {},
  clock = realClock,
): Promise<Scene> {
  const adapter = adapterFor(sandbox, house, options, clock);
  const me = await newPerson(sandbox);
  const login = await logIn(sandbox, adapter, me);
  await house.keep(login.vault);
  const puppet: Puppet = {
    id: login.puppet,
    network: TELEGRAM,
    owner: OWNER,
    self: login.self,
    name: login.name,
    state: 'online',
  };
  const session = adapter.openSession(puppet, house.sink(puppet));
  await session.connect();
  return { adapter, session, puppet, me };
}

export function chatWith(person: Person): ChatId {
  return as<ChatId>(`u${person.id}`);
}

export function sendText(person: Person, text: string): Extract<NetworkAction, { kind: 'send' }> {
  return { kind: 'send', chat: chatWith(person), body: { kind: 'text', as: 'text', text: plainText(text) } };
}

let effects = 0;

export function newEffect(): EffectId {
  effects += 1;
  return as<EffectId>(`effect-${process.pid}-${effects}`);
}

export function first(linked: readonly MessageId[] = []): PerformContext {
  return {
    since: Date.now(),
    again: false,
    isLinked: async (message) => await Promise.resolve(linked.includes(message)),
    open: noPicture,
  };
}

export function again(since: number, linked: readonly MessageId[] = []): PerformContext {
  return { ...first(linked), since, again: true };
}
