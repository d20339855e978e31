// Takes an event back in its room as whoever took it back over there, so that people see whose doing it is; knows no wire.
import { BridgeError } from '../../model/errors.ts';
import { as, type EffectId, type PersonId, type UserId } from '../../model/ids.ts';
import type { MessageLink } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import type { Speaker } from '../../ports/matrix.ts';
import { render } from '../../words/index.ts';
import { languageOf, titleOf, type FlowDoors } from '../doors.ts';
import type { Open } from './hand.ts';

export interface Redaction {
  readonly portal: Open;
  /** Who took it back. */
  readonly by: PersonId;
  readonly link: MessageLink;
  readonly id: EffectId;
}

/** Who may not in this room leaves it to the bot, who made most rooms and says whose doing it is; in an adopted one its author may. */
export async function redact(doors: FlowDoors, { portal, by, link, id }: Redaction): Promise<void> {
  const hands: readonly (() => Promise<{ readonly speaker: Speaker | undefined; readonly why?: string }>)[] = [
    async () => ({ speaker: await handOf(doors, portal, by) }),
    async () => ({ speaker: doors.matrix.bot, ...(await reasonOf(doors, portal, by, link)) }),
    async () => ({ speaker: await authorOf(doors, portal, link) }),
  ];
  let refused: unknown;
  for (const hand of hands) {
    const { speaker, why } = await hand();
    if (speaker === undefined) continue;
    try {
      await speaker.redact(portal.room, id, link.event, why);
      return;
    } catch (error) {
      if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
      refused ??= error;
    }
  }
  throw refused;
}

/** Whose account is linked here and who has no double puppet has no hand in the room: no ghost of theirs is brought in for this. */
async function handOf(doors: FlowDoors, portal: Open, by: PersonId): Promise<Speaker | undefined> {
  const owners = await doors.senders.ownersOf(portal, by);
  if (owners.length === 0) return await doors.senders.towardsMatrix(portal, by);
  for (const { owner } of owners) {
    const double = await doors.matrix.double(owner);
    if (double !== undefined) return double;
  }
  return undefined;
}

async function authorOf(doors: FlowDoors, portal: Open, link: MessageLink): Promise<Speaker | undefined> {
  return link.direction === 'to-matrix'
    ? await doors.senders.towardsMatrix(portal, as<PersonId>(link.sender))
    : await doors.matrix.double(as<UserId>(link.sender));
}

/** Of somebody else's message in a group. In a private chat each takes back their own, or the network does not say who did. */
async function reasonOf(
  doors: FlowDoors,
  portal: Open,
  by: PersonId,
  link: MessageLink,
): Promise<{ readonly why?: string }> {
  const owners = await doors.senders.ownersOf(portal, by);
  const own = link.sender === by || owners.some(({ owner }) => owner === link.sender);
  if (portal.kind === 'direct' || own) return {};
  const { network } = portal.key;
  const reader = portal.reader === undefined ? undefined : await doors.puppets.find(portal.reader);
  const name = owners[0]?.owner ?? (await doors.ghosts.find(network, by))?.name ?? doors.matrix.ghostUser(network, by);
  const words = say('portal.removed-by', { name, network: titleOf(doors, network) });
  return { why: render(words, reader === undefined ? 'en' : await languageOf(doors, reader.owner)) };
}
