// Pure sums over samples: percentiles, medians and rates; knows nothing of what was measured.

/** The value that `share` of the samples do not exceed (nearest rank). @throws Error without samples */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** What was done in one stretch of time. */
export interface Stretch {
  readonly count: number;
  readonly ms: number;
  /** CPU time of the process in question, in ms. */
  readonly cpuMs: number;
}

export interface Rate {
  /** Per second. */
  readonly rate: number;
  /** CPU per message, in ms. */
  readonly cpu: number;
}

/** Several stretches as one. @throws Error when nothing was done */
export function rateOf(stretches: readonly Stretch[]): Rate {
  const sum = (of: (stretch: Stretch) => number): number =>
    stretches.reduce((total, stretch) => total + of(stretch), 0);
  const count = sum((stretch) => stretch.count);
  if (count === 0) throw new Error('not one message went through');
  return { rate: (count * 1000) / sum((stretch) => stretch.ms), cpu: sum((stretch) => stretch.cpuMs) / count };
}
