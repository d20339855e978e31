// The command that has closed lines opened again now: reconnect; knows no network.
import { say } from '../model/say.ts';
import { reply, type Command } from './doors.ts';
import { heldElsewhere } from './elsewhere.ts';
import { misunderstood } from './misunderstood.ts';
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
    const [word, extra] = call.args;
    if (extra !== undefined) return misunderstood(call, extra.text);
    const network = word === undefined ? undefined : findNetwork(doors, word.text);
    if (word !== undefined && network === undefined)
      return reply(say('login.unknown-network', { network: tame(word.text) }));
    const own = (await doors.puppets.ofOwner(request.user)).filter(
      ({ network: there, state }) =>
        (network === undefined || there === network) && state !== 'signed-out' && state !== 'paused',
    );
    if (own.length === 0) return reply(say('reconnect.none'));
    const closed = own.filter(({ state }) => state !== 'online');
    if (closed.length === 0) return reply(say('reconnect.online'));
    for (const puppet of closed) {
      const owner = await heldElsewhere(doors, puppet);
      if (owner !== undefined) return { replies: [], reroute: owner };
    }
    for (const puppet of closed) await doors.sessions.reconnect(puppet);
    return reply(
      ...closed.map(({ network: there, name }) =>
        say('reconnect.begun', { network: titleOf(doors, there), name: tame(name) }),
      ),
    );
  },
};

export const reconnectCommands: readonly Command[] = [reconnect];
