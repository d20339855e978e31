// Who is named in a text, under the names of the other side: ghosts become people, people with an account here themselves. Asks stores only.
import type { UserId } from '../model/ids.ts';
import type { MessageBody, RichText, Span } from '../model/message.ts';
import type { Portal } from '../model/records.ts';
import type { FlowDoors } from './doors.ts';

type Mention = Extract<Span, { kind: 'mention' }>;
type Of = Mention['of'];
type Doors = Pick<FlowDoors, 'ghosts' | 'puppets' | 'senders' | 'matrix'>;

/** Whoever the network does not know keeps their words. */
export async function mentionsToNetwork(doors: Doors, portal: Portal, body: MessageBody): Promise<MessageBody> {
  return await renamed(body, async (of) => ('user' in of ? await personBehind(doors, portal, of.user) : undefined));
}

export async function mentionsToMatrix(doors: Doors, portal: Portal, body: MessageBody): Promise<MessageBody> {
  return await renamed(body, async (of) => {
    if (!('person' in of)) return undefined;
    const [own] = await doors.senders.ownersOf(portal, of.person);
    return { user: own?.owner ?? doors.matrix.ghostUser(portal.key.network, of.person) };
  });
}

async function personBehind(doors: Doors, portal: Portal, user: UserId): Promise<Of | undefined> {
  const { network, receiver } = portal.key;
  if (doors.matrix.isOurs(user)) {
    const ghost = await doors.ghosts.byUser(user);
    return ghost?.network === network ? { person: ghost.person } : undefined;
  }
  const own = (await doors.puppets.ofOwner(user)).filter((puppet) => puppet.network === network);
  const account = receiver === undefined ? own[0] : own.find(({ id }) => id === receiver);
  return account === undefined ? undefined : { person: account.self };
}

async function renamed(body: MessageBody, other: (of: Of) => Promise<Of | undefined>): Promise<MessageBody> {
  if (body.kind === 'text') return { ...body, text: await renamedIn(body.text, other) };
  if (body.kind === 'media' && body.caption !== undefined) {
    return { ...body, caption: await renamedIn(body.caption, other) };
  }
  if (body.kind === 'unsupported' && body.fallback !== undefined) {
    return { ...body, fallback: await renamedIn(body.fallback, other) };
  }
  return body;
}

async function renamedIn(rich: RichText, other: (of: Of) => Promise<Of | undefined>): Promise<RichText> {
  if (!rich.spans.some(({ kind }) => kind === 'mention')) return rich;
  const spans: Span[] = [];
  for (const span of rich.spans) {
    const of = span.kind === 'mention' ? await other(span.of) : undefined;
    spans.push(of === undefined ? span : { start: span.start, length: span.length, kind: 'mention', of });
  }
  return { ...rich, spans };
}
