// The commands about the conversation with the bot itself: help, ping, lang.
import { say, type Say } from '../model/say.ts';
import { reply, type Command } from './doors.ts';
import { contactOf } from './login.ts';
import { usage } from './misunderstood.ts';
import { plain } from './tokens.ts';

/** Harmless again: it only looks. */
const ping: Command = {
  name: 'ping',
  names: ['ping'],
  help: 'help.ping',
  who: 'everyone',
  run: async ({ doors, request }) => {
    const contacts: Say[] = [];
    for (const puppet of await doors.puppets.ofOwner(request.user)) {
      const contact = await contactOf(doors, puppet);
      if (contact !== undefined) contacts.push(contact);
    }
    if (!(await doors.policy.isAdministrator(request.user))) return reply(say('ping.pong'), ...contacts);
    const { queued, parked, oldestMs } = await doors.queue.depth();
    return reply(say('ping.depth', { queued, parked, seconds: Math.round(oldestMs / 1000) }), ...contacts);
  },
};

const LANGUAGES = new Map<string, 'en' | 'fr'>([
  ['en', 'en'],
  ['english', 'en'],
  ['anglais', 'en'],
  ['fr', 'fr'],
  ['french', 'fr'],
  ['francais', 'fr'],
]);

/** Again after a crash: the same language is kept again. */
const lang: Command = {
  name: 'lang',
  names: ['lang', 'langue', 'language'],
  help: 'help.lang',
  who: 'everyone',
  run: async (call) => {
    const { user } = call.request;
    const language = LANGUAGES.get(plain(call.args[0]?.text ?? ''));
    if (language === undefined || call.args.length > 1) return usage(call);
    await call.doors.persons.setLanguage(user, language);
    return reply(say('lang.set'));
  },
};

export const talkCommands: readonly Command[] = [ping, lang];
