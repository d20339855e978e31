// The contract of every network's adapter, run against its simulator: login, there and back, once, in order, and through faults.
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { labelledJpeg } from '../../sandbox/jpeg.ts';
import type { GroupAction, NetworkAction } from '../../src/model/delivery.ts';
import { originKey } from '../../src/model/effect.ts';
import { FencedError } from '../../src/model/errors.ts';
import { as, type ChatId, type EffectId, type MessageId, type UserId } from '../../src/model/ids.ts';
import { plainText } from '../../src/model/message.ts';
import type { NetworkEvent } from '../../src/model/network-event.ts';
import type { Puppet } from '../../src/model/records.ts';
import type { LoginProcess, NewLogin } from '../../src/ports/login.ts';
import {
  vaultScope,
  type ActionReceipt,
  type NetworkAdapter,
  type NetworkSession,
  type PerformContext,
} from '../../src/ports/network.ts';
import { House } from '../support/house.ts';
import type { Account, GroupNow, Groups, NetworkWorld, Somebody } from './network-world.ts';

const OWNER = as<UserId>('@camille:example.org');

/** One account, logged in and live, with somebody to talk to. */
interface Scene {
  readonly house: House;
  readonly adapter: NetworkAdapter;
  readonly session: NetworkSession;
  readonly puppet: Puppet;
  readonly account: Account;
  readonly friend: Somebody;
  readonly chat: ChatId;
}

let effects = 0;

function newEffect(): EffectId {
  effects += 1;
  return as<EffectId>(`effect-${process.pid}-${effects}`);
}

function attempt(more: Partial<PerformContext> = {}): PerformContext {
  return {
    since: Date.now(),
    again: false,
    isLinked: async () => await Promise.resolve(false),
    open: async () => await Promise.resolve({ mime: 'image/jpeg', chunks: Readable.from([labelledJpeg('a group')]) }),
    ...more,
  };
}

function textAction(chat: ChatId, text: string, replyTo?: MessageId): NetworkAction {
  const body = { kind: 'text', as: 'text', text: plainText(text) } as const;
  return { kind: 'send', chat, body, ...(replyTo === undefined ? {} : { replyTo }) };
}

function editAction(chat: ChatId, target: MessageId, text: string): NetworkAction {
  return { kind: 'edit', chat, target, body: { kind: 'text', as: 'text', text: plainText(text) } };
}

function sent(receipt: ActionReceipt): MessageId {
  if (receipt.message === undefined) throw new Error('the receipt names no message');
  return receipt.message;
}

function numbered(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${what} ${n}`);
}

/** One after the other, never at the same time. */
async function inTurn<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

/** Waits for something on the network's far side. @throws after ten seconds */
async function eventually(look: () => Promise<boolean>, seen: () => readonly string[] = () => []): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`it never happened ${seen().join(', ')}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

export interface Traits {
  /** A login asks for something that only its person knows; false where the phone is the proof. */
  readonly secrets: boolean;
  /** What can be done to groups; everything else is refused in words. */
  readonly groups: ReadonlySet<GroupAction['kind']>;
}

const GROUP_ACTIONS: readonly GroupAction['kind'][] = [
  'rename',
  'set-topic',
  'set-picture',
  'set-mode',
  'set-role',
  'add',
  'expel',
  'set-timer',
  'leave',
];

export function adapterContract(name: string, make: () => Promise<NetworkWorld>, traits: Traits): void {
  describe(`the adapter of ${name}`, () => {
    let world: NetworkWorld;
    let adapters: NetworkAdapter[];

    beforeEach(async () => {
      world = await make();
      adapters = [];
    });

    afterEach(async () => {
      await world.open();
      await Promise.all(adapters.map(async (adapter) => await adapter.close()));
      await world.close();
    });

    function open(house: House): NetworkAdapter {
      const adapter = world.adapter(house);
      adapters.push(adapter);
      return adapter;
    }

    /** Plays a login until `done`; `wrongs` answers to secret questions are wrong ones. */
    async function play(login: LoginProcess, account: Account, wrongs = 0): Promise<NewLogin> {
      let left = wrongs;
      for await (const step of login.steps) {
        if (step.kind === 'failed') throw step.error;
        if (step.kind === 'done') return step.login;
        if (step.kind === 'show') await world.show?.(account, step);
        if (step.kind !== 'ask') continue;
        const secret = step.fields.some((field) => field.secret);
        login.answer(await world.answer(account, step, !(secret && left > 0)));
        if (secret) left -= 1;
      }
      throw new Error('the login ended without a result');
    }

    async function logIn(adapter: NetworkAdapter, house: House, account: Account): Promise<Puppet> {
      const process = adapter.beginLogin(world.flow, OWNER);
      const login = await play(process, account);
      await process.cancel();
      await house.keep(login.vault);
      const { puppet: id, self, name } = login;
      return { id, network: adapter.id, owner: OWNER, self, name, state: 'online' };
    }

    async function live(house = new House(), adapter = open(house)): Promise<Scene> {
      const account = await world.account();
      const friend = await world.somebody();
      const puppet = await logIn(adapter, house, account);
      const session = adapter.openSession(puppet, house.sink(puppet));
      await session.connect();
      const scene = { house, adapter, session, puppet, account, friend, chat: session.directChat(friend.id) };
      // The two have met: networks let people write first to whom they know.
      await world.says(friend, account, 'met');
      await house.until(() => house.texts(scene.chat).includes('met'));
      return scene;
    }

    /** The same login in a new process, with what the vault holds. */
    async function reborn(scene: Scene, house = scene.house): Promise<Scene> {
      await scene.session.disconnect();
      const adapter = open(house);
      const session = adapter.openSession(scene.puppet, house.sink(scene.puppet));
      await session.connect();
      return { ...scene, house, adapter, session };
    }

    async function seen({ friend, account }: Scene): Promise<string[]> {
      return (await world.sees(friend, account)).filter((one) => !one.mine && !one.removed).map((one) => one.text);
    }

    async function online({ house }: Scene, before: number): Promise<void> {
      await house.until(() => house.states.slice(before).some(({ state }) => state === 'online'));
    }

    describe('a login', () => {
      test('brings what a session needs, and stays when its wire is closed', async () => {
        const house = new House();
        const adapter = open(house);
        const account = await world.account();
        const process = adapter.beginLogin(world.flow, OWNER);
        const login = await play(process, account);
        expect(login).toMatchObject({ self: account.self, puppet: expect.any(String), name: expect.any(String) });
        expect(login.facts.length).toBeGreaterThan(0);
        expect(new Set(login.vault.map((change) => change.scope))).toEqual(new Set([vaultScope(login.puppet)]));
        await process.cancel();
        expect(await world.logins(account)).toBe(1);
        const again = await logIn(adapter, house, account);
        expect(again.id).toBe(login.puppet);
      });

      if (traits.secrets) {
        test('with a wrong secret is asked for again, never believed', async () => {
          const adapter = open(new House());
          const account = await world.account();
          const process = adapter.beginLogin(world.flow, OWNER);
          const login = await play(process, account, 2);
          expect(login.self).toBe(account.self);
          await process.cancel();
        });

        test('names its secrets', async () => {
          const process = open(new House()).beginLogin(world.flow, OWNER);
          const account = await world.account();
          const secrets: string[] = [];
          for await (const step of process.steps) {
            if (step.kind === 'done' || step.kind === 'failed') break;
            if (step.kind !== 'ask') continue;
            secrets.push(...step.fields.filter((field) => field.secret).map((field) => field.name));
            process.answer(await world.answer(account, step, true));
          }
          await process.cancel();
          expect(secrets.length).toBeGreaterThan(0);
        });
      }

      test('that is cancelled ends its steps and leaves nothing on the network', async () => {
        const process = open(new House()).beginLogin(world.flow, OWNER);
        const account = await world.account();
        const steps = process.steps[Symbol.asyncIterator]();
        expect(await steps.next()).toMatchObject({ value: { kind: 'ask' } });
        await process.cancel();
        expect(await steps.next()).toMatchObject({ done: true });
        expect(await world.logins(account)).toBe(0);
        await eventually(async () => (await world.connections()) === 0);
      });

      test('that is cancelled while the network judges the last answer leaves no login', async () => {
        const process = open(new House()).beginLogin(world.flow, OWNER);
        const account = await world.account();
        const seen: string[] = [];
        let judging = false;
        for await (const step of process.steps) {
          seen.push(step.kind);
          if (step.kind === 'ask') {
            process.answer(await world.answer(account, step, true));
            judging = step.fields.some((field) => field.secret);
          } else if (step.kind === 'show') {
            // Cut off in the middle, the phone may fail.
            world.show?.(account, step).catch(() => undefined);
            setImmediate(() => void process.cancel());
          } else if (step.kind === 'wait' && judging) {
            // The loop's next turn sends the answer; the cancel comes right behind it.
            setImmediate(() => void process.cancel());
          }
        }
        expect(seen).not.toContain('failed');
        await process.cancel();
        await eventually(async () => (await world.logins(account)) === 0);
        await eventually(async () => (await world.connections()) === 0);
      });

      test('that the rules refuse is logged out at once', async () => {
        const process = open(new House()).beginLogin(world.flow, OWNER);
        const account = await world.account();
        await play(process, account);
        expect(await world.logins(account)).toBe(1);
        await process.abandon();
        expect(await world.logins(account)).toBe(0);
      });

      test('ends in words for people when the network cannot be reached', async () => {
        const account = await world.account();
        const process = open(new House()).beginLogin(world.flow, OWNER);
        await world.shut();
        await expect(play(process, account)).rejects.toMatchObject({ human: { key: expect.any(String) } });
        await process.cancel();
      });
    });

    describe('towards Matrix', () => {
      test('a message comes whole', async () => {
        const { house, account, friend, puppet, chat } = await live();
        const before = Date.now() - 5_000;
        const said = await world.says(friend, account, 'Grüße 🕊️\nsecond line');
        const event = await house.until(() =>
          house.events.find((one) => one.kind === 'message' && one.message === said.message),
        );
        const portal = { network: puppet.network, chat, receiver: puppet.id };
        expect(event).toEqual({
          kind: 'message',
          key: originKey(portal, 'message', said.message),
          portal,
          sender: friend.id,
          at: expect.any(Number),
          via: 'live',
          message: said.message,
          parts: [{ kind: 'text', as: 'text', text: { text: 'Grüße 🕊️\nsecond line', spans: [] } }],
        });
        expect(event.at).toBeGreaterThan(before);
        expect(event.at).toBeLessThan(Date.now() + 5_000);
      });

      test('an edit and a removal name their message and its chat', async () => {
        const scene = await live();
        const { house, account, friend, puppet, chat } = scene;
        const said = await world.says(friend, account, 'frist');
        await said.edit('first');
        const edit = await house.until(() => house.events.find((one) => one.kind === 'edit'));
        expect(edit).toMatchObject({
          target: said.message,
          sender: friend.id,
          portal: { chat, receiver: puppet.id },
          parts: [{ kind: 'text', text: { text: 'first' } }],
        });
        await said.edit('first of all');
        const edits = await house.until(() => {
          const all = house.events.filter((one) => one.kind === 'edit');
          return all.length === 2 && all;
        });
        expect(edits[1]?.editedAt).toBeGreaterThan(edits[0]?.editedAt ?? 0);
        await said.remove();
        const removal = await house.until(() => house.events.find((one) => one.kind === 'removal'));
        expect(removal).toMatchObject({ target: said.message, portal: { chat, receiver: puppet.id } });
      });

      test("the person's own words from the phone come as theirs, in the same chat", async () => {
        const { house, account, friend, puppet, chat } = await live();
        await world.phoneSays(account, friend, 'from my phone');
        const event = await house.until(() =>
          house.events.find((one) => one.kind === 'message' && one.sender === puppet.self),
        );
        expect(event).toMatchObject({
          portal: { chat, receiver: puppet.id },
          parts: [{ text: { text: 'from my phone' } }],
        });
      });

      test('what several people say comes to each chat in order, and to no other login', async () => {
        const house = new House();
        const one = await live(house);
        const two = await live(house, one.adapter);
        const texts = numbered('word', 30);
        await Promise.all(
          [one, two].map(
            async (scene) =>
              await inTurn(
                texts,
                async (text) => await world.says(scene.friend, scene.account, `${text} to ${scene.puppet.id}`),
              ),
          ),
        );
        // What is learnt of people meanwhile comes among it.
        await house.until(() => house.events.flatMap(textsOf).length === 2 + 2 * texts.length);
        for (const scene of [one, two]) {
          const mine = house.events.filter((event) => event.portal.receiver === scene.puppet.id);
          expect(mine.flatMap(textsOf)).toEqual(['met', ...texts.map((text) => `${text} to ${scene.puppet.id}`)]);
        }
      });

      test('typing is told, and never queued', async () => {
        const { house, account, friend, chat } = await live();
        await world.types(friend, account);
        const glimpse = await house.until(() => house.glimpses.find((one) => one.kind === 'typing'));
        expect(glimpse).toMatchObject({ person: friend.id, portal: { chat }, active: true });
        expect(house.texts()).toEqual(['met']);
      });
    });

    describe('towards the network', () => {
      test('a message arrives, and its receipt names it', async () => {
        const scene = await live();
        const { session, chat, house, friend, account } = scene;
        const receipt = await session.perform(textAction(chat, 'hello from Matrix'), newEffect(), attempt());
        expect(await seen(scene)).toEqual(['hello from Matrix']);
        expect(Math.abs(receipt.at - Date.now())).toBeLessThan(10_000);
        // Whatever comes back of it bears the name in the receipt: that is how the house knows its echo.
        await world.says(friend, account, 'heard');
        await house.until(() => house.texts(chat).includes('heard'));
        const echoes = house.events.filter((event) => textsOf(event).includes('hello from Matrix'));
        expect(echoes.filter((event) => event.kind !== 'message' || event.message !== receipt.message)).toEqual([]);
        expect(echoes.filter((event) => event.sender !== account.self)).toEqual([]);
      });

      test('a chat has traffic from the first word of either side on, and nobody else’s has', async () => {
        const scene = await live();
        const { session, chat } = scene;
        const stranger = await world.somebody();
        const found = (await session.resolve(stranger.identifier)).chat.id;
        expect([await session.hasTraffic(chat), await session.hasTraffic(found)]).toEqual([true, false]);
        const friend = await world.somebody();
        const met = await session.resolve(friend.identifier);
        await world.phoneSays(scene.account, friend, 'from my phone');
        await eventually(async () => await session.hasTraffic(met.chat.id));
        const again = await reborn(scene);
        const asked = [chat, met.chat.id, found].map(async (one) => await again.session.hasTraffic(one));
        expect(await Promise.all(asked)).toEqual([true, true, false]);
      });

      test('a reply names what it answers', async () => {
        const scene = await live();
        const { session, chat, friend, account } = scene;
        const question = await world.says(friend, account, 'question');
        await session.perform(textAction(chat, 'answer', question.message), newEffect(), attempt());
        expect((await world.sees(friend, account)).at(-1)).toMatchObject({ text: 'answer', answers: 'question' });
      });

      test('an edit and a removal arrive, and done again change nothing more', async () => {
        const scene = await live();
        const { session, chat, friend, account } = scene;
        const target = sent(await session.perform(textAction(chat, 'fisrt'), newEffect(), attempt()));
        const effect = newEffect();
        const edited = await session.perform(editAction(chat, target, 'first'), effect, attempt());
        expect(edited.message).toBe(target);
        expect(edited.editedAt).toBeGreaterThan(0);
        await session.perform(editAction(chat, target, 'first'), effect, attempt({ again: true }));
        expect((await world.sees(friend, account)).at(-1)).toMatchObject({ text: 'first', edits: 1, mine: false });
        const removal = newEffect();
        await session.perform({ kind: 'remove', chat, target }, removal, attempt());
        await session.perform({ kind: 'remove', chat, target }, removal, attempt({ again: true }));
        expect(await seen(scene)).toEqual([]);
      });

      test('reactions are carried or refused for good, as the capabilities say', async () => {
        const scene = await live();
        const { session, adapter, chat, friend, account } = scene;
        const said = await world.says(friend, account, 'good news');
        const react = (emoji: string | null): NetworkAction => ({ kind: 'react', chat, target: said.message, emoji });
        const outcome = await session.perform(react('🎉'), newEffect(), attempt()).then(
          () => 'done',
          (error: unknown) => (error as { retry?: string }).retry,
        );
        const able = adapter.capabilities.actions.has('react');
        expect(outcome).toBe(able ? 'done' : 'never');
        expect((await world.sees(friend, account)).at(-1)?.reactions).toEqual(able ? ['🎉'] : []);
        await session.perform(react(null), newEffect(), attempt()).catch(() => undefined);
        expect((await world.sees(friend, account)).at(-1)?.reactions).toEqual([]);
      });

      test('the same effect twice is one message', async () => {
        const scene = await live();
        const { session, chat } = scene;
        const effect = newEffect();
        const action = textAction(chat, 'only once');
        const first = await session.perform(action, effect, attempt());
        const second = await session.perform(action, effect, attempt({ again: true }));
        expect(second.message).toBe(first.message);
        expect(await seen(scene)).toEqual(['only once']);
      });

      test('the same words under two effects are two messages', async () => {
        const scene = await live();
        const linked = new Set<MessageId>();
        const context = attempt({ isLinked: async (message) => await Promise.resolve(linked.has(message)) });
        linked.add(sent(await scene.session.perform(textAction(scene.chat, 'ok'), newEffect(), context)));
        linked.add(sent(await scene.session.perform(textAction(scene.chat, 'ok'), newEffect(), context)));
        expect(linked.size).toBe(2);
        expect(await seen(scene)).toEqual(['ok', 'ok']);
      });

      test('a lost answer may be asked for again: one message, the same name', async () => {
        const scene = await live();
        const { session, chat, account, house } = scene;
        const effect = newEffect();
        const action = textAction(chat, 'once in spite of it');
        const context = attempt();
        const before = house.states.length;
        await world.loseReply(account, 'send');
        const failure: unknown = await session.perform(action, effect, context).catch((error: unknown) => error);
        expect(failure).toMatchObject({ retry: expect.stringMatching(/^(now|later)$/), mayHaveHappened: true });
        await online(scene, before);
        const receipt = await session.perform(action, effect, { ...context, again: true });
        expect(sent(receipt)).toBeDefined();
        expect(await seen(scene)).toEqual(['once in spite of it']);
      });

      test('a lost answer is survived by a new process too', async () => {
        const scene = await live();
        const effect = newEffect();
        const action = textAction(scene.chat, 'once over two lives');
        const context = attempt();
        await world.loseReply(scene.account, 'send');
        await scene.session.perform(action, effect, context).catch(() => undefined);
        const next = await reborn(scene);
        await next.session.perform(action, effect, { ...context, again: true });
        await next.session.perform(textAction(scene.chat, 'and on'), newEffect(), attempt());
        expect(await seen(next)).toEqual(['once over two lives', 'and on']);
      });

      test('a lost answer to an edit leaves one edit', async () => {
        const scene = await live();
        const { session, chat, account, friend, house } = scene;
        const target = sent(await session.perform(textAction(chat, 'fisrt'), newEffect(), attempt()));
        const effect = newEffect();
        const before = house.states.length;
        await world.loseReply(account, 'edit');
        await session.perform(editAction(chat, target, 'first'), effect, attempt()).catch(() => undefined);
        await online(scene, before);
        await session.perform(editAction(chat, target, 'first'), effect, attempt({ again: true }));
        expect((await world.sees(friend, account)).at(-1)).toMatchObject({ text: 'first', edits: 1 });
      });

      test('what is said in one chat arrives in order, chats beside each other', async () => {
        const scene = await live();
        const other = await world.somebody();
        await world.says(other, scene.account, 'met');
        const chats = [scene.chat, scene.session.directChat(other.id)];
        await scene.house.until(() => chats.every((chat) => scene.house.texts(chat).includes('met')));
        const texts = numbered('line', 25);
        await Promise.all(
          chats.map(
            async (chat) =>
              await inTurn(
                texts,
                async (text) => await scene.session.perform(textAction(chat, text), newEffect(), attempt()),
              ),
          ),
        );
        expect(await seen(scene)).toEqual(texts);
        expect(await seen({ ...scene, friend: other })).toEqual(texts);
      });

      test('what cannot be is refused for good', async () => {
        const { session, chat } = await live();
        const { nowhere } = world;
        const never = { name: 'BridgeError', retry: 'never', human: { key: expect.any(String) } };
        const actions: NetworkAction[] = [
          textAction(nowhere.chat, 'anybody there?'),
          editAction(chat, nowhere.message, 'edited'),
          { kind: 'send', chat, body: { kind: 'unsupported', what: 'kind.poll' } },
        ];
        for (const action of actions) {
          await expect(session.perform(action, newEffect(), attempt())).rejects.toMatchObject(never);
        }
      });

      test('without a line it is refused for now, and certainly not done', async () => {
        const scene = await live();
        await world.shut();
        await scene.house.until(() => scene.house.states.some(({ state }) => state === 'offline'));
        const effect = newEffect();
        const failure: unknown = await scene.session
          .perform(textAction(scene.chat, 'later'), effect, attempt())
          .catch((error: unknown) => error);
        expect(failure).toMatchObject({ retry: expect.stringMatching(/^(now|later)$/), mayHaveHappened: false });
        await scene.session.performEphemeral({ kind: 'typing', chat: scene.chat, active: true });
        const before = scene.house.states.length;
        await world.open();
        await online(scene, before);
        await scene.session.perform(textAction(scene.chat, 'later'), effect, attempt({ again: true }));
        expect(await seen(scene)).toEqual(['later']);
      });
    });

    describe('through drops and restarts', () => {
      test('a cut line is told of, opened again, and nothing is missed', async () => {
        const scene = await live();
        const { house, account, friend, chat } = scene;
        await world.shut();
        await house.until(() => house.states.some(({ state }) => state === 'offline'));
        const texts = numbered('meanwhile', 40);
        await inTurn(texts, async (text) => await world.says(friend, account, text));
        await world.open();
        await online(scene, 0);
        await world.says(friend, account, 'and on');
        await house.until(() => house.texts(chat).includes('and on'));
        expect(house.texts(chat)).toEqual(['met', ...texts, 'and on']);
      });

      test('a line cut again and again while people talk loses and turns nothing', async () => {
        const { house, account, friend, chat } = await live();
        const texts = numbered('noise', 30);
        for (const [n, text] of texts.entries()) {
          if (n % 10 === 5) await world.cut(account);
          await world.says(friend, account, text);
        }
        await house.until(() => house.texts(chat).length > texts.length);
        expect(house.texts(chat)).toEqual(['met', ...texts]);
      });

      test('what happened while the process was away comes once, in order', async () => {
        const scene = await live();
        const { house, account, friend, chat } = scene;
        await scene.session.disconnect();
        const texts = numbered('away', 40);
        const said = await inTurn(texts, async (text) => await world.says(friend, account, text));
        await said[3]?.edit('away 3, edited');
        await reborn(scene);
        await world.says(friend, account, 'and on');
        await house.until(() => house.texts(chat).includes('and on'));
        const messages = house.events.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
        expect(messages.slice(1, -1)).toEqual(said.map((one) => one.message));
        const final = house.events.filter((event) => 'parts' in event).flatMap(textsOf);
        expect(final).toContain('away 3, edited');
      });

      test('a message that the house could not write down comes again, in its place', async () => {
        const { house, account, friend, chat } = await live();
        house.refusing = new Error('the database is gone');
        await inTurn(numbered('kept', 3), async (text) => await world.says(friend, account, text));
        await house.until(() => house.refused > 0);
        expect(house.texts(chat)).toEqual(['met']);
        house.refusing = undefined;
        await house.until(() => house.texts(chat).length === 4);
        expect(house.texts(chat)).toEqual(['met', ...numbered('kept', 3)]);
      });

      test('what the database never takes is shown as that, and what came with it and behind it as ever', async () => {
        const scene = await live();
        const { house, account, friend, chat } = scene;
        // What comes while the database is away comes together once it is back.
        house.refusing = new Error('the database is gone');
        house.never = (event) => textsOf(event).includes('odd');
        await inTurn(['before', 'odd', 'after'], async (text) => await world.says(friend, account, text));
        await house.until(() => house.refused > 0);
        house.refusing = undefined;
        await world.says(friend, account, 'behind');
        await house.until(() => house.texts(chat).includes('behind'));
        // Who a person is may be told between any two messages: it is none of what was said.
        const told = house.events.filter(({ kind }) => kind !== 'person');
        const seen = told.map((event) => ('parts' in event ? textsOf(event).join() : event.kind));
        const [before, odd, ...rest] = seen.slice(seen.indexOf('before'));
        expect([before, ...rest]).toEqual(['before', 'after', 'behind']);
        expect(odd).not.toBe('odd');
        expect(house.texts(chat)).not.toContain('odd');
        expect([house.told, house.states.filter(({ state }) => state !== 'online')]).toEqual([[], []]);
        await reborn(scene);
        await world.says(friend, account, 'and on');
        await house.until(() => house.texts(chat).includes('and on'));
      });

      test('what is not taken in any form is told to the owner of the login, once', async () => {
        const scene = await live();
        const { house, account, friend, chat } = scene;
        house.never = (event) => event.portal.chat === chat && house.told.length === 0;
        await world.says(friend, account, 'odd');
        await house.until(() => house.told.length > 0);
        await world.says(friend, account, 'behind');
        await house.until(() => house.texts(chat).includes('behind'));
        expect(house.texts(chat)).not.toContain('odd');
        expect(house.told).toHaveLength(1);
        await reborn(scene);
        expect(house.told).toHaveLength(1);
      });

      test('the cursor moves with what is written down, never before', async () => {
        const scene = await live();
        const { house, account, friend, chat } = scene;
        house.refusing = new Error('the database is gone');
        await inTurn(numbered('kept', 3), async (text) => await world.says(friend, account, text));
        await house.until(() => house.refused > 0);
        const ending = scene.session.disconnect();
        await ending;
        house.refusing = undefined;
        await reborn(scene);
        await house.until(() => house.texts(chat).length === 4);
        expect(house.texts(chat)).toEqual(['met', ...numbered('kept', 3)]);
      });

      test('whoever has lost the lease writes nothing and goes quiet', async () => {
        const scene = await live();
        const { house, account, friend, chat } = scene;
        house.refusing = new FencedError('login');
        await world.says(friend, account, 'not for you');
        await house.until(() => house.refused > 0);
        await eventually(async () => (await world.connections()) === 0);
        const refused = house.refused;
        await scene.session.disconnect();
        expect(house.refused).toBeLessThanOrEqual(refused + 1);
        expect(house.states.filter(({ state }) => state === 'signed-out')).toEqual([]);
        house.refusing = undefined;
        await reborn(scene);
        await house.until(() => house.texts(chat).includes('not for you'));
      });

      test('a login that the network ended is told of once, with the way back', async () => {
        const scene = await live();
        const { house, account } = scene;
        await world.revoke(account);
        const over = await house.until(() => house.states.find(({ state }) => state === 'signed-out'));
        const key = expect.stringMatching(/\.(?:signed|logged)-out$/) as unknown;
        expect(over.why).toMatchObject({ retry: 'after-login', human: { key } });
        await scene.session.disconnect();
        const session = scene.adapter.openSession(scene.puppet, house.sink(scene.puppet));
        await expect(session.connect()).rejects.toMatchObject({ retry: 'after-login' });
        await session.disconnect();
        expect(house.states.filter(({ state }) => state === 'signed-out')).toHaveLength(1);
      });

      test('a login revoked while the process was away refuses to connect', async () => {
        const scene = await live();
        await scene.session.disconnect();
        await world.revoke(scene.account);
        await expect(reborn(scene)).rejects.toMatchObject({ name: 'BridgeError', retry: 'after-login' });
      });

      test('a network that is not there refuses for now', async () => {
        const scene = await live();
        await scene.session.disconnect();
        await world.shut();
        const session = scene.adapter.openSession(scene.puppet, scene.house.sink(scene.puppet));
        await expect(session.connect()).rejects.toMatchObject({
          name: 'BridgeError',
          retry: expect.stringMatching(/^(now|later)$/),
        });
        await session.disconnect();
      });

      test('a logout ends the login on the network too', async () => {
        const scene = await live();
        expect(await world.logins(scene.account)).toBe(1);
        await scene.session.logout();
        expect(await world.logins(scene.account)).toBe(0);
        expect(scene.house.states.filter(({ state }) => state === 'signed-out')).toEqual([]);
      });
    });

    describe('groups', () => {
      interface GroupScene extends Scene {
        readonly groups: Groups;
        readonly group: ChatId;
        readonly other: Somebody;
        readonly newcomer: Somebody;
      }

      async function inGroup(): Promise<GroupScene> {
        const scene = await live();
        const [other, newcomer] = [await world.somebody(), await world.somebody()];
        const { groups } = world;
        if (groups === undefined) throw new Error('a network without groups');
        const group = await groups.make(scene.friend, 'Choir', scene.account, [other]);
        return { ...scene, groups, group, other, newcomer };
      }

      /** Each kind: what is done, and what is so then. */
      const deeds: {
        readonly [Kind in GroupAction['kind']]: (scene: GroupScene) => {
          readonly action: GroupAction;
          readonly so: (now: GroupNow) => boolean;
        };
      } = {
        rename: ({ group: chat }) => ({
          action: { kind: 'rename', chat, name: 'Chamber choir' },
          so: ({ name }) => name === 'Chamber choir',
        }),
        'set-topic': ({ group: chat }) => ({
          action: { kind: 'set-topic', chat, topic: 'We sing' },
          so: ({ topic }) => topic === 'We sing',
        }),
        'set-picture': ({ group: chat }) => ({
          action: { kind: 'set-picture', chat, picture: { from: 'matrix', uri: as('mxc://hs.test/picture') } },
          so: ({ picture }) => typeof picture === 'string',
        }),
        'set-mode': ({ group: chat }) => ({
          action: { kind: 'set-mode', chat, mode: 'announce', on: true },
          so: ({ announce, locked }) => announce && !locked,
        }),
        'set-role': ({ group: chat, other }) => ({
          action: { kind: 'set-role', chat, person: other.id, role: 'admin' },
          so: ({ admins }) => admins.includes(other.id),
        }),
        add: ({ group: chat, newcomer }) => ({
          action: { kind: 'add', chat, person: newcomer.id },
          so: ({ members }) => members.includes(newcomer.id),
        }),
        expel: ({ group: chat, other }) => ({
          action: { kind: 'expel', chat, person: other.id },
          so: ({ members }) => !members.includes(other.id),
        }),
        'set-timer': ({ group: chat }) => ({
          action: { kind: 'set-timer', chat, seconds: 604_800 },
          so: ({ timer }) => timer === 604_800,
        }),
        leave: ({ group: chat, account }) => ({
          action: { kind: 'leave', chat },
          so: ({ members }) => !members.includes(account.self),
        }),
      };

      test('are changed in the ways that its capabilities name, and in no other', () => {
        const { actions } = open(new House()).capabilities;
        expect(GROUP_ACTIONS.filter((kind) => actions.has(kind))).toEqual(
          GROUP_ACTIONS.filter((kind) => traits.groups.has(kind)),
        );
      });

      for (const kind of GROUP_ACTIONS) {
        if (traits.groups.has(kind)) {
          test(`${kind} is done, and done again it changes nothing`, async () => {
            const scene = await inGroup();
            // Whoever is added has been found before: networks know only whom they were asked about.
            await scene.session.resolve(scene.newcomer.identifier);
            await scene.session.describeChat(scene.group);
            const { action, so } = deeds[kind](scene);
            expect(so(await scene.groups.now(scene.group))).toBe(false);
            const effect = newEffect();
            await scene.session.perform(action, effect, attempt());
            const after = await scene.groups.now(scene.group);
            expect(so(after)).toBe(true);
            await scene.session.perform(action, effect, attempt({ again: true }));
            await scene.session.perform(action, newEffect(), attempt());
            expect(await scene.groups.now(scene.group)).toEqual(after);
          });
        } else {
          test(`${kind} is refused in words`, async () => {
            const { session, chat, friend } = await live();
            const about = { group: chat, other: friend, newcomer: friend } as GroupScene;
            await expect(session.perform(deeds[kind](about).action, newEffect(), attempt())).rejects.toMatchObject({
              retry: 'never',
              human: { key: 'fault.unsupported-action' },
            });
          });
        }
      }

      if (traits.groups.size > 0) {
        test('that change over there come as they changed, by whoever did it', async () => {
          const { house, groups, group, friend, other, newcomer } = await inGroup();
          await groups.change(friend, group, { rename: 'Chamber choir' });
          await groups.change(friend, group, { add: newcomer });
          await groups.change(friend, group, { expel: other });
          const out = (): boolean => house.events.some((one) => one.kind === 'membership' && one.now === 'out');
          await house.until(out);
          const about = house.events.filter(
            ({ portal, kind }) => portal.chat === group && (kind === 'chat' || kind === 'membership'),
          );
          expect(about).toMatchObject([
            { kind: 'chat', sender: friend.id, change: { name: 'Chamber choir' } },
            { kind: 'membership', sender: friend.id, person: newcomer.id, now: 'in' },
            { kind: 'membership', sender: friend.id, person: other.id, now: 'out' },
          ]);
          expect(about.every(({ portal }) => portal.receiver === undefined)).toBe(true);
        });

        test('are described with their name and their people', async () => {
          const { session, groups, group } = await inGroup();
          const now = await groups.now(group);
          const { chat, facts } = await session.describeChat(group);
          expect(chat).toMatchObject({ id: group, kind: 'group', name: now.name });
          expect(chat.members?.map(({ person }) => person).toSorted()).toEqual([...now.members].toSorted());
          const admins = chat.members?.filter(({ role }) => role !== 'member').map(({ person }) => person);
          expect(admins?.toSorted()).toEqual([...now.admins].toSorted());
          expect(facts).toContain(`group:${group}`);
        });
      }
    });

    describe('people and chats', () => {
      test('are described as everybody sees them', async () => {
        const { session, friend, chat } = await live();
        const person = await session.describePerson(friend.id);
        expect(person).toMatchObject({ id: friend.id, name: friend.name });
        const described = await session.describeChat(chat);
        expect(described.chat).toMatchObject({ id: chat, kind: 'direct' });
        expect(described.chat.members?.map((member) => member.person)).toEqual([friend.id]);
        expect(described.person).toEqual(person);
        expect(described.facts).toEqual(expect.arrayContaining([expect.stringMatching(/^direct:/)]));
      });

      test('are found by what people type', async () => {
        const { session } = await live();
        const stranger = await world.somebody();
        const found = await session.resolve(stranger.identifier);
        expect(found).toMatchObject({ chat: { id: session.directChat(stranger.id), kind: 'direct' } });
        expect(found.facts).toEqual((await session.describeChat(found.chat.id)).facts);
        const never = { retry: 'never', human: { key: 'network.not-found' } };
        await expect(session.resolve('@nobody_of_this_name')).rejects.toMatchObject(never);
      });
    });

    test('nothing is left open after close, whatever was going on', async () => {
      const before = resources();
      const house = new House();
      const scene = await live(house);
      const idle = scene.adapter.beginLogin(world.flow, OWNER);
      await idle.steps[Symbol.asyncIterator]().next();
      const second = await live(house, scene.adapter);
      await world.cut(second.account);
      await scene.adapter.close();
      await eventually(async () => (await world.connections()) === 0);
      const left = (): readonly string[] => resources().filter((one) => !before.includes(one));
      await eventually(async () => await Promise.resolve(left().length === 0), left);
      await expect(scene.session.perform(textAction(scene.chat, 'late'), newEffect(), attempt())).rejects.toBeDefined();
    });
  });
}

function textsOf(event: NetworkEvent): string[] {
  if (event.kind !== 'message' && event.kind !== 'edit') return [];
  return event.parts.map((part) => (part.kind === 'text' ? part.text.text : part.kind));
}

/** Timers and sockets of this process, each kind as often as it is there. */
function resources(): string[] {
  const counts = new Map<string, number>();
  return process.getActiveResourcesInfo().map((kind) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind} ${count}`;
  });
}
