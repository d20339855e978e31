// A login on the simulated WhatsApp with a house that hears it and a friend who writes, for tests of the adapter alone.
import type { WhatsAppSandbox, Person } from '../../../../sandbox/whatsapp/control-client.ts';
import type { NetworkAction } from '../../../../src/model/delivery.ts';
import { as, type ChatId, type EffectId, type UserId } from '../../../../src/model/ids.ts';
import { plainText } from '../../../../src/model/message.ts';
import type { Puppet } from '../../../../src/model/records.ts';
import type { WhatsAppOptions } from '../../../../src/networks/whatsapp/index.ts';
import type { LoginStep } from '../../../../src/ports/login.ts';
import type { NetworkAdapter, NetworkSession } from '../../../../src/ports/network.ts';
import type { AheadClock } from '../../../support/ahead-clock.ts';
import { House, realClock } from '../../../support/house.ts';
import { linked } from './linked.ts';
import { adapterFor, idOf, newPerson, type Chosen } from './world.ts';
import { noPicture } from '../../../support/no-picture.ts';

export const OWNER = as<UserId>('@camille:example.org');

/** As if nothing had been tried before. */
export const context = { since: 0, again: false, isLinked: async () => await Promise.resolve(false), open: noPicture };

export interface Scene {
  readonly house: House;
  readonly session: NetworkSession;
  readonly puppet: Puppet;
  readonly adapter: NetworkAdapter;
  readonly me: Person;
  readonly friend: Person;
  readonly chat: ChatId;
}

/** Longer than the answer to a message is waited for. */
const NO_ANSWER_MS = 60_000;

/** What becomes of a send whose answer is lost: the time in which that should come passes once the message is there. */
export async function unanswered<T>(
  { sandbox, clock, me }: { sandbox: WhatsAppSandbox; clock: AheadClock; me: Pick<Person, 'id'> },
  send: () => Promise<T>,
): Promise<T> {
  await sandbox.command('loseReplies', { person: me.id, what: 'message' });
  const arrived = async (): Promise<number> =>
    (await sandbox.command('nodes', { person: me.id, way: 'in' })).filter(({ kind }) => kind.startsWith('message'))
      .length;
  const before = await arrived();
  const sent = send();
  // Heard of below, also where it fails before.
  sent.catch(() => undefined);
  await sandbox.waitFor(async () => (await arrived()) > before);
  clock.pass(NO_ANSWER_MS);
  return await sent;
}

let effects = 0;

export function effect(): EffectId {
  effects += 1;
  return as<EffectId>(`own-${process.pid}-${effects}`);
}

export function text(chat: ChatId, words: string): NetworkAction {
  return { kind: 'send', chat, body: { kind: 'text', as: 'text', text: plainText(words) } };
}

export async function stepsOf(
  adapter: NetworkAdapter,
  act: (step: LoginStep) => Promise<void>,
  flow = 'qr',
  fields: Readonly<Record<string, string>> = {},
): Promise<LoginStep> {
  const process = adapter.beginLogin(flow, OWNER);
  for await (const step of process.steps) {
    if (step.kind === 'ask') process.answer(fields);
    await act(step);
    if (step.kind === 'done' || step.kind === 'failed') {
      await process.cancel();
      return step;
    }
  }
  throw new Error('the login ended without a result');
}

/** Scenes over one simulator, closed together. */
export class Scenes {
  readonly sandbox: WhatsAppSandbox;
  readonly #chosen: Chosen;
  readonly #adapters: NetworkAdapter[] = [];

  constructor(sandbox: WhatsAppSandbox, chosen: Chosen = {}) {
    this.sandbox = sandbox;
    this.#chosen = chosen;
  }

  open(house: House, options: WhatsAppOptions = {}, clock = realClock): NetworkAdapter {
    const adapter = adapterFor(this.sandbox, house, options, this.#chosen, clock);
    this.#adapters.push(adapter);
    return adapter;
  }

  async live(options: WhatsAppOptions = {}, clock = realClock): Promise<Scene> {
    const [me, friend] = [await newPerson(this.sandbox), await newPerson(this.sandbox)];
    return { ...(await this.link(new House(), me, options, clock)), me, friend, chat: as<ChatId>(idOf(friend)) };
  }

  /** Links this person's account, by a process of its own. */
  async link(
    house: House,
    me: Person,
    options: WhatsAppOptions = {},
    clock = realClock,
  ): Promise<Pick<Scene, 'house' | 'session' | 'puppet' | 'adapter'>> {
    const adapter = this.open(house, options, clock);
    return { ...(await linked(this.sandbox, { adapter, house, owner: OWNER, me })), house, adapter };
  }

  /** The same login in another process, connected. */
  async restart({ house, session, adapter, puppet }: Scene): Promise<NetworkSession> {
    await session.disconnect();
    await adapter.close();
    const again = this.open(house).openSession(puppet, house.sink(puppet));
    await again.connect();
    return again;
  }

  /** After a test. @throws when a client sent what the simulator does not know */
  async close(): Promise<void> {
    await Promise.all(this.#adapters.splice(0).map(async (adapter) => await adapter.close()));
    await this.sandbox.command('clearFaults', {});
    const unknown = await this.sandbox.command('unknown', {});
    if (unknown.length > 0) throw new Error(JSON.stringify(unknown));
  }
}
