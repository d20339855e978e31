// `!disappear 24h`, written in a conversation: how long what is said stays on its network from now on. Pure but for who may; touches no wire.
import type { Delivery } from '../../model/delivery.ts';
import type { QueueEntry } from '../../model/entry.ts';
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { Portal } from '../../model/records.ts';
import { say, type Say } from '../../model/say.ts';
import { titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { sayOnce } from '../tellings.ts';
import { planGroupActions } from './group.ts';
import { refusal } from './report.ts';

type Message = Extract<MatrixEvent, { kind: 'message' }>;
type Owed = Extract<Delivery, { to: 'network' }>;

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** As phones offer them. */
const TIMES: Readonly<Record<string, number>> = {
  ...{ '24h': DAY, '1d': DAY, '1j': DAY, '7d': 7 * DAY, '7j': 7 * DAY, '90d': 90 * DAY, '90j': 90 * DAY },
  ...{ off: 0, non: 0, arret: 0 },
};
/** Without accents: each keyboard writes them in its own way, or not at all. */
const LINE = /^\s*!(?:disappear|ephemere)(?:\s+(\S+))?\s*$/;

/** @returns the plan of such a line; undefined for anything else that people say */
export async function planTimer(
  doors: FlowDoors,
  entry: QueueEntry,
  event: MatrixEvent,
  portal: Portal,
): Promise<Plan | undefined> {
  const line = event.kind === 'message' ? LINE.exec(bare(typedIn(event))) : null;
  if (line === null) return undefined;
  const word = line[1] ?? '';
  const seconds = Object.hasOwn(TIMES, word) ? TIMES[word] : undefined;
  if (seconds === undefined) return refusal(entry, event, say('timer.usage'));
  return await planGroupActions(doors, entry, event, portal, [{ kind: 'set-timer', chat: portal.key.chat, seconds }]);
}

function bare(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

function typedIn({ body, typed }: Message): string {
  if (body.kind !== 'text' || body.as !== 'text') return '';
  return typed ?? body.text.text;
}

/** Over there it is told by itself in groups; here, by whom and what it means for this room. */
export async function tellTimer(doors: FlowDoors, entry: QueueEntry, owed: Owed, seconds: number): Promise<void> {
  const { room, author, event } = owed;
  const network = titleOf(doors, owed.portal.network);
  const here = doors.adapters.get(owed.portal.network)?.capabilities.removesHere === true;
  const words = timerWords(seconds, network, here);
  await sayOnce(doors, { key: `timer:${entry.key}`, room, reader: author, words, replyTo: event });
}

function timerWords(seconds: number, network: string, here: boolean): Say {
  if (seconds === 0) return say('timer.off', { network });
  const days = seconds / DAY;
  return days > 2
    ? say(here ? 'timer.days-here' : 'timer.days', { network, days })
    : say(here ? 'timer.hours-here' : 'timer.hours', { network, hours: seconds / HOUR });
}
