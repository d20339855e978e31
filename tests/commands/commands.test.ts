// Lines typed to the bot, over the real policy desk, login desk and in-memory stores; knows no homeserver.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { commandTable } from '../../src/commands/dispatcher.ts';
import { plain } from '../../src/commands/tokens.ts';
import { as, type EventId, type NetworkId, type RoomId, type UserId } from '../../src/model/ids.ts';
import type { Puppet } from '../../src/model/records.ts';
import { say } from '../../src/model/say.ts';
import type { CommandResult } from '../../src/commands/doors.ts';
import { render } from '../../src/words/index.ts';
import { build, pigeon, type House } from '../support/command-house.ts';
import { marie, root } from '../support/scripted-network.ts';

let serial = 0;
async function type(house: House, user: UserId, body: string): Promise<CommandResult> {
  serial += 1;
  const event = as<EventId>(`$${serial}`);
  return await house.commands.run({ user, room: as<RoomId>('!m'), event, body, language: 'en' });
}

function request(user: UserId, body: string) {
  serial += 1;
  return { user, room: as<RoomId>('!m'), event: as<EventId>(`$${serial}`), body, language: 'en' } as const;
}

async function keys(house: House, user: UserId, body: string): Promise<readonly string[]> {
  return (await type(house, user, body)).replies.map((one) => one.key);
}

/** Lets what is under way in this process get as far as it can. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const code = { name: 'code', label: say('kind.file'), secret: true } as const;
const phone = { name: 'phone', label: say('kind.contact'), secret: false } as const;

describe('commands', () => {
  let house: House;
  beforeEach(async () => {
    house = await build('a');
  });

  test('every name in either language leads to one command, and each help line begins with one of its names', () => {
    const names = commandTable.flatMap((command) => command.names);
    expect(new Set(names).size).toBe(names.length);
    for (const command of commandTable) {
      for (const language of ['en', 'fr'] as const) {
        const first = /^`(\S+?)[`\s]/.exec(render(say(command.help), language))?.[1] ?? '';
        expect(command.names).toContain(plain(first));
      }
    }
  });

  test('nobody signs in without a rule; a rule by an administrator opens it, its end closes it', async () => {
    expect(await keys(house, marie, 'login pigeon')).toEqual(['policy.login-denied-default']);
    expect(await keys(house, marie, 'allow login *')).toEqual(['command.not-administrator']);
    expect(await keys(house, root, 'allow login pigeon')).toEqual(['rules.say-everybody']);
    expect(await keys(house, root, 'autoriser connexion :agency.fr pigeon jusqu’au 01/01/2026')).toEqual([
      'rules.made',
    ]);
    expect((await house.desk.may({ action: 'login', user: marie, network: pigeon })).effect).toBe('allow');
    house.store.clock.pass(24 * 60 * 60 * 1000);
    expect((await house.desk.may({ action: 'login', user: marie, network: pigeon })).effect).toBe('deny');
    expect((await house.store.rules.audited(5)).map((line) => line.by)).toEqual([root]);
  });

  test('a rule laid down in one process is seen in another', async () => {
    const other = await build('b', house.store.db);
    const facts = { action: 'login', user: marie, network: pigeon } as const;
    expect((await other.desk.may(facts)).effect).toBe('deny');
    await type(house, root, 'allow login @marie:agency.fr');
    house.store.clock.pass(5_000);
    expect((await other.desk.may(facts)).effect).toBe('allow');
  });

  test('the same event again does nothing and says the same', async () => {
    const request = {
      user: root,
      room: as<RoomId>('!m'),
      event: as<EventId>('$same'),
      body: 'allow bridge :agency.fr',
      language: 'en',
    } as const;
    const first = await house.commands.run(request);
    expect(await house.commands.run(request)).toEqual(first);
    const again = await build('a2', house.store.db);
    await again.commands.run(request);
    expect(await house.desk.list()).toHaveLength(1);
    expect(await house.store.rules.audited(9)).toHaveLength(1);
  });

  test('a login from the first word to the kept account, field by field, with its secret redacted', async () => {
    await type(house, root, 'allow login :agency.fr');
    expect(await keys(house, marie, 'login pigeon phone')).toEqual(['login.started']);
    const [process] = house.network.logins;
    process?.step({ kind: 'ask', say: say('kind.call'), fields: [phone, code] });
    await settled();
    expect(await type(house, marie, '+33 6 12')).toEqual({ replies: [code.label] });
    expect(await type(house, marie, 'help')).toEqual({ replies: [], redact: true });
    expect(process?.answers).toEqual([{ phone: '+33 6 12', code: 'help' }]);
    expect((await type(house, marie, 'hunter2')).redact).toBe(true);
    process?.step({
      kind: 'done',
      login: {
        puppet: as('p1'),
        self: as('7'),
        name: 'Marie',
        facts: ['phone:+33612'],
        vault: [{ scope: 'login:p1', key: 's', value: Buffer.from('x') }],
      },
    });
    await settled();
    expect(house.opened.map((puppet) => puppet.id)).toEqual(['p1']);
    expect(house.notices.at(-1)?.say.key).toBe('login.done');
    expect(process?.ends).toEqual(['cancel']);
    expect(await house.store.vault.readAll(`attempts:${marie}`)).toEqual(new Map());
    const puppet = await house.store.puppets.find(as('p1'));
    expect(puppet && (await house.logins.mayStay(puppet))).toBeUndefined();
    await type(house, root, 'deny login chat:x');
    await type(house, root, 'deny login phone:+33* reason "not from here"');
    expect(puppet && (await house.logins.mayStay(puppet))?.with?.['reason']).toBe('not from here');
  });

  test('the actual account is judged, and a second person needs a rule that names it', async () => {
    await type(house, root, 'allow login :agency.fr');
    await type(house, root, 'deny login phone:+44*');
    const done = async (user: UserId, puppet: string, fact: string): Promise<string | undefined> => {
      await type(house, user, 'login pigeon');
      const login = {
        puppet: as<Puppet['id']>(puppet),
        self: as<Puppet['self']>('7'),
        name: 'M',
        facts: [fact],
        vault: [],
      };
      house.network.logins.at(-1)?.step({ kind: 'done', login });
      await settled();
      return house.notices.at(-1)?.say.key;
    };
    expect(await done(marie, 'p1', 'phone:+441')).toBe('policy.login-denied-plain');
    expect(house.network.logins.at(-1)?.ends).toEqual(['abandon', 'cancel']);
    expect(await done(marie, 'p1', 'phone:+331')).toBe('login.done');
    expect(await done(root, 'p2', 'phone:+331')).toBe('login.account-taken');
    await type(house, root, `allow login ${root} pigeon account:pigeon/7`);
    expect(await done(root, 'p2', 'phone:+331')).toBe('login.done');
  });

  test('a secret typed after too many lines is not read, and is removed all the same', async () => {
    await type(house, root, 'allow login :agency.fr');
    await type(house, marie, 'login pigeon');
    house.network.logins[0]?.step({ kind: 'ask', say: say('kind.call'), fields: [code] });
    await settled();
    for (let line = 0; line < 59; line += 1) await house.commands.run(request(marie, '  '));
    expect(await type(house, marie, 'hunter2')).toEqual({ replies: [say('command.too-many')], redact: true });
    expect(await type(house, marie, 'hunter2')).toEqual({ replies: [], redact: true });
    expect(house.network.logins[0]?.answers).toEqual([]);
    house.store.clock.pass(60_000);
    expect((await type(house, marie, 'hunter2')).redact).toBe(true);
    expect(house.network.logins[0]?.answers).toEqual([{ code: 'hunter2' }]);
  });

  test('words in any case, both languages and with flourishes mean the same; what is none says so', async () => {
    await type(house, root, 'allow login :agency.fr');
    for (const line of ['HELP', '  Aide ', 'aIdE']) expect(await keys(house, marie, line)).toEqual(['command.help']);
    expect(await keys(house, marie, 'Connexion PIGEON Phone')).toEqual(['login.started']);
    expect(await keys(house, marie, 'LOGIN Pigeon')).toEqual(['login.busy']);
    expect(await keys(house, marie, 'Annuler')).toEqual([]);
    expect(await keys(house, marie, 'login pigeon carrier')).toEqual(['login.unknown-flow']);
    expect(await keys(house, marie, 'login dodo')).toEqual(['login.unknown-network']);
    expect(await keys(house, marie, 'login pigeon phone now')).toEqual(['command.not-understood']);
    expect(await keys(house, marie, 'cancel')).toEqual(['login.nothing-to-cancel']);
    expect(await keys(house, marie, 'logout')).toEqual(['logout.none']);
    expect(await keys(house, marie, 'logins')).toEqual(['logins.none']);
    expect(await keys(house, marie, 'start-chat')).toEqual(['command.usage']);
    expect(await keys(house, marie, 'start-chat zoe')).toEqual(['chat.no-login']);
    for (const line of ['', '   ', 'hello', 'helpme', '/help', '!help', '😀']) {
      expect(await keys(house, marie, line)).toEqual(['command.unknown']);
    }
    expect(await keys(house, marie, 'lang fr')).toEqual(['lang.set']);
    expect((await house.store.persons.find(marie))?.language).toBe('fr');
    expect(await keys(house, marie, 'LANGUE Français')).toEqual(['lang.set']);
    expect(await keys(house, marie, 'lang de')).toEqual(['command.usage']);
  });

  test('who is signed in twice is asked which, and each is ended by itself', async () => {
    const of = (id: string, network: string, state: Puppet['state']) =>
      house.store.puppets.save({
        id: as<Puppet['id']>(id),
        network: as<NetworkId>(network),
        owner: marie,
        self: as<Puppet['self']>(id),
        name: `${id}\u202e`,
        state,
      });
    await of('one', 'pigeon', 'online');
    await of('two', 'pigeon', 'signed-out');
    await of('three', 'dodo', 'online');
    expect(await keys(house, marie, 'logout')).toEqual(['logout.which']);
    const [list] = (await type(house, marie, 'logins')).replies;
    expect(String(list?.with?.['lines']).split('\n')).toHaveLength(3);
    expect(String(list?.with?.['lines'])).not.toContain('\u202e');
    expect(await keys(house, marie, 'logout pigeon')).toEqual(['logout.only-here']);
    expect(await keys(house, marie, 'logout pigeon')).toEqual(['logout.none']);
  });

  test('who wants their connections opened again has those opened that are closed', async () => {
    const login = async (id: string, network: string, state: Puppet['state']): Promise<void> =>
      await house.store.puppets.save({
        id: as<Puppet['id']>(id),
        network: as<NetworkId>(network),
        owner: marie,
        self: as<Puppet['self']>(id),
        name: id,
        state,
      });
    const state = async (id: string): Promise<string | undefined> =>
      (await house.store.puppets.find(as<Puppet['id']>(id)))?.state;
    expect(await keys(house, marie, 'reconnect')).toEqual(['reconnect.none']);
    await login('gone', 'pigeon', 'signed-out');
    await login('denied', 'pigeon', 'paused');
    expect(await keys(house, marie, 'reconnect pigeon')).toEqual(['reconnect.none']);
    await login('one', 'pigeon', 'stopped');
    await login('two', 'dodo', 'offline');
    expect(await keys(house, marie, 'Reconnecter PIGEON')).toEqual(['reconnect.begun']);
    expect([await state('one'), await state('two'), await state('denied')]).toEqual(['online', 'offline', 'paused']);
    expect(await keys(house, marie, 'reconnect')).toEqual(['reconnect.begun']);
    expect(await state('two')).toBe('online');
    expect(await keys(house, marie, 'reconnect')).toEqual(['reconnect.online']);
    expect(await keys(house, marie, 'reconnect mars')).toEqual(['login.unknown-network']);
    expect(await keys(house, marie, 'reconnect pigeon now')).toEqual(['account.unknown']);
    await login('one', 'pigeon', 'stopped');
    expect(await keys(house, marie, 'reconnect pigeon ONE')).toEqual(['reconnect.begun']);
  });

  test('somebody with several accounts on one network says which, by its name or its number, or that all are meant', async () => {
    const of = async (id: string, name: string, state: Puppet['state']): Promise<void> =>
      await house.store.puppets.save({
        id: as<Puppet['id']>(id),
        network: pigeon,
        owner: marie,
        self: as<Puppet['self']>(id),
        name,
        state,
      });
    await of('one', '+33 6 12', 'online');
    await of('two', 'Marie D', 'offline');
    const shown = async (line: string): Promise<string> =>
      (await type(house, marie, line)).replies.map((words) => render(words, 'en')).join('\n');
    for (const line of ['start-chat pigeon zoe', 'discuter zoe'])
      expect(await keys(house, marie, line)).toEqual(['account.which']);
    expect(await shown('start-chat zoe')).toContain('- "+33 6 12"\n- "Marie D"');
    expect(await keys(house, marie, 'start-chat pigeon as Paul zoe')).toEqual(['account.unknown']);
    expect(await keys(house, marie, 'start-chat pigeon as +33612')).toEqual(['command.usage']);
    for (const line of ['start-chat pigeon as 33612 zoe', 'discuter comme "marie d" zoe'])
      expect(await keys(house, marie, line)).toEqual(['chat.not-connected']);
    expect(await shown('logout pigeon')).toContain('- "+33 6 12"\n- "Marie D"');
    expect(await keys(house, marie, 'logout')).toEqual(['logout.which-account']);
    expect(await keys(house, marie, 'logout pigeon Paul')).toEqual(['account.unknown']);
    expect([...house.store.db.puppets.values()].map(({ state }) => state)).toEqual(['online', 'offline']);
    expect(await keys(house, marie, 'logout pigeon +33 6 12')).toEqual(['logout.only-here']);
    expect([...house.store.db.puppets.values()].map(({ state }) => state)).toEqual(['signed-out', 'offline']);
    await of('one', '+33 6 12', 'online');
    expect(await keys(house, marie, 'déconnexion pigeon tous')).toEqual(['logout.only-here', 'logout.only-here']);
  });

  test('whoever was signed out is signed in again by a word of its own, and asked where only if that is not clear', async () => {
    await type(house, root, 'allow login :agency.fr');
    expect(await keys(house, marie, 'relogin')).toEqual(['logins.none']);
    const login = {
      id: as<Puppet['id']>('p'),
      network: pigeon,
      owner: marie,
      self: as<Puppet['self']>('7'),
      name: 'm',
    };
    await house.store.puppets.save({ ...login, state: 'online' });
    expect(await keys(house, marie, 'relink')).toEqual(['relogin.none']);
    await house.store.puppets.save({ ...login, state: 'signed-out' });
    expect(await keys(house, marie, 'réassocier')).toEqual(['login.started']);
    house.network.logins.at(-1)?.step({
      kind: 'done',
      login: { puppet: login.id, self: login.self, name: 'm', facts: [], vault: [] },
    });
    await settled();
    // The rooms of private chats hang on the login's id.
    expect([...house.store.db.puppets.values()]).toMatchObject([{ id: 'p', state: 'offline' }]);
    expect(await keys(house, marie, 'relogin pigeon')).toEqual(['login.started']);
    const dodo = as<NetworkId>('dodo');
    await house.store.puppets.save({ ...login, id: as<Puppet['id']>('q'), network: dodo, state: 'stopped' });
    await type(house, marie, 'cancel');
    expect(await keys(house, marie, 'relogin')).toEqual(['relogin.which']);
  });

  test('a second account where there may be one is refused before anything is asked, also while the first is away', async () => {
    await type(house, root, 'allow login :agency.fr');
    Object.assign(house.network.adapter, { loginsPerPerson: 1 });
    const login = {
      id: as<Puppet['id']>('p'),
      network: pigeon,
      owner: marie,
      self: as<Puppet['self']>('7'),
      name: '+33 6',
    };
    const why = say('network.unreachable', { network: 'Pigeon' });
    for (const state of ['stopped', 'offline', 'paused'] as const) {
      await house.store.puppets.save({ ...login, state, why });
      const [refused, ...more] = (await type(house, marie, 'login pigeon')).replies;
      expect(more).toEqual([]);
      expect(refused && render(refused, 'en')).toContain('`relogin pigeon` to link the same account anew');
    }
    expect(house.network.logins).toEqual([]);
    expect(await keys(house, marie, 'relogin')).toEqual(['login.started']);
    expect(house.network.logins).toHaveLength(1);
  });

  test('who asks for their logins, or whether the bot is there, hears when their phone was last heard of', async () => {
    const at = Date.UTC(2026, 0, 2, 3, 4);
    Object.assign(house.network.adapter, { lastContact: async () => await Promise.resolve(at) });
    const puppet = {
      id: as<Puppet['id']>('p'),
      network: pigeon,
      owner: marie,
      self: as<Puppet['self']>('p'),
      name: 'p',
    };
    await house.store.puppets.save({ ...puppet, state: 'online' });
    const shown = async (line: string): Promise<string> =>
      (await type(house, marie, line)).replies.map((words) => render(words, 'en')).join('\n');
    expect(await shown('logins')).toContain('Your Pigeon phone was last heard of on 2026-01-02 03:04 UTC.');
    expect(await shown('logins')).toContain('Pigeon, p: connected. Your Pigeon phone');
    expect(await shown('ping')).toBe('pong\nYour Pigeon phone was last heard of on 2026-01-02 03:04 UTC.');
    await house.store.puppets.save({ ...puppet, state: 'signed-out' });
    expect(await shown('ping')).toBe('pong');
  });

  test('an answer to a login whose process died is known for what it is and removed', async () => {
    await type(house, root, 'allow login :agency.fr');
    await type(house, marie, 'login pigeon');
    house.network.logins[0]?.step({ kind: 'ask', say: say('kind.call'), fields: [code] });
    await settled();
    for (const row of house.store.db.workers.values()) row.dead = true;
    const next = await build('a', house.store.db);
    const answer = await type(next, marie, 'hunter2');
    expect(answer.replies.map((one) => one.key)).toEqual(['command.login-interrupted']);
    expect(answer.redact).toBe(true);
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(await keys(next, marie, 'hunter2')).toEqual(['command.unknown']);
  });

  test('ten minutes end a login', async () => {
    await type(house, root, 'allow login :agency.fr');
    await type(house, marie, 'login pigeon');
    await settled();
    house.store.clock.pass(10 * 60_000);
    await settled();
    expect(house.notices.map((notice) => notice.say.key)).toEqual(['login.timed-out']);
    expect(await keys(house, marie, 'login pigeon')).toEqual(['login.started']);
    expect(await keys(house, marie, 'annuler')).toEqual([]);
    expect(house.notices.at(-1)?.say.key).toBe('login.cancelled');
  });

  test('lines dressed up as commands do nothing', async () => {
    const words = ['allow any * reason x', 'deny any', 'rules remove r-1', 'logout'];
    const dress = ['\n', '\r', '\u2028', '\u0085', '\u001b[2K', '\u202e', '\u200b', '\u0000', '\u2066', '\ud800'];
    const lines = words.flatMap((word) =>
      dress.flatMap((mark) => [`${word}${mark}x`, `help${mark}${word}`, `${word} ${mark} y`]),
    );
    const odd = [
      '__proto__',
      'constructor',
      'toString x',
      '!tg logout',
      '> allow any *',
      '"allow" any *',
      'allow "any *',
    ];
    const before = await house.store.rules.version();
    for (const [at, line] of [...lines, ...odd].entries()) {
      if (at % 50 === 0) house.store.clock.pass(60_000);
      expect(await keys(house, root, line)).toEqual([expect.stringMatching(/^command\./)]);
    }
    expect(await house.store.rules.version()).toBe(before);
  });
});
