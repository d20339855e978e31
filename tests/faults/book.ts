// The book of what was said, by whom, where and when it was first seen on the other side; the checker's first witness.
import { tokenOf, type Said, type SideName } from './checker.ts';

interface Line {
  readonly token: string;
  readonly chat: string;
  readonly from: SideName;
  readonly speaker: string;
  readonly texts: string[];
  removed: boolean;
}

export class Book {
  readonly #lines: Line[] = [];
  readonly #byToken = new Map<string, Line>();
  /** Ids of the events that people wrote themselves on Matrix. */
  readonly #events = new Map<string, string>();
  readonly #outstanding = new Set<Line>();
  /** Seen on the other side before the side on which it was said had answered. */
  readonly #early = new Set<string>();
  #serial = 0;
  #acts = 0;

  /** A text that nobody has said yet. */
  nextToken(): string {
    this.#serial += 1;
    return `k${this.#serial}`;
  }

  /** Texts, edits and removals since the beginning. */
  get acts(): number {
    return this.#acts;
  }

  /** Texts said since the beginning. */
  get messages(): number {
    return this.#lines.length;
  }

  /** Tokens of this chat and side, or of all, that were said and have not been seen on the other side. */
  outstanding(chat?: string, from?: SideName): readonly string[] {
    return [...this.#outstanding]
      .filter((line) => (chat === undefined || line.chat === chat) && (from === undefined || line.from === from))
      .map((line) => line.token);
  }

  /** The network or the homeserver has taken it. The order of these calls per speaker and chat is the order of speaking. */
  said(token: string, chat: string, from: SideName, speaker: string, text: string): void {
    const line: Line = { token, chat, from, speaker, texts: [text], removed: false };
    this.#lines.push(line);
    this.#byToken.set(token, line);
    if (!this.#early.delete(`${token}/${from === 'matrix' ? 'network' : 'matrix'}`)) this.#outstanding.add(line);
    this.#acts += 1;
  }

  edited(token: string, text: string): void {
    this.#byToken.get(token)?.texts.push(text);
    this.#acts += 1;
  }

  removed(token: string): void {
    const line = this.#byToken.get(token);
    if (line === undefined) return;
    line.removed = true;
    this.#outstanding.delete(line);
    this.#acts += 1;
  }

  /** A person's own event on Matrix: what the bridge answers to it is about this message. */
  isEvent(event: string, token: string): void {
    this.#events.set(event, token);
  }

  tokenOfEvent(event: string): string | undefined {
    return this.#events.get(event);
  }

  /** A text was seen on one side; when it was said on the other one, it has arrived. */
  saw(text: string, side: SideName): void {
    const token = tokenOf(text);
    if (token === undefined) return;
    const line = this.#byToken.get(token);
    if (line === undefined) this.#early.add(`${token}/${side}`);
    else if (line.from !== side) this.#outstanding.delete(line);
  }

  all(): readonly Said[] {
    return this.#lines;
  }
}
