// One measured figure and the list that is written for machines; knows nothing of how anything is measured.
import { writeFileSync } from 'node:fs';

/** A figure beside its limit: `ratio` is value / limit, null where there is no limit to hold it against. */
export interface Figure {
  /** Such as `telegram.to-network.throughput`. */
  readonly id: string;
  readonly value: number;
  /** Such as `messages/s`, `ms`, `MiB`. */
  readonly unit: string;
  readonly limit: number | null;
  readonly ratio: number | null;
}

export function figure(id: string, value: number, unit: string, limit: number | null = null): Figure {
  return {
    id,
    value: rounded(value),
    unit,
    limit: limit === null ? null : rounded(limit),
    ratio: limit ? rounded(value / limit) : null,
  };
}

/** Writes the list as JSON. @throws Error of the file system */
export function writeFigures(file: string, figures: readonly Figure[]): void {
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
