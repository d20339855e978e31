// Takes one line typed to the bot to the one thing it means: an answer, a command, or a word that helps on; knows no room.
import { BridgeError } from '../model/errors.ts';
import type { EventId, UserId } from '../model/ids.ts';
import { say, type Say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { Answers } from './answers.ts';
import { chatCommands } from './chats.ts';
import { contactCommands } from './contacts.ts';
import { reply, type Command, type CommandDoors, type CommandRequest, type CommandResult } from './doors.ts';
import { groupCommands } from './groups.ts';
import { cancelNames, loginCommands } from './login.ts';
import { titleOf } from './networks.ts';
import { parkedCommands } from './parked.ts';
import { reconnectCommands } from './reconnect.ts';
import { ruleCommands } from './rules.ts';
import { talkCommands } from './talk.ts';
import { plain, tokenize } from './tokens.ts';

/** Lines of one person that are read within one minute. */
const LINES_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Results kept, so that the same event asked again gets the same answer. */
const REMEMBERED = 1_000;

/** Harmless again: it only looks. */
const help: Command = {
  name: 'help',
  names: ['help', 'aide'],
  help: 'help.help',
  who: 'everyone',
  run: async ({ doors, request }) => {
    const shown = new Set<Command['who']>(['everyone']);
    if (await doors.policy.isAdministrator(request.user)) shown.add('administrator').add('member');
    else if (await isMember(doors, request.user)) shown.add('member');
    const lines = commandTable
      .filter((command) => shown.has(command.who))
      .map((command) => `- ${render(say(command.help), request.language)}`);
    return reply(say('command.help', { lines: lines.join('\n') }));
  },
};

/** Every command, in the order of the help. */
export const commandTable: readonly Command[] = [
  help,
  ...loginCommands,
  ...reconnectCommands,
  ...chatCommands,
  ...contactCommands,
  ...groupCommands,
  ...parkedCommands,
  ...talkCommands,
  ...ruleCommands,
];

const byName = new Map(commandTable.flatMap((command) => command.names.map((name) => [name, command] as const)));

export class Commands {
  readonly #doors: CommandDoors;
  readonly #answers: Answers;
  readonly #done = new Map<EventId, Promise<CommandResult>>();
  readonly #pace = new Map<UserId, { since: number; lines: number }>();

  constructor(doors: CommandDoors) {
    this.#doors = doors;
    this.#answers = new Answers(doors.logins);
  }

  /**
   * Runs one line of a private room with the bot. The same event again in this process gives the same result and does
   * nothing; after a crash every command may run again (each says beside it why that is harmless).
   * @throws what a store throws; refusals of networks and rules are replies
   */
  async run(request: CommandRequest): Promise<CommandResult> {
    const known = this.#done.get(request.event);
    if (known !== undefined) return await known;
    const running = this.#once(request);
    this.#remember(request.event, running);
    try {
      const result = await running;
      // It is to run elsewhere, and might come back: then it is run.
      if (result.reroute !== undefined || result.soon === true) this.#done.delete(request.event);
      return result;
    } catch (error) {
      this.#done.delete(request.event);
      throw error;
    }
  }

  async #once(request: CommandRequest): Promise<CommandResult> {
    const lines = this.#count(request.user);
    const question = this.#doors.logins.question(request.user);
    if (lines > LINES_PER_MINUTE) {
      const replies = lines === LINES_PER_MINUTE + 1 ? [say('command.too-many')] : [];
      // Not read, but it may be the secret that is asked for.
      return question === undefined ? { replies } : { replies, redact: true };
    }
    const firstWord = plain(/^\s*(\S*)/.exec(request.body)?.[1] ?? '');
    if (question !== undefined && !isCancel(request.body)) {
      return this.#answers.take(request.user, question, request.body);
    }
    const command = byName.get(firstWord);
    if (command === undefined) return await this.#unknown(request);
    const read = tokenize(request.body);
    if ('problem' in read) return await this.#unknown(request, read.problem);
    if (command.who === 'administrator' && !(await this.#doors.policy.isAdministrator(request.user))) {
      return reply(say('command.not-administrator'));
    }
    try {
      const call = { request, doors: this.#doors, command, args: read.tokens.slice(1), line: read.line };
      return await command.run(call);
    } catch (error) {
      // A person waits for a word, and can write the line again: no command is retried behind their back.
      if (!(error instanceof BridgeError)) throw error;
      this.#doors.log.info({ code: error.code, kind: command.name }, 'command refused');
      return reply(error.human);
    }
  }

  /** What is no command may be the answer to a question that is no longer asked: it is not repeated, and removed if it may be a secret. */
  async #unknown(request: CommandRequest, problem: Say = say('command.unknown')): Promise<CommandResult> {
    const running = this.#doors.logins.current(request.user);
    if (running !== undefined) {
      return {
        replies: [say('login.no-question-yet', { network: titleOf(this.#doors, running.network) })],
        redact: true,
      };
    }
    const lost = await this.#doors.logins.lost(request.user);
    if (lost.length === 0) return reply(problem);
    const replies = lost.map(({ network }) =>
      say('command.login-interrupted', { network: titleOf(this.#doors, network), login: network }),
    );
    return lost.some(({ secret }) => secret) ? { replies, redact: true } : { replies };
  }

  #count(user: UserId): number {
    const now = this.#doors.clock.now();
    for (const [other, pace] of this.#pace) {
      // In the order of their beginning: the first that is still current ends the sweep.
      if (now - pace.since < MINUTE_MS) break;
      this.#pace.delete(other);
    }
    const pace = this.#pace.get(user) ?? { since: now, lines: 0 };
    pace.lines += 1;
    this.#pace.set(user, pace);
    return pace.lines;
  }

  #remember(event: EventId, result: Promise<CommandResult>): void {
    this.#done.set(event, result);
    if (this.#done.size <= REMEMBERED) return;
    const [oldest] = this.#done.keys();
    if (oldest !== undefined) this.#done.delete(oldest);
  }
}

function isCancel(body: string): boolean {
  return cancelNames.has(plain(body.trim()));
}

async function isMember(doors: CommandDoors, user: UserId): Promise<boolean> {
  if ((await doors.puppets.ofOwner(user)).length > 0) return true;
  for (const network of doors.adapters.keys()) {
    if ((await doors.policy.may({ action: 'login', user, network })).effect === 'allow') return true;
  }
  return false;
}
