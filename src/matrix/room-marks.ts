// How a person keeps a room among theirs: tags, silence, marked as unread; as their own clients write it. Knows no network.
import type { ChatMarks } from '../model/chat.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { accountData, putAccountData } from './errands.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { field, objectAt, type Json } from './json.ts';

const API = '/_matrix/client/v3';

/** Client API, "Room tagging". */
const TAGS = { pinned: 'm.favourite', archived: 'm.lowpriority' } as const;
/** The name in the specification, and the one that clients had before (MSC2867). */
const UNREAD = ['m.marked_unread', 'com.famedly.marked_unread'];
/** Nothing but mentions, as in the chats' own apps. Deprecated for an empty list, which older clients take for no rule at all. */
const SILENT = ['dont_notify'];

/** Writes nothing that is so already. @throws MatrixRefusal */
export async function markRoom(
  client: MatrixClient,
  who: As & { readonly user: UserId },
  room: RoomId,
  marks: ChatMarks,
): Promise<void> {
  await tag(client, who, room, marks);
  if (marks.muted !== undefined) await mute(client, who, room, marks.muted);
  const { unread } = marks;
  if (unread === undefined) return;
  for (const type of UNREAD) {
    const before = field(await accountData(client, who, who.user, type, room), 'unread') === true;
    if (before !== unread) await putAccountData(client, who, who.user, type, { unread }, room);
  }
}

async function tag(client: MatrixClient, who: As & { readonly user: UserId }, room: RoomId, marks: ChatMarks) {
  const { pinned, archived } = marks;
  if (pinned === undefined && archived === undefined) return;
  const place = `${API}/user/${encode(who.user)}/rooms/${encode(room)}/tags`;
  const there = objectAt(await client.ask(who, 'GET', place), 'tags');
  for (const [mark, name] of Object.entries(TAGS)) {
    const wanted = marks[mark as keyof typeof TAGS];
    if (wanted === undefined || wanted === Object.hasOwn(there, name)) continue;
    if (wanted) await client.ask(who, 'PUT', `${place}/${name}`, { body: {} });
    else await client.ask(who, 'DELETE', `${place}/${name}`);
  }
}

/** A rule of the person's own that lets the room be heard is theirs to take away. */
async function mute(client: MatrixClient, who: As, room: RoomId, muted: boolean): Promise<void> {
  const place = `${API}/pushrules/global/room/${encode(room)}`;
  const rule = await ruleAt(client, who, place);
  const silent = rule !== undefined && isSilent(rule);
  if (muted && !silent) await client.ask(who, 'PUT', place, { body: { actions: SILENT } });
  if (muted || !silent) return;
  try {
    await client.ask(who, 'DELETE', place);
  } catch (error) {
    // Its person took it away meanwhile.
    if (!(error instanceof MatrixRefusal && error.said(404))) throw error;
  }
}

async function ruleAt(client: MatrixClient, who: As, place: string): Promise<Json | undefined> {
  try {
    return await client.ask(who, 'GET', place);
  } catch (error) {
    if (error instanceof MatrixRefusal && error.said(404)) return undefined;
    throw error;
  }
}

function isSilent(rule: Json): boolean {
  const actions = field(rule, 'actions');
  return Array.isArray(actions) && !actions.includes('notify');
}
