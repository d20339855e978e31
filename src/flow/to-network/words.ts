// What is sent when Matrix and a network differ: emotes, long texts in pieces, a quote for a reply whose target is not there; pure but for its doors.
import { momentOf } from '../../model/moment.ts';
import type { FoundEntry, QueueEntry } from '../../model/entry.ts';
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { MessageBody, RichText } from '../../model/message.ts';
import type { Portal } from '../../model/records.ts';
import type { FlowDoors } from '../doors.ts';
import { splitSpoken } from '../split.ts';

/** Found or released later than this, a message says when it was written, in ms. */
const LATE_MS = 10 * 60_000;
/** Characters of a quoted message. */
const QUOTED = 200;

/** A body as the messages it makes over there, in order. */
export function pieces(doors: Pick<FlowDoors, 'adapters'>, portal: Portal, body: MessageBody): readonly MessageBody[] {
  if (body.kind !== 'text') return [body];
  const max = doors.adapters.get(portal.key.network)?.capabilities.maxTextUnits ?? 4096;
  const text = body.as === 'emote' ? italic(body.text) : body.text;
  return splitSpoken({ ...body, text, as: 'text' }, max);
}

/** People over there see when it was written: in UTC, since nobody knows their clock, and without words, since nobody knows their language. */
export function shownLate(
  doors: Pick<FlowDoors, 'clock'>,
  entry: QueueEntry,
  event: Pick<MatrixEvent, 'at'>,
  body: MessageBody,
): MessageBody {
  if (!entry.late || doors.clock.now() - event.at < LATE_MS || body.kind !== 'text') return body;
  return { ...body, text: before(`[${momentOf(event.at)}] `, body.text) };
}

/** A reply whose target is not over there: with a quote where the text is at hand (it is parked), else with an arrow. */
export function withQuote(
  doors: Pick<FlowDoors, 'read'>,
  body: MessageBody,
  target: FoundEntry | undefined,
): MessageBody {
  if (body.kind !== 'text') return body;
  const event = target?.payload.from === 'matrix' ? doors.read(target.payload.event) : undefined;
  const text = event?.kind === 'message' && event.body.kind === 'text' ? event.body.text.text : undefined;
  if (text === undefined) return { ...body, text: before('↩ ', body.text) };
  const short = text.length > QUOTED ? `${text.slice(0, QUOTED).toWellFormed()}…` : text;
  const lines = short.split('\n').map((line) => `> ${line}`);
  return { ...body, text: before(`${lines.join('\n')}\n`, body.text) };
}

/** What somebody does (`/me waves`): phones show who it is, and a star would begin a list there. */
function italic({ text, spans }: RichText): RichText {
  return { text, spans: [{ kind: 'italic', start: 0, length: text.length }, ...spans] };
}

function before(lead: string, text: RichText): RichText {
  const spans = text.spans.map((span) => ({ ...span, start: span.start + lead.length }));
  return { text: lead + text.text, spans };
}
