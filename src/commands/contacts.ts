// The command that lists a person's own address book on a network, in their private room with the bot and nowhere else; knows no rooms.
import type { Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { goingBy, unknownAccount } from './accounts.ts';
import { addressed } from './addressed.ts';
import { reply, type Call, type Command, type CommandResult } from './doors.ts';
import { oneMore, parted } from './elsewhere.ts';
import { lineOf } from './group-doors.ts';
import { titleOf } from './networks.ts';
import { plain, tame } from './tokens.ts';

/** Lines of one answer: more are found by a word of their name. */
const MOST_LINES = 50;

/** Again after a crash: it only looks. */
const contacts: Command = {
  name: 'contacts',
  names: ['contacts', 'carnet'],
  help: 'help.contacts',
  who: 'member',
  run: async (call) => {
    const { network, account, rest: named } = addressed(call);
    const words = named.map(({ text }) => text).join(' ');
    const own = (await call.doors.puppets.ofOwner(call.request.user)).filter(
      (one) => one.state !== 'signed-out' && (network === undefined || one.network === network),
    );
    const able = own.filter((one) => call.doors.adapters.get(one.network)?.capabilities.contacts === true);
    const [other] = own;
    if (able.length === 0) {
      return other === undefined
        ? reply(say('chat.no-login'))
        : reply(say('contacts.cannot', { network: titleOf(call.doors, other.network) }));
    }
    const meant = goingBy(able, account);
    if (meant.length === 0) return unknownAccount(account, able);
    const { here, away, reroute } = await parted(call.doors, meant);
    if (reroute !== undefined) return { replies: [], reroute };
    const replies: Say[] = [];
    for (const puppet of here) {
      const answer = await listed(call, puppet, words);
      // Its line went to another process this very moment.
      if (answer.reroute !== undefined) return answer;
      replies.push(...answer.replies);
    }
    return { replies: [...replies, ...away.map((one) => oneMore(call, one, `${one.network} as`, tame(words)))] };
  },
};

async function listed(call: Call, puppet: Puppet, words: string): Promise<CommandResult> {
  const live = await lineOf(call, puppet);
  if ('replies' in live) return live;
  const network = titleOf(call.doors, puppet.network);
  const all = (await live.session.contacts?.()) ?? [];
  const found = all.filter(({ name }) => plain(name).includes(plain(words)));
  if (found.length === 0) return reply(say('contacts.none', { network }));
  const lines = found.slice(0, MOST_LINES).map(({ name, identifier }) => {
    return identifier === undefined ? `- ${tame(name)}` : `- ${tame(name)}: ${identifier}`;
  });
  const more = found.length - lines.length;
  if (more > 0) lines.push(render(say('contacts.more', { count: more }), call.request.language));
  return reply(say('contacts.list', { network, lines: lines.join('\n') }));
}

export const contactCommands: readonly Command[] = [contacts];
