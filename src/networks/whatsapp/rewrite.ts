// Puts other words in the place of some in a rich text and moves the marks along; pure, knows no network's spelling.
import type { RichText, Span } from '../../model/message.ts';

export interface Replacement {
  readonly start: number;
  readonly length: number;
  readonly text: string;
  /** A mark for the new words. */
  readonly span?: Span extends infer One ? (One extends Span ? Omit<One, 'start' | 'length'> : never) : never;
}

/** Replacements in any order; of two that overlap, the earlier one counts. Marks that end inside of one end at its end. */
export function rewrite(rich: RichText, replacements: readonly Replacement[]): RichText {
  const list: { readonly from: number; readonly to: number; readonly at: number; readonly text: string }[] = [];
  const added: Span[] = [];
  let text = '';
  let done = 0;
  for (const one of replacements.toSorted((a, b) => a.start - b.start)) {
    if (one.start < done || one.start + one.length > rich.text.length) continue;
    text += rich.text.slice(done, one.start);
    list.push({ from: one.start, to: one.start + one.length, at: text.length, text: one.text });
    if (one.span !== undefined) added.push({ start: text.length, length: one.text.length, ...one.span });
    text += one.text;
    done = one.start + one.length;
  }
  if (list.length === 0) return rich;
  text += rich.text.slice(done);
  const spans = rich.spans.map((span) => {
    const start = moved(list, span.start, 'start');
    return { ...span, start, length: moved(list, span.start + span.length, 'end') - start };
  });
  return { text, spans: [...spans, ...added].filter((span) => span.length > 0) };
}

function moved(
  list: readonly { readonly from: number; readonly to: number; readonly at: number; readonly text: string }[],
  place: number,
  edge: 'start' | 'end',
): number {
  // The last replacement that begins before the place.
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.from ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  const before = list[low - 1];
  if (before === undefined) return place;
  if (place >= before.to) return before.at + before.text.length + place - before.to;
  return edge === 'start' ? before.at : before.at + before.text.length;
}
