// The commands about logins: login, logout, logins, cancel; knows no steps' meaning.
import type { NetworkId } from '../model/ids.ts';
import { momentOf } from '../model/moment.ts';
import type { Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { accountOf, goingBy, isAll, listed, unknownAccount } from './accounts.ts';
import { reply, type Call, type Command, type CommandResult } from './doors.ts';
import { oneMore, parted } from './elsewhere.ts';
import { misunderstood } from './misunderstood.ts';
import { findNetwork, titleOf } from './networks.ts';
import { plain, tame } from './tokens.ts';

/** Again after a crash: the login it began died with the process, so it begins anew (the network may send another code). */
const login: Command = {
  name: 'login',
  names: ['login', 'connexion'],
  help: 'help.login',
  who: 'member',
  run: async (call) => await signIn(call, wordsOf(call), false),
};

/** As `login`, for an account that was linked before: a login is found by its person and account, and its rooms hang on it. */
const relogin: Command = {
  name: 'relogin',
  names: ['relogin', 'reassocier', 'relink'],
  help: 'help.relogin',
  who: 'member',
  run: async (call) => {
    const [network] = call.args;
    if (network !== undefined) return await signIn(call, wordsOf(call), true);
    const own = await call.doors.puppets.ofOwner(call.request.user);
    const networks = [...new Set(own.filter(({ state }) => state !== 'online').map((one) => one.network))];
    const [only, other] = networks;
    if (only === undefined) return reply(say(own.length === 0 ? 'logins.none' : 'relogin.none'));
    if (other !== undefined) return reply(say('relogin.which', { networks: networks.join(', ') }));
    return await signIn(call, [only], true);
  },
};

function wordsOf(call: Call): readonly string[] {
  return call.args.map(({ text }) => text);
}

async function signIn(call: Call, words: readonly string[], anew: boolean): Promise<CommandResult> {
  const [network, flow, extra] = words;
  if (network === undefined) return choose(call);
  const known = findNetwork(call.doors, network);
  if (known === undefined) return reply(say('login.unknown-network', { network: tame(network) }));
  if (extra !== undefined) return misunderstood(call, extra);
  // A way that no flow is called by is handed on as it was typed, to be told which there are.
  const flows = call.doors.adapters.get(known)?.loginFlows ?? [];
  const named = flow === undefined ? undefined : flows.find((one) => plain(one.id) === plain(flow));
  const refused = await call.doors.logins.begin(call.request.user, known, named?.id ?? flow, anew);
  return reply(refused ?? say('login.started', { network: titleOf(call.doors, known) }));
}

function choose(call: Call): CommandResult {
  const { language } = call.request;
  const lines = [...call.doors.adapters.values()].flatMap((adapter) =>
    adapter.loginFlows.map((flow) =>
      render(
        say('login.choice', { network: adapter.id, flow: flow.id, title: render(flow.title, language) }),
        language,
      ),
    ),
  );
  return reply(lines.length === 0 ? say('login.no-network') : say('login.choose', { lines: lines.join('\n') }));
}

/** Again after a crash: whoever is signed out already stays so. */
const logout: Command = {
  name: 'logout',
  names: ['logout', 'deconnexion'],
  help: 'help.logout',
  who: 'member',
  run: async (call) => {
    const [word, ...named] = call.args;
    const account = accountOf(named);
    const network = word === undefined ? undefined : findNetwork(call.doors, word.text);
    if (word !== undefined && network === undefined) {
      return reply(say('login.unknown-network', { network: tame(word.text) }));
    }
    const all = await openLogins(call, network);
    if (all.length === 0) return reply(say('logout.none'));
    const networks = new Set(all.map((puppet) => puppet.network));
    if (networks.size > 1) return reply(say('logout.which', { networks: [...networks].join(', ') }));
    const open = account === undefined || isAll(account) ? all : goingBy(all, account);
    if (open.length === 0) return unknownAccount(account, all);
    // Ended is ended: which of several is never guessed.
    if (account === undefined && all.length > 1)
      return reply(say('logout.which-account', { network: [...networks].join(''), lines: listed(all) }));
    const { here, away, reroute } = await parted(call.doors, open);
    if (reroute !== undefined) return { replies: [], reroute };
    const replies = [];
    for (const puppet of here) replies.push(await endOne(call, puppet));
    return reply(...replies, ...away.map((puppet) => oneMore(call, puppet, puppet.network)));
  },
};

async function endOne(call: Call, puppet: Puppet): Promise<CommandResult['replies'][number]> {
  const { sessions, logins } = call.doors;
  const reached = sessions.session(puppet) !== undefined;
  await sessions.logout(puppet);
  await logins.forget(puppet);
  const values = { network: titleOf(call.doors, puppet.network), name: tame(puppet.name) };
  return reached ? say('logout.done', values) : say('logout.only-here', values);
}

async function openLogins(call: Call, network: NetworkId | undefined): Promise<readonly Puppet[]> {
  const own = await call.doors.puppets.ofOwner(call.request.user);
  return own.filter((puppet) => puppet.state !== 'signed-out' && (network === undefined || puppet.network === network));
}

/** Harmless again: it only looks. */
const logins: Command = {
  name: 'logins',
  names: ['logins', 'connexions', 'list-logins'],
  help: 'help.logins',
  who: 'member',
  run: async (call) => {
    const { language } = call.request;
    const own = await call.doors.puppets.ofOwner(call.request.user);
    if (own.length === 0) return reply(say('logins.none'));
    const lines: string[] = [];
    for (const puppet of own) {
      const state = render(say(`state.${puppet.state}`), language);
      const network = titleOf(call.doors, puppet.network);
      const line = render(say('logins.line', { network, name: tame(puppet.name), state }), language);
      const contact = await contactOf(call.doors, puppet);
      const more = [puppet.why, contact].flatMap((words) => (words === undefined ? [] : [render(words, language)]));
      lines.push(more.length === 0 ? line : `${line}. ${more.join(' ')}`);
    }
    return reply(say('logins.list', { lines: lines.join('\n') }));
  },
};

/** When the phone behind a login was last heard of, where a network needs it. */
export async function contactOf(doors: Call['doors'], puppet: Puppet): Promise<Say | undefined> {
  if (puppet.state === 'signed-out') return undefined;
  const at = await doors.adapters.get(puppet.network)?.lastContact?.(puppet.id);
  if (at === undefined) return undefined;
  const network = titleOf(doors, puppet.network);
  return say('logins.contact', { network, when: momentOf(at) });
}

/** Harmless again: what is cancelled is gone. The end is told by the login itself. */
const cancel: Command = {
  name: 'cancel',
  names: ['cancel', 'annuler'],
  help: 'help.cancel',
  who: 'member',
  run: async (call) => {
    const { logins: desk } = call.doors;
    const ended = await desk.cancel(call.request.user);
    const lost = await desk.lost(call.request.user);
    if (ended.length > 0) return reply();
    const [first] = lost;
    if (first === undefined) return reply(say('login.nothing-to-cancel'));
    return reply(say('login.cancelled', { network: titleOf(call.doors, first.network) }));
  },
};

export const loginCommands: readonly Command[] = [login, relogin, logout, logins, cancel];
export const cancelNames: ReadonlySet<string> = new Set(cancel.names);
