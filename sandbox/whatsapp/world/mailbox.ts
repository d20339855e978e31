// What waits for one device: every message, receipt, notification and call stays until the device has settled it, and goes
// out again, marked as offline, each time the device comes back. Knows no sockets: a line is whatever takes a stanza.

import type { BinaryNode } from '../wire/node.ts';
import { together, togetherWith } from './kept-receipts.ts';

/** Where stanzas go while the device is there. */
export interface Line {
  send(node: BinaryNode): void;
}

export type Verdict =
  { readonly kind: 'pass' | 'hold' | 'drop' | 'twice' | 'swap' } | { readonly kind: 'delay'; readonly ms: number };

interface Entry {
  readonly node: BinaryNode;
  /** Counts up as they come. */
  readonly number: number;
  /** Its place in the offline backlog; -1: it is none of it. */
  place: number;
  /** Its delay is over: it is not judged again. */
  judged: boolean;
}

/** The backlog that a client was told of, until all of it has been sent. */
interface Backlog {
  readonly count: number;
  /** How many may be sent so far. */
  end: number;
  /** How many of these are not settled yet. */
  open: number;
}

/** Stanzas of one offline batch. */
const BATCH = 100;
const SERVICE = '@s.whatsapp.net';
/** The kinds that wait for their settlement. */
const KEPT = new Set(['message', 'receipt', 'notification', 'call']);

export class Mailbox {
  readonly #judge: (node: BinaryNode) => Verdict;
  readonly #changed: () => void;
  readonly #newId: () => string;
  /** By kind and id, oldest first. */
  readonly #entries = new Map<string, Entry[]>();
  /** What has not gone out on this line yet, oldest first. */
  #unsent: Entry[] = [];
  #line: Line | null = null;
  #backlog: Backlog | null = null;
  #timer: NodeJS.Timeout | null = null;
  #count = 0;
  #pumping = false;
  #swapped: Entry | null = null;

  /** @param newId of a stanza */
  constructor(judge: (node: BinaryNode) => Verdict, changed: () => void, newId: () => string) {
    this.#judge = judge;
    this.#changed = changed;
    this.#newId = newId;
  }

  get open(): boolean {
    return this.#line !== null;
  }

  /** Stanzas not settled yet, oldest first. */
  get waiting(): readonly BinaryNode[] {
    return this.#all().map((entry) => entry.node);
  }

  /** Puts a stanza in; one of a kind that nobody settles goes out now or never. */
  add(node: BinaryNode): void {
    if (!KEPT.has(node.tag)) {
      this.#line?.send(node);
      return;
    }
    const entry: Entry = { node, number: this.#count++, place: -1, judged: false };
    const key = keyOf(node.tag, node.attrs['id'] ?? '');
    const same = this.#entries.get(key);
    if (same === undefined) this.#entries.set(key, [entry]);
    else same.push(entry);
    if (this.#line !== null) this.#unsent.push(entry);
    this.pump();
    this.#changed();
  }

  /** The device is there. `announce`: it is a real client, which is told of its backlog and of its end. */
  attach(line: Line, announce: boolean): void {
    this.detach();
    this.#line = line;
    if (announce) this.#gather();
    this.#unsent = this.#all();
    for (const entry of this.#unsent) {
      entry.place = -1;
      entry.judged = false;
    }
    if (!announce) return this.pump();
    const count = this.#unsent.length;
    if (count === 0) {
      line.send(offlineDone(0));
      return;
    }
    for (const [place, entry] of this.#unsent.entries()) entry.place = place;
    const end = Math.min(count, BATCH);
    this.#backlog = { count, end, open: end };
    const of = (tag: string): string => String(this.#unsent.filter(({ node }) => node.tag === tag).length);
    const attrs = {
      count: String(count),
      message: of('message'),
      receipt: of('receipt'),
      notification: of('notification'),
      call: of('call'),
    };
    line.send({ tag: 'ib', attrs: { from: SERVICE }, content: [{ tag: 'offline_preview', attrs }] });
    this.pump();
  }

  detach(): void {
    this.#line = null;
    this.#unsent = [];
    this.#backlog = null;
    this.#swapped = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The client asks for more of its backlog. */
  more(): void {
    const backlog = this.#backlog;
    const next = this.#unsent[0];
    // What it may have already is still on its way.
    if (backlog === null || (next !== undefined && next.place >= 0 && next.place < backlog.end)) return;
    const end = Math.min(backlog.count, backlog.end + BATCH);
    backlog.open += end - backlog.end;
    backlog.end = end;
    this.pump();
  }

  /** The device has this stanza: true if it was waiting. `about` are the attributes of its receipt or ack. */
  settle(kind: string, id: string, about: Readonly<Record<string, string>> = {}): boolean {
    const same = this.#entries.get(keyOf(kind, id));
    const entry =
      same === undefined || same.length === 1
        ? same?.[0]
        : (same.find(({ node }) => agrees(node.attrs, about)) ?? same[0]);
    if (entry === undefined) return false;
    this.#forget(entry);
    this.#changed();
    return true;
  }

  /** A group's receipts go out together, in the place of the last of them. */
  #gather(): void {
    for (const [what, entries] of Map.groupBy(this.#all(), ({ node }) => togetherWith(node))) {
      const last = entries.at(-1);
      if (what === undefined || last === undefined) continue;
      for (const entry of entries) this.#forget(entry);
      const id = this.#newId();
      const node = together(
        entries.map((entry) => entry.node),
        id,
      );
      this.#entries.set(keyOf('receipt', id), [{ ...last, node }]);
    }
  }

  #all(): Entry[] {
    return [...this.#entries.values()].flat().sort((one, other) => one.number - other.number);
  }

  #forget(entry: Entry): void {
    const key = keyOf(entry.node.tag, entry.node.attrs['id'] ?? '');
    const left = (this.#entries.get(key) ?? []).filter((one) => one !== entry);
    if (left.length === 0) this.#entries.delete(key);
    else this.#entries.set(key, left);
    const at = this.#unsent.indexOf(entry);
    if (at >= 0) this.#unsent.splice(at, 1);
    const backlog = this.#backlog;
    if (backlog === null || entry.place < 0 || entry.place >= backlog.end) return;
    backlog.open--;
    if (backlog.open === 0) this.more();
  }

  /** Sends what may be sent; to be called when a fault has been lifted. */
  pump(): void {
    if (this.#pumping || this.#line === null || this.#timer !== null) return;
    this.#pumping = true;
    try {
      while (this.#step());
    } finally {
      this.#pumping = false;
    }
  }

  /** Sends one stanza, if one may go; true: there may be more. */
  #step(): boolean {
    const line = this.#line;
    if (line === null) return false;
    const backlog = this.#backlog;
    const [entry] = this.#unsent;
    if (entry === undefined || (backlog !== null && (entry.place < 0 || entry.place >= backlog.end))) {
      const whole = backlog !== null && backlog.end === backlog.count;
      if (whole && this.#swapped !== null) return this.#sendSwapped(line);
      if (!whole) return false;
      this.#backlog = null;
      line.send(offlineDone(backlog.count));
      return true;
    }
    const verdict: Verdict = entry.judged ? { kind: 'pass' } : this.#judge(entry.node);
    if (verdict.kind === 'hold') return false;
    entry.judged = true;
    if (verdict.kind === 'delay') {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.pump();
      }, verdict.ms);
      return false;
    }
    if (verdict.kind === 'drop') {
      this.#forget(entry);
      return true;
    }
    this.#unsent.shift();
    if (verdict.kind === 'swap' && this.#swapped === null) {
      this.#swapped = entry;
      return true;
    }
    this.#send(line, entry);
    if (verdict.kind === 'twice') this.#send(line, entry);
    if (this.#swapped !== null) this.#sendSwapped(line);
    return true;
  }

  #sendSwapped(line: Line): boolean {
    const late = this.#swapped;
    this.#swapped = null;
    if (late !== null) this.#send(line, late);
    return true;
  }

  #send(line: Line, { node, place }: Entry): void {
    line.send(place < 0 ? node : { ...node, attrs: { ...node.attrs, offline: String(place) } });
  }
}

const keyOf = (kind: string, id: string): string => `${kind} ${id}`;

function offlineDone(count: number): BinaryNode {
  return {
    tag: 'ib',
    attrs: { from: SERVICE },
    content: [{ tag: 'offline', attrs: { count: String(count) } }],
  };
}

/** Is this receipt or ack about exactly this stanza, where two have the same id. */
function agrees(stanza: Readonly<Record<string, string>>, about: Readonly<Record<string, string>>): boolean {
  return (
    (about['to'] === undefined || about['to'] === stanza['from']) &&
    (about['participant'] === undefined || about['participant'] === stanza['participant'])
  );
}
