// Commands about groups: making one, going in by a link, its link, who asks to be let in, leaving; knows no rooms.
import { factsOf } from '../model/chat.ts';
import { effectId } from '../model/effect.ts';
import type { PersonId } from '../model/ids.ts';
import { say, type Say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { chatRefusal } from '../policy/refusal.ts';
import type { Applicant, GroupAnswer, GroupAsk } from '../ports/group.ts';
import type { ResolvedChat } from '../ports/network.ts';
import { namedAccount } from './accounts.ts';
import { addressed } from './addressed.ts';
import { reply, type Call, type Command, type CommandResult } from './doors.ts';
import { groupOf, groupsOf, lineFor, roomIn, type Live, type LiveGroup } from './group-doors.ts';
import { misunderstood, usage } from './misunderstood.ts';
import { findNetwork, titleOf } from './networks.ts';
import { plain, tame, type Token } from './tokens.ts';

/** Lines of one answer: more are found by a word of their name. */
const MOST_LISTED = 50;

/** Again after a crash: the adapter finds the group that it made for this event. */
const createGroup: Command = {
  name: 'create-group',
  names: ['create-group', 'creer-groupe', 'nouveau-groupe'],
  help: 'help.create-group',
  who: 'member',
  run: async (call) => {
    const { network, account, rest: words } = addressed(call);
    const [name, ...people] = words;
    if (name === undefined) return usage(call);
    const live = await lineFor(call, network, account, 'create');
    if ('replies' in live) return live;
    // Of a group to come only its kind is known: a rule for groups as a whole must allow it.
    const refused = await refusal(call, live, ['group:new']);
    if (refused !== undefined) return refused;
    const room = people.length === 0 && !name.quoted ? roomIn(name.text) : undefined;
    if (room !== undefined) {
      return reply(...(await call.doors.roomToGroup({ puppet: live.puppet, room, cause: call.request.event })));
    }
    const members: PersonId[] = [];
    for (const identifier of identifiers(people)) {
      const found = await live.session.resolve(identifier);
      if (found.person === undefined) return misunderstood(call, identifier);
      // A group would be another way to write to somebody new.
      const why = await call.doors.beginnings.refusalOf(live.puppet, live.session, found);
      if (why !== undefined) return reply(say('group.not-with', { name: tame(identifier) }), why);
      members.push(found.person.id);
    }
    const made = await ask(call, live, { kind: 'create', name: name.text, people: members });
    const opened = await open(call, live, made.group);
    const failed = made.failed?.length ?? 0;
    return reply(...opened, ...(failed === 0 ? [] : [say('group.not-all', { count: failed })]));
  },
};

/** Again after a crash: whoever is in is in. */
const joinGroup: Command = {
  name: 'join-group',
  names: ['join-group', 'rejoindre', 'join'],
  help: 'help.join-group',
  who: 'member',
  run: async (call) => {
    const [first] = call.args;
    const network = first === undefined ? undefined : findNetwork(call.doors, first.text);
    const { account, rest } = namedAccount(network === undefined ? call.args : call.args.slice(1));
    const [link, extra] = rest;
    if (link === undefined) return usage(call);
    if (extra !== undefined) return misunderstood(call, extra.text);
    const live = await lineFor(call, network, account, 'join');
    if ('replies' in live) return live;
    // Asked before anybody over there hears of it.
    const { group } = await ask(call, live, { kind: 'look', link: link.text });
    const refused = group === undefined ? undefined : await refusal(call, live, factsOf(group));
    if (refused !== undefined) return refused;
    const joined = await ask(call, live, { kind: 'join', link: link.text });
    if (joined.waiting === true) return reply(say('group.waiting', { name: tame(group?.chat.name ?? '') }));
    return reply(...(await open(call, live, joined.group)));
  },
};

/** Again after a crash: it only looks. */
const listGroups: Command = {
  name: 'groups',
  names: ['groups', 'groupes'],
  help: 'help.groups',
  who: 'member',
  run: async (call) => {
    const { network, account, rest: words } = addressed(call);
    const live = await lineFor(call, network, account, 'list');
    if ('replies' in live) return live;
    const wanted = plain(words.map(({ text }) => text).join(' '));
    const names = (await groupsOf(call, live)).flatMap(({ chat: { name = '' } }) =>
      plain(name).includes(wanted) ? [name] : [],
    );
    const title = titleOf(call.doors, live.puppet.network);
    if (names.length === 0) return reply(say('group.none', { network: title }));
    const shown = names.toSorted((a, b) => a.localeCompare(b)).slice(0, MOST_LISTED);
    const lines = shown.map((name) => `- ${tame(name)}`);
    if (names.length > shown.length) {
      lines.push(render(say('contacts.more', { count: names.length - shown.length }), call.request.language));
    }
    return reply(say('group.list', { network: title, lines: lines.join('\n') }));
  },
};

/** Again after a crash: the same group has the same room, and the opening is kept once per event. */
const openGroup: Command = {
  name: 'open-group',
  names: ['open-group', 'ouvrir-groupe'],
  help: 'help.open-group',
  who: 'member',
  run: async (call) => {
    const group = await allowedGroup(call, call.args, 'list');
    return 'replies' in group ? group : reply(...(await open(call, group, group.described)));
  },
};

/** Again after a crash: the same link; a renewed one is renewed once more, and only the newest is told. */
const inviteLink: Command = {
  name: 'invite-link',
  names: ['invite-link', 'lien'],
  help: 'help.invite-link',
  who: 'member',
  run: async (call) => {
    const last = call.args.at(-1);
    const renew = last !== undefined && !last.quoted && ['new', 'nouveau'].includes(plain(last.text));
    const group = await allowedGroup(call, renew ? call.args.slice(0, -1) : call.args, 'link');
    if ('replies' in group) return group;
    const { link } = await ask(call, group, { kind: 'link', chat: group.chat, renew });
    return reply(link === undefined ? say('group.no-link') : say('group.link', { name: group.name, link }));
  },
};

/** Again after a crash: it only looks. */
const joinRequests: Command = {
  name: 'join-requests',
  names: ['join-requests', 'demandes'],
  help: 'help.join-requests',
  who: 'member',
  run: async (call) => {
    const group = await allowedGroup(call, call.args, 'requests');
    if ('replies' in group) return group;
    const { applicants = [] } = await ask(call, group, { kind: 'requests', chat: group.chat });
    if (applicants.length === 0) return reply(say('group.no-requests', { name: group.name }));
    const nobody = render(say('group.applicant-unknown'), call.request.language);
    const lines = applicants.map(({ code, label = nobody }) => `- ${code}: ${tame(label)}`).join('\n');
    return reply(say('group.requests', { name: group.name, lines }));
  },
};

/** Again after a crash: who was answered is answered. */
function answering(name: 'accept-request' | 'refuse-request', names: readonly string[], accept: boolean): Command {
  return {
    name,
    names: [name, ...names],
    help: `help.${name}`,
    who: 'member',
    run: async (call) => {
      const whom = call.args.at(-1);
      if (whom === undefined || call.args.length < 2) return usage(call);
      const group = await allowedGroup(call, call.args.slice(0, -1), 'answer');
      if ('replies' in group) return group;
      const { chat } = group;
      const { applicants = [] } = await ask(call, group, { kind: 'requests', chat });
      const meant = chosen(applicants, whom.text);
      if (meant.length === 0) return reply(say('group.no-such-request', { code: tame(whom.text) }));
      const { failed = [] } = await ask(call, group, { kind: 'answer', chat, people: meant, accept });
      const count = meant.length - failed.length;
      const done = say(accept ? 'group.accepted' : 'group.refused', { count, name: group.name });
      return reply(done, ...(failed.length === 0 ? [] : [say('group.not-all', { count: failed.length })]));
    },
  };
}

/** Again after a crash: who is out is out. */
const leaveGroup: Command = {
  name: 'leave-group',
  names: ['leave-group', 'quitter-groupe'],
  help: 'help.leave-group',
  who: 'member',
  run: async (call) => {
    // Whatever the rules say: a group that they deny is to be left.
    const group = await groupOf(call, call.args, 'leave');
    if ('replies' in group) return group;
    const action = { kind: 'leave', chat: group.chat } as const;
    await group.session.perform(action, effectId(call.request.event, 0), {
      since: call.doors.clock.now(),
      again: true,
      isLinked: async () => await Promise.resolve(false),
      open: async () => await Promise.reject(new Error('a command sends no picture')),
    });
    return reply(say('group.left', { name: group.name }));
  },
};

function chosen(applicants: readonly Applicant[], word: string): readonly PersonId[] {
  const wanted = plain(word);
  const all = ['all', 'tous', 'toutes'].includes(wanted);
  return applicants.filter(({ code }) => all || code === wanted).map(({ person }) => person);
}

async function ask(call: Call, { session }: Live, what: GroupAsk): Promise<GroupAnswer> {
  // lineFor() has looked whether the network answers such a question.
  return (await session.askGroup?.(what, effectId(call.request.event, what.kind))) ?? {};
}

interface AllowedGroup extends LiveGroup {
  readonly described: ResolvedChat;
}

/** The group that is meant, if the rules allow it: asked before anything is done to it. */
async function allowedGroup(
  call: Call,
  words: readonly Token[],
  deed: GroupAsk['kind'],
): Promise<AllowedGroup | CommandResult> {
  const group = await groupOf(call, words, deed);
  if ('replies' in group) return group;
  const described = await group.session.describeChat(group.chat);
  return (await refusal(call, group, factsOf(described))) ?? { ...group, described };
}

async function refusal(call: Call, { puppet }: Live, chats: readonly string[]): Promise<CommandResult | undefined> {
  const facts = { action: 'bridge', user: call.request.user, network: puppet.network, chats } as const;
  const verdict = await call.doors.policy.may(facts);
  return verdict.effect === 'deny' ? reply(chatRefusal(verdict)) : undefined;
}

async function open(call: Call, live: Live, group: ResolvedChat | undefined): Promise<readonly Say[]> {
  if (group === undefined) return [];
  const room = await call.doors.openChat(live.puppet, group, call.request.event);
  const name = tame(group.chat.name ?? '');
  return [room === undefined ? say('chat.opening', { name }) : say('chat.opened', { name, room })];
}

/** Numbers are typed with spaces, and parted by commas or by the sign before the next one. */
function identifiers(tokens: readonly Token[]): readonly string[] {
  const text = tokens.map((token) => token.text).join(' ');
  return text
    .split(/[,;]|\s(?=[+@])/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

export const groupCommands: readonly Command[] = [
  listGroups,
  openGroup,
  createGroup,
  joinGroup,
  inviteLink,
  joinRequests,
  answering('accept-request', ['accepter-demande'], true),
  answering('refuse-request', ['refuser-demande'], false),
  leaveGroup,
];
