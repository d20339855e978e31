// What a person hears whose command's words make no sense: the word, and how the command is written.
import { say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { reply, type Call, type CommandResult } from './doors.ts';
import { tame } from './tokens.ts';

export function usage(call: Call): CommandResult {
  return reply(say('command.usage', { usage: render(say(call.command.help), call.request.language) }));
}

export function misunderstood(call: Call, word: string): CommandResult {
  const how = render(say(call.command.help), call.request.language);
  return reply(say('command.not-understood', { word: tame(word), usage: how }));
}
