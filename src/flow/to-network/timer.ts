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
const TIMES: ReadonlySet<number> = new Set([DAY, 7 * DAY, 90 * DAY]);
/** Without accents: each keyboard writes them in its own way, or not at all. */
const LINE = /^\s*!\s*(?:disappear|ephemere)(.*)$/s;
const WORD = /^[\s:=]*(.*?)[\s.!]*$/s;
const TIME = /^(\d{1,4})\s*(h|hours?|heures?|d|days?|j|jours?|w|weeks?|sem|semaines?|months?|mois)$/;
const NEVER: ReadonlySet<string> = new Set(['off', 'no', 'never', 'non', 'arret', 'jamais', '0']);

/** @returns the plan of such a line; undefined for anything else that people say */
export async function planTimer(
  doors: FlowDoors,
  entry: QueueEntry,
  event: MatrixEvent,
  portal: Portal,
): Promise<Plan | undefined> {
  const line = event.kind === 'message' ? LINE.exec(bare(typedIn(event))) : null;
  if (line === null) return undefined;
  const seconds = secondsIn(line[1] ?? '');
  // Whatever begins like this is for the bridge, and goes to nobody.
  if (seconds === undefined) return refusal(entry, event, say('timer.usage'));
  return await planGroupActions(doors, entry, event, portal, [{ kind: 'set-timer', chat: portal.key.chat, seconds }]);
}

/** @returns undefined for what is no time, or none that phones offer */
function secondsIn(rest: string): number | undefined {
  // `!disappearing` is another word, whatever follows.
  if (/^[\p{L}\p{N}]/u.test(rest)) return undefined;
  const word = WORD.exec(rest)?.[1] ?? '';
  if (NEVER.has(word)) return 0;
  const [, count, unit = ''] = TIME.exec(word) ?? [];
  const seconds = Number(count) * lengthOf(unit);
  return TIMES.has(seconds) ? seconds : undefined;
}

function lengthOf(unit: string): number {
  if (unit.startsWith('h')) return HOUR;
  if (unit.startsWith('m')) return 30 * DAY;
  return /^[ws]/.test(unit) ? 7 * DAY : DAY;
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
