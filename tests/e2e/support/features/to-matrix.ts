// What becomes of everything that a contact does: done over there, looked for in the Matrix room, and named as people would see it.
// It must not know the bridge, nor what is expected.
import type { Kind } from '../../../features/kinds.ts';
import type { Act, Cells, Outcome, Table } from '../../../features/page.ts';
import type { Canaries } from '../canaries.ts';
import { bodyOf, type Person, type RoomEvent } from '../person.ts';
import type { Far } from './far.ts';

export interface Ground {
  readonly person: Person;
  readonly room: string;
  readonly ghost: string;
  readonly far: Far;
  readonly canaries: Canaries;
}

type Seen = Outcome | 'silent' | `odd: ${string}`;

/** One kind's message, as it goes. */
interface Case {
  readonly kind: Kind;
  readonly words: Partial<Record<Act, string>>;
  id: string;
  event: RoomEvent | undefined;
  readonly cells: Partial<Record<Act, Seen>>;
}

const MEDIA: Readonly<Record<string, string>> = {
  photo: 'm.image',
  video: 'm.video',
  voice: 'm.audio',
  audio: 'm.audio',
  file: 'm.file',
  location: 'm.location',
};

/** @returns with cells that are no outcome where something was lost without a word, or came as something else */
export async function seenInMatrix(ground: Ground, kinds: readonly Kind[]): Promise<Table> {
  const { far } = ground;
  const cases = kinds.map((kind): Case => ({ kind, words: {}, id: '', event: undefined, cells: {} }));
  const anchor = await marked(ground);

  const sent = await acted(ground, cases, 'send', async (one, words) => {
    one.id = await far.write(one.kind.name, words);
  });
  for (const one of cases) {
    one.event = sent.segment(one);
    one.cells.send = one.event === undefined ? 'silent' : arrived(one, one.event, 'send');
  }

  const edited = await acted(ground, cases, 'edit', async (one, words) => {
    await far.edit(one.kind.name, one.id, words);
  });
  for (const one of cases) {
    const edit = edited.history.find(
      (event) => relation(event)['rel_type'] === 'm.replace' && relation(event)['event_id'] === one.event?.event_id,
    );
    one.cells.edit = edit === undefined ? 'silent' : arrived(one, replaced(edit), 'edit');
  }

  const answered = await acted(ground, cases, 'reply', async (one, words) => {
    await far.write(one.kind.name, words, anchor.id);
  });
  for (const one of cases) {
    const event = answered.segment(one);
    const what = event === undefined ? 'silent' : arrived(one, event, 'reply');
    const about = event === undefined ? undefined : (relation(event)['m.in_reply_to'] as { event_id?: string });
    one.cells.reply = what === 'yes' && about?.event_id !== anchor.event.event_id ? 'text' : what;
  }

  const reacted = await acted(ground, cases, 'react', async (one) => await far.react(one.id, '👍'));
  for (const one of cases) {
    const found = reacted.history.some(
      (event) => event.type === 'm.reaction' && relation(event)['event_id'] === one.event?.event_id,
    );
    one.cells.react = found ? 'yes' : 'silent';
  }

  const removed = await acted(ground, cases, 'delete', async (one) => await far.remove(one.id));
  for (const one of cases) {
    const event = removed.history.find(({ event_id: id }) => id === one.event?.event_id);
    one.cells.delete = event?.unsigned?.['redacted_because'] === undefined ? 'silent' : 'yes';
  }
  return tableOf(cases);
}

interface Acted {
  readonly history: readonly RoomEvent[];
  /** What came of this case, when something did. */
  segment(one: Case): RoomEvent | undefined;
}

/** Does it for each kind that can, with a text behind each: when that has come, nothing of what stood before it is on its way. */
async function acted(
  ground: Ground,
  cases: readonly Case[],
  act: Act,
  does: (one: Case, words: string) => Promise<void>,
): Promise<Acted> {
  const able = cases.filter(({ kind }) => act === 'send' || kind.acts.includes(act));
  const ends = new Map<Case, string>();
  for (const one of able) {
    const words = ground.canaries.text(`${one.kind.name} ${act}`);
    one.words[act] = words;
    await does(one, words);
    const end = ground.canaries.text(`after ${one.kind.name} ${act}`);
    ends.set(one, end);
    await ground.far.write('text', end);
  }
  const { history } = await marked(ground);
  return {
    history,
    segment: (one) => {
      const to = history.findIndex((event) => bodyOf(event) === ends.get(one));
      const before = history.slice(0, to).filter((event) => event.sender === ground.ghost && isMessage(event));
      const last = before.at(-1);
      // Directly behind another marker: nothing came.
      return last === undefined || /^after |^a mark /.test(bodyOf(last)) ? undefined : last;
    },
  };
}

/** A text of the contact, waited for. */
async function marked({
  person,
  room,
  ghost,
  far,
  canaries,
}: Ground): Promise<{ readonly history: readonly RoomEvent[]; readonly id: string; readonly event: RoomEvent }> {
  const text = canaries.text('a mark');
  const id = await far.write('text', text);
  return await person.until(`"${text}" in the room`, async () => {
    const history = await person.history(room);
    const event = history.find((one) => one.sender === ghost && bodyOf(one) === text);
    return event === undefined ? undefined : { history, id, event };
  });
}

/** Edits, reactions and states are looked for by what they are about. */
function isMessage({ type, state_key: state, content }: RoomEvent): boolean {
  if (state !== undefined || type === 'm.reaction' || type === 'm.room.redaction') return false;
  return (content['m.relates_to'] as { rel_type?: string } | undefined)?.rel_type !== 'm.replace';
}

function arrived({ kind, words }: Case, event: RoomEvent, act: 'send' | 'edit' | 'reply'): Seen {
  const body = bodyOf(event);
  const mine = words[act] ?? '';
  const has = !kind.words || body.includes(mine);
  if (event.content['msgtype'] === 'm.notice') {
    if (body.trim() === '') return 'odd: a notice without words';
    return has ? 'notice' : `odd: a notice without the words that came along: ${body}`;
  }
  if (!has) return `odd: ${body} instead of ${mine}`;
  if (kind.name === 'formatted text') {
    return String(event.content['formatted_body']).includes(`<strong>${mine}</strong>`)
      ? 'yes'
      : 'odd: without its marks';
  }
  if (LACKS[kind.name]?.(event, act) === true) return 'odd: without what makes it one';
  if (kind.name === 'text') return event.content['msgtype'] === 'm.text' && body === mine ? 'yes' : `odd: ${body}`;
  const wanted = MEDIA[kind.name];
  const type = event.type === 'm.room.message' ? event.content['msgtype'] : event.type;
  return wanted === undefined || type === wanted ? 'yes' : `odd: ${kind.name} as ${String(type)}`;
}

/** What makes some kinds what they are is not among their words. */
const LACKS: Readonly<Record<string, (event: RoomEvent, act: Act) => boolean>> = {
  'text with a preview': ({ content }, act) => act !== 'edit' && content['com.beeper.linkpreviews'] === undefined,
  'forwarded text': (event, act) => act !== 'edit' && !bodyOf(event).startsWith('↪ '),
  'text with a mention': ({ content }, act) =>
    act !== 'edit' &&
    ((content['m.mentions'] as { user_ids?: readonly unknown[] } | undefined)?.user_ids ?? []).length !== 1,
  'call to everybody': ({ content }, act) =>
    act !== 'edit' && (content['m.mentions'] as { room?: unknown } | undefined)?.room !== true,
};

function relation({ content }: RoomEvent): Readonly<Record<string, unknown>> {
  return (content['m.relates_to'] ?? {}) as Readonly<Record<string, unknown>>;
}

function replaced(edit: RoomEvent): RoomEvent {
  return { ...edit, content: (edit.content['m.new_content'] ?? {}) as RoomEvent['content'] };
}

/** What people cannot do has a cell of its own. */
export function tableOf(
  cases: readonly { readonly kind: Kind; readonly cells: Readonly<Partial<Record<Act, string>>> }[],
): Table {
  return Object.fromEntries(
    cases.map(({ kind, cells }) => {
      const cell = (act: Act): string => (act === 'send' || kind.acts.includes(act) ? (cells[act] ?? 'silent') : '–');
      const row = { send: cell('send'), edit: cell('edit'), reply: cell('reply'), react: cell('react') };
      return [kind.name, { ...row, delete: cell('delete') } as Cells];
    }),
  );
}
