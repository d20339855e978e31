// The command that opens a conversation from the Matrix side: start-chat; knows no rooms.
import { factsOf } from '../model/chat.ts';
import type { NetworkId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import { say } from '../model/say.ts';
import { chatRefusal } from '../policy/refusal.ts';
import { goingBy, namedAccount, oneOf } from './accounts.ts';
import { reply, type Call, type Command, type CommandResult } from './doors.ts';
import { lineOf } from './group-doors.ts';
import { usage } from './misunderstood.ts';
import { findNetwork, titleOf } from './networks.ts';
import { tame, type Token } from './tokens.ts';

/** Again after a crash: the same chat has the same portal, and the opening is kept once per event. */
const startChat: Command = {
  name: 'start-chat',
  names: ['start-chat', 'discuter', 'nouvelle-conversation', 'pm'],
  help: 'help.start-chat',
  who: 'member',
  run: async (call) => {
    const [first, ...rest] = call.args;
    if (first === undefined) return usage(call);
    const network = rest.length > 0 && !first.quoted ? findNetwork(call.doors, first.text) : undefined;
    const { account, rest: whom } = namedAccount(network === undefined ? call.args : rest);
    const identifier = textOf(whom);
    if (identifier === '') return usage(call);
    const puppets = await usable(call, network);
    const meant = goingBy(puppets, account);
    const networks = new Set((meant.length === 0 ? puppets : meant).map((puppet) => puppet.network));
    if (networks.size > 1) return reply(say('chat.which-network', { networks: [...networks].join(', ') }));
    const puppet = oneOf(call, puppets, account);
    if (puppet === undefined) {
      return reply(
        network === undefined
          ? say('chat.no-login')
          : say('chat.no-login-there', { network: titleOf(call.doors, network), login: network }),
      );
    }
    return 'replies' in puppet ? puppet : await open(call, puppet, identifier);
  },
};

async function open(call: Call, puppet: Puppet, identifier: string): Promise<CommandResult> {
  const { doors, request } = call;
  const live = await lineOf(call, puppet);
  if ('replies' in live) return live;
  const { session } = live;
  const resolved = await session.resolve(identifier);
  const { chat } = resolved;
  const chats = factsOf(resolved);
  const verdict = await doors.policy.may({ action: 'bridge', user: request.user, network: puppet.network, chats });
  if (verdict.effect === 'deny') return reply(chatRefusal(verdict));
  const refused = await doors.beginnings.refusalOf(puppet, session, resolved);
  if (refused !== undefined) return reply(refused);
  const room = await doors.openChat(puppet, resolved, request.event);
  const name = tame(chat.name ?? resolved.person?.name ?? resolved.person?.username ?? identifier);
  return reply(room === undefined ? say('chat.opening', { name }) : say('chat.opened', { name, room }));
}

async function usable(call: Call, network: NetworkId | undefined): Promise<readonly Puppet[]> {
  const own = await call.doors.puppets.ofOwner(call.request.user);
  return own.filter(
    (puppet) =>
      puppet.state !== 'signed-out' &&
      puppet.state !== 'paused' &&
      (network === undefined || puppet.network === network),
  );
}

/** Telephone numbers are typed with spaces. */
function textOf(tokens: readonly Token[]): string {
  return tokens.map((token) => token.text).join(' ');
}

export const chatCommands: readonly Command[] = [startChat];
