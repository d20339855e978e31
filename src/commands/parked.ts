// The commands about what could not be delivered: parked, send, discard; shows no message's text.
import type { ParkedEntry } from '../model/entry.ts';
import { momentOf } from '../model/moment.ts';
import { say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { reply, type Call, type Command, type CommandResult } from './doors.ts';
import { misunderstood, usage } from './misunderstood.ts';
import { titleOf } from './networks.ts';

/** Entries looked through, and shown. */
const LOOKED_AT = 10_000;
const SHOWN = 20;

/** Harmless again: it only looks. */
const parked: Command = {
  name: 'parked',
  names: ['parked', 'attente', 'en-attente'],
  help: 'help.parked',
  who: 'member',
  run: async (call) => {
    const entries = await reachable(call);
    if (entries.length === 0) return reply(say('parked.none'));
    const { language } = call.request;
    const lines = entries.slice(0, SHOWN).map((entry) => {
      const when = momentOf(entry.receivedAt);
      const why = render(entry.say, language);
      const network = entry.network === undefined ? '' : ` ${titleOf(call.doors, entry.network)},`;
      return render(say('parked.line', { id: entry.id, network, when, why }), language);
    });
    const count = entries.length;
    return reply(say('parked.list', { count, lines: lines.join('\n') }));
  },
};

/** Again after a crash: an entry released already is unknown here, and is not delivered twice. */
const send: Command = {
  name: 'send',
  names: ['send', 'envoyer'],
  help: 'help.send',
  who: 'member',
  run: async (call) => await decide(call, 'send'),
};

/** Again after a crash: an entry discarded already is unknown here. */
const discard: Command = {
  name: 'discard',
  names: ['discard', 'abandonner', 'jeter'],
  help: 'help.discard',
  who: 'member',
  run: async (call) => await decide(call, 'discard'),
};

async function decide(call: Call, what: 'send' | 'discard'): Promise<CommandResult> {
  const [word, extra] = call.args;
  if (word === undefined) return usage(call);
  if (extra !== undefined) return misunderstood(call, extra.text);
  if (!/^\d{1,15}$/.test(word.text)) return misunderstood(call, word.text);
  const id = Number(word.text);
  const { queue } = call.doors;
  const mine = (await reachable(call)).some((entry) => entry.id === id);
  const done = mine && (what === 'send' ? await queue.release(id) : await queue.discard(id));
  if (!done) return reply(say('parked.unknown', { id }));
  return reply(say(what === 'send' ? 'parked.sent' : 'parked.discarded', { id }));
}

/** One's own messages; administrators reach everybody's, without their text. */
async function reachable(call: Call): Promise<readonly ParkedEntry[]> {
  const { policy, queue } = call.doors;
  const entries = await queue.parked(LOOKED_AT);
  if (await policy.isAdministrator(call.request.user)) return entries;
  // A to-network lane is `n:<room>|<sender>` (see model/ids.ts).
  return entries.filter((entry) => entry.lane.startsWith('n:') && entry.lane.endsWith(`|${call.request.user}`));
}

export const parkedCommands: readonly Command[] = [parked, send, discard];
