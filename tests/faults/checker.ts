// Judges a run from what was said and from what each side of each chat shows in the end; knows no bridge, no wire and no clock.

/** The two sides of a chat. */
export type SideName = 'matrix' | 'network';

/** One message as its author wrote, changed and perhaps took it back; the list of them is in the order of speaking. */
export interface Said {
  /** Unique, and part of every text of this message. */
  readonly token: string;
  readonly chat: string;
  /** The side on which it was said; the other one must show it. */
  readonly from: SideName;
  /** Unique name of the author over all chats and sides. */
  readonly speaker: string;
  /** The first text and then every edit, as typed. */
  readonly texts: readonly string[];
  readonly removed: boolean;
}

/** One message as one side shows it. */
export interface Showing {
  /** Its author as that side names them. */
  readonly by: string;
  /** Every version, oldest first; empty when nothing can be read any more. */
  readonly texts: readonly string[];
  readonly removed: boolean;
}

/** One side of one chat: all its messages, in the order in which that side shows them. */
export interface ChatSide {
  readonly chat: string;
  readonly side: SideName;
  readonly showings: readonly Showing[];
}

export interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly misrouted: number;
  readonly toldFailed: number;
  /** One line for each finding. */
  readonly findings: readonly string[];
}

interface Seen {
  readonly said: Said;
  readonly place: ChatSide;
  readonly showing: Showing;
}

type Finding = readonly [kind: 'lost' | 'doubled' | 'reordered' | 'misrouted', line: string];

/** Makes a text's token: `k17 …`, and `k17v2 …` for its second edit. */
export function tokenOf(text: string): string | undefined {
  return /^k\d+(?=(?:v\d+)?\b)/.exec(text)?.[0];
}

/**
 * @param sides both sides of every chat, and any other place where texts may have strayed
 * @param told tokens whose author was told that the message did not get through: counted apart, and not as lost
 */
export function judge(
  said: readonly Said[],
  sides: readonly ChatSide[],
  told: ReadonlySet<string> = new Set(),
): Verdict {
  const seen = gather(said, sides);
  const authors = authorsOf([...seen.values()].flat());
  const findings: Finding[] = [];
  for (const one of said) findings.push(...judgeOne(one, seen.get(one.token) ?? [], authors, told));
  findings.push(...disorder(said, sides));
  const count = (kind: Finding[0]): number => findings.filter(([what]) => what === kind).length;
  return {
    lost: count('lost'),
    doubled: count('doubled'),
    reordered: count('reordered'),
    misrouted: count('misrouted'),
    toldFailed: said.filter((one) => told.has(one.token)).length,
    findings: findings.map(([kind, line]) => `${kind}: ${line}`),
  };
}

function gather(said: readonly Said[], sides: readonly ChatSide[]): ReadonlyMap<string, readonly Seen[]> {
  const byToken = new Map(said.map((one) => [one.token, one]));
  const seen = new Map<string, Seen[]>();
  for (const place of sides) {
    for (const showing of place.showings) {
      for (const token of new Set(showing.texts.flatMap((text) => tokenOf(text) ?? []))) {
        const one = byToken.get(token);
        if (one === undefined) continue;
        const list = seen.get(token) ?? [];
        seen.set(token, [...list, { said: one, place, showing }]);
      }
    }
  }
  return seen;
}

function judgeOne(
  said: Said,
  seen: readonly Seen[],
  authors: ReadonlyMap<string, string>,
  told: ReadonlySet<string>,
): readonly Finding[] {
  const findings: Finding[] = [];
  const name = `${said.token} of ${said.speaker} in ${said.chat}, said on the ${said.from} side`;
  for (const { place } of seen.filter((one) => one.place.chat !== said.chat)) {
    findings.push(['misrouted', `${name}, is shown in ${place.chat} on the ${place.side} side`]);
  }
  const here = seen.filter((one) => one.place.chat === said.chat);
  const echoes = here.filter((one) => one.place.side === said.from).slice(1);
  for (let echo = 0; echo < echoes.length; echo += 1) findings.push(['doubled', `${name}, came back to it`]);
  const arrived = here.filter((one) => one.place.side !== said.from);
  for (let more = 1; more < arrived.length; more += 1)
    findings.push(['doubled', `${name}, is shown ${arrived.length} times`]);
  for (const { showing } of arrived) {
    if (showing.by !== authors.get(authorKey(said)))
      findings.push(['misrouted', `${name}, is shown as written by ${showing.by}`]);
  }
  const [first] = arrived;
  if (first === undefined) {
    // What was taken back before it ever arrived is as good as what was taken back afterwards.
    if (!said.removed && !told.has(said.token)) findings.push(['lost', `${name}, is nowhere`]);
    return findings;
  }
  findings.push(...judgeVersions(said, first.showing, name));
  return findings;
}

/** A version may be skipped when a newer one took its place on the way; the last one must stand. */
function judgeVersions(said: Said, showing: Showing, name: string): readonly Finding[] {
  if (said.removed !== showing.removed) {
    return [['lost', said.removed ? `taking back ${name}` : `${name}, was taken away`]];
  }
  const shown = showing.texts.map((text) => said.texts.findIndex((one) => one.trim() === text.trim()));
  if (shown.includes(-1)) return [['lost', `the wording of ${name}`]];
  if (said.removed) return [];
  const findings: Finding[] = [];
  if (shown.some((version, index) => version < (shown[index - 1] ?? 0))) {
    findings.push(['reordered', `the edits of ${name}: ${shown.join(', ')}`]);
  }
  if (shown.at(-1) !== said.texts.length - 1) findings.push(['lost', `the last edit of ${name}: ${shown.join(', ')}`]);
  return findings;
}

/** Who stands for a speaker on the other side: whoever shows most of their messages there. */
function authorsOf(seen: readonly Seen[]): ReadonlyMap<string, string> {
  const votes = new Map<string, Map<string, number>>();
  for (const { said, place, showing } of seen) {
    if (place.chat !== said.chat || place.side === said.from) continue;
    const box = votes.get(authorKey(said)) ?? new Map<string, number>();
    box.set(showing.by, (box.get(showing.by) ?? 0) + 1);
    votes.set(authorKey(said), box);
  }
  const ranked = [...votes].map(([speaker, box]) => {
    const [by = '', count = 0] = [...box].toSorted((a, b) => b[1] - a[1])[0] ?? [];
    return { speaker, by, count };
  });
  const authors = new Map<string, string>();
  const taken = new Set<string>();
  // Two speakers never share one author: whoever has fewer messages under that name is the one that is wrong.
  for (const { speaker, by } of ranked.toSorted((a, b) => b.count - a.count)) {
    const direction = `${speaker.split('\0')[0]}\0${by}`;
    if (taken.has(direction)) continue;
    taken.add(direction);
    authors.set(speaker, by);
  }
  return authors;
}

/** Direction and network first, since one person may stand for themselves on several networks and on both sides. */
function authorKey(said: Said): string {
  return `${said.from}/${said.chat.split('/')[0]}\0${said.speaker}`;
}

/** Per speaker and chat: the first showing of each message must come in the order of speaking. */
function disorder(said: readonly Said[], sides: readonly ChatSide[]): readonly Finding[] {
  const order = new Map(said.map((one, index) => [one.token, { said: one, index }]));
  const findings: Finding[] = [];
  for (const place of sides) {
    const newest = new Map<string, number>();
    const met = new Set<string>();
    for (const showing of place.showings) {
      const token = showing.texts.map(tokenOf).find((one) => one !== undefined);
      const known = token === undefined ? undefined : order.get(token);
      if (token === undefined || known === undefined || met.has(token)) continue;
      met.add(token);
      if (known.said.chat !== place.chat || known.said.from === place.side) continue;
      const before = newest.get(known.said.speaker) ?? -1;
      if (known.index < before) {
        findings.push([
          'reordered',
          `${token} of ${known.said.speaker} in ${place.chat}, shown on the ${place.side} side`,
        ]);
      }
      newest.set(known.said.speaker, Math.max(before, known.index));
    }
  }
  return findings;
}
