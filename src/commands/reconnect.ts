// The command that has closed lines opened again now: reconnect; knows no network.
import { say } from '../model/say.ts';
import { accountOf, goingBy, unknownAccount } from './accounts.ts';
import { reply, type Command } from './doors.ts';
import { oneMore, parted } from './elsewhere.ts';
import { findNetwork, titleOf } from './networks.ts';
import { tame } from './tokens.ts';

/** Again after a crash: whoever is connected by then stays so. */
const reconnect: Command = {
  name: 'reconnect',
  names: ['reconnect', 'reconnecter', 'reconnexion'],
  help: 'help.reconnect',
  who: 'member',
  run: async (call) => {
    const { doors, request } = call;
    const [word, ...named] = call.args;
    const account = accountOf(named);
    const network = word === undefined ? undefined : findNetwork(doors, word.text);
    if (word !== undefined && network === undefined)
      return reply(say('login.unknown-network', { network: tame(word.text) }));
    const all = (await doors.puppets.ofOwner(request.user)).filter(
      ({ network: there, state }) =>
        (network === undefined || there === network) && state !== 'signed-out' && state !== 'paused',
    );
    if (all.length === 0) return reply(say('reconnect.none'));
    const own = goingBy(all, account);
    if (own.length === 0) return unknownAccount(account, all);
    const closed = own.filter(({ state }) => state !== 'online');
    if (closed.length === 0) return reply(say('reconnect.online'));
    const { here, away, reroute } = await parted(doors, closed);
    if (reroute !== undefined) return { replies: [], reroute };
    for (const puppet of here) await doors.sessions.reconnect(puppet);
    return reply(
      ...here.map(({ network: there, name }) =>
        say('reconnect.begun', { network: titleOf(doors, there), name: tame(name) }),
      ),
      ...away.map((puppet) => oneMore(call, puppet, puppet.network)),
    );
  },
};

export const reconnectCommands: readonly Command[] = [reconnect];
