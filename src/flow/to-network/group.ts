// What somebody changes about a group's room becomes what they owe the group; what may not be is said and put back; touches no wire.
import type { GroupAction } from '../../model/delivery.ts';
import type { QueueEntry } from '../../model/entry.ts';
import type { MxcUri, PersonId, UserId } from '../../model/ids.ts';
import type { MatrixEvent, MatrixOrigin, Powers } from '../../model/matrix-event.ts';
import type { MediaSource } from '../../model/message.ts';
import type { Portal } from '../../model/records.ts';
import { say, type Say } from '../../model/say.ts';
import { titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { mirrorLater } from '../tellings.ts';
import { admit, owe } from './admit.ts';
import { refusal } from './report.ts';

type Changed = Extract<MatrixEvent, { kind: 'words' | 'powers' }>;

export async function planGroup(doors: FlowDoors, entry: QueueEntry, event: Changed, portal: Portal): Promise<Plan> {
  // What a direct chat is called here is its person's own affair.
  if (portal.kind === 'direct') return { do: 'nothing', code: 'no-group' };
  const wished = event.kind === 'words' ? words(event, portal) : await powers(doors, event, portal);
  if ('why' in wished) return await putBack(doors, entry, portal, refusal(entry, event, wished.why));
  return await planGroupActions(doors, entry, event, portal, wished.actions);
}

/** @param back who was sent out of the room and comes back if it may not be */
export async function planGroupActions(
  doors: FlowDoors,
  entry: QueueEntry,
  event: MatrixOrigin,
  portal: Portal,
  actions: readonly GroupAction[],
  back: readonly PersonId[] = [],
): Promise<Plan> {
  const admitted = await admit(doors, entry, event, portal);
  if (admitted.plan !== undefined) return await putBack(doors, entry, portal, admitted.plan, back);
  const can = doors.adapters.get(portal.key.network)?.capabilities;
  if (actions.some(({ kind }) => can?.actions.has(kind) !== true)) {
    const network = titleOf(doors, portal.key.network);
    return await putBack(
      doors,
      entry,
      portal,
      refusal(entry, event, say('fault.unsupported-action', { network })),
      back,
    );
  }
  // Levels of which the network knows nothing are as the group's rules make them.
  if (actions.length === 0) return await putBack(doors, entry, portal, { do: 'nothing', code: 'no-change' }, back);
  return owe({ entry, event, portal, puppet: admitted.puppet }, event.event, actions);
}

/** The room shows what is: nothing pretends to have worked. */
async function putBack(
  doors: FlowDoors,
  entry: QueueEntry,
  portal: Portal,
  plan: Plan,
  back: readonly PersonId[] = [],
): Promise<Plan> {
  if (portal.reader !== undefined) await mirrorLater(doors, { cause: entry.key, portal, puppet: portal.reader, back });
  return plan;
}

type Wished = { readonly actions: readonly GroupAction[] } | { readonly why: Say };

function words({ name, topic, picture }: Extract<Changed, { kind: 'words' }>, { key: { chat } }: Portal): Wished {
  if (name?.trim() === '') return { why: say('group.needs-name') };
  return {
    actions: [
      ...(name === undefined ? [] : [{ kind: 'rename', chat, name } as const]),
      ...(topic === undefined ? [] : [{ kind: 'set-topic', chat, topic } as const]),
      ...(picture === undefined ? [] : [{ kind: 'set-picture', chat, picture: sourceOf(picture) } as const]),
    ],
  };
}

function sourceOf(uri: MxcUri | null): MediaSource | null {
  return uri === null ? null : { from: 'matrix', uri };
}

/** Only what this event changed: what somebody over there changed meanwhile is not undone by an older list. */
async function powers(
  doors: FlowDoors,
  { before, after }: Extract<Changed, { kind: 'powers' }>,
  portal: Portal,
): Promise<Wished> {
  const { chat, network } = portal.key;
  if (before === undefined) return { actions: [] };
  const actions: GroupAction[] = modes(chat, before, after);
  for (const [users, role] of [
    [without(after.admins, before.admins), 'admin'],
    [without(before.admins, after.admins), 'member'],
  ] as const) {
    for (const user of users) {
      if (user === doors.matrix.bot.user) continue;
      const person = await personBehind(doors, portal, user);
      if (person === undefined) return { why: say('group.no-account', { user, network: titleOf(doors, network) }) };
      actions.push({ kind: 'set-role', chat, person, role });
    }
  }
  return { actions };
}

function modes(chat: Portal['key']['chat'], before: Powers, after: Powers): GroupAction[] {
  return (['announce', 'locked', 'anyoneAdds'] as const).flatMap((mode) =>
    before[mode] === after[mode] ? [] : [{ kind: 'set-mode', chat, mode, on: after[mode] } as const],
  );
}

function without(some: readonly UserId[], others: readonly UserId[]): readonly UserId[] {
  return some.filter((user) => !others.includes(user));
}

/** Whose ghost this is, or whose account its person is logged in with. */
async function personBehind(doors: FlowDoors, portal: Portal, user: UserId): Promise<PersonId | undefined> {
  const { network } = portal.key;
  const ghost = await doors.ghosts.byUser(user);
  if (ghost !== undefined) return ghost.network === network ? ghost.person : undefined;
  return (await doors.puppets.ofOwner(user)).find((own) => own.network === network)?.self;
}
