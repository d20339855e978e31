// A figure with the promise it is held against, and the table that people read; knows nothing of how anything is measured.
import { figure, type Figure } from './figure.ts';

export interface Finding {
  readonly figure: Figure;
  /** The least or the greatest ratio of value to limit that keeps the promise; neither: only told. */
  readonly promise?: { readonly atLeast: number } | { readonly atMost: number };
}

/** At least this share of the limit. */
export function atLeast(share: number, id: string, value: number, unit: string, limit: number): Finding {
  return { figure: figure(id, value, unit, limit), promise: { atLeast: share } };
}

/** Not above the limit. */
export function atMost(id: string, value: number, unit: string, limit: number): Finding {
  return { figure: figure(id, value, unit, limit), promise: { atMost: 1 } };
}

/** `beside` is what to compare it with, when there is something. */
export function plain(id: string, value: number, unit: string, beside: number | null = null): Finding {
  return { figure: figure(id, value, unit, beside) };
}

/** Undefined when nothing was promised. */
export function isKept({ figure: { ratio }, promise }: Finding): boolean | undefined {
  if (promise === undefined || ratio === null) return undefined;
  return 'atLeast' in promise ? ratio >= promise.atLeast : ratio <= promise.atMost;
}

function promised({ promise }: Finding): string {
  if (promise === undefined) return '';
  return 'atLeast' in promise ? `at least ${promise.atLeast} x` : 'at most 1 x';
}

/** One line per finding, in columns. */
export function table(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => {
    const { id, value, unit, limit, ratio } = finding.figure;
    const kept = isKept(finding);
    return [
      id,
      `${value} ${unit}`,
      limit === null ? '' : String(limit),
      ratio === null ? '' : String(ratio),
      promised(finding),
      kept === undefined ? '' : kept ? 'kept' : 'MISSED',
    ];
  });
  const all = [['what', 'measured', 'limit', 'ratio', 'promised', ''], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
