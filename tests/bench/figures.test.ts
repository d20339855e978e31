// What the bench says about samples: percentiles, rates, figures beside their limits, and the table; measures nothing.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { figure, writeFigures } from '../../bench/figure.ts';
import { atLeast, atMost, isKept, plain, table } from '../../bench/finding.ts';
import { Passages } from '../../bench/latency.ts';
import { busyBetween } from '../../bench/rest.ts';
import { median, percentile, rateOf } from '../../bench/statistics.ts';

test('a percentile is a sample by nearest rank, whatever the order they came in', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(samples, 0.5)).toBe(50);
  expect(percentile(samples, 0.99)).toBe(99);
  expect(percentile(samples, 1)).toBe(100);
  expect(percentile(samples, 0)).toBe(1);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10])).toBe(10);
  expect(samples[0]).toBe(100);
});

test('nothing measured is a failure, not a figure', () => {
  expect(() => percentile([], 0.5)).toThrow('nothing was measured');
  expect(() => rateOf([{ count: 0, ms: 5000, cpuMs: 10 }])).toThrow('not one message');
});

test('stretches count by their length', () => {
  const rate = rateOf([
    { count: 100, ms: 1000, cpuMs: 50 },
    { count: 20, ms: 2000, cpuMs: 70 },
  ]);
  expect(rate).toEqual({ rate: 40, cpu: 1 });
});

test('a passage counts once, whichever end is heard of first', () => {
  const passages = new Passages();
  passages.came('a', 100);
  passages.went('a', 107);
  passages.went('b', 230);
  passages.came('b', 210);
  passages.came('a', 300);
  passages.went('a', 900);
  passages.went('never came', 5);
  expect(passages.samples).toEqual([7, 20]);
});

test('a figure has four digits, and a ratio only where there is a limit', () => {
  expect(figure('a', 123.456, 'ms')).toEqual({ id: 'a', value: 123.5, unit: 'ms', limit: null, ratio: null });
  expect(figure('a', 50, 'ms', 80)).toEqual({ id: 'a', value: 50, unit: 'ms', limit: 80, ratio: 0.625 });
});

test('a promise is kept up to its very edge', () => {
  expect(isKept(atLeast(0.8, 'a', 80, 'messages/s', 100))).toBe(true);
  expect(isKept(atLeast(0.8, 'a', 79.9, 'messages/s', 100))).toBe(false);
  expect(isKept(atMost('a', 25, 'ms', 25))).toBe(true);
  expect(isKept(atMost('a', 25.1, 'ms', 25))).toBe(false);
  expect(isKept(plain('a', 3, 'ms', 1))).toBeUndefined();
});

test('the table says aloud what was missed', () => {
  const text = table([atMost('fast', 1, 'ms', 2), atMost('slow', 3, 'ms', 2), plain('told', 4, 'MiB')]);
  const lines = text.split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[1]).toMatch(/^fast +1 ms +2 +0\.5 +at most 1 x +kept$/);
  expect(lines[2]).toMatch(/^slow +3 ms +2 +1\.5 +at most 1 x +MISSED$/);
  expect(lines[3]).toMatch(/^told +4 MiB$/);
});

test('the file for machines is a list of figures', () => {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-figures-'));
  try {
    const file = join(dir, 'bench.json');
    writeFigures(file, [figure('a', 1, 'ms', 2), figure('b', 3, 'MiB')]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([
      { id: 'a', value: 1, unit: 'ms', limit: 2, ratio: 0.5 },
      { id: 'b', value: 3, unit: 'MiB', limit: null, ratio: null },
    ]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('the share of busy time is what was not idle between two looks', () => {
  expect(busyBetween({ all: 100, idle: 50 }, { all: 300, idle: 200 })).toBe(0.25);
  expect(busyBetween({ all: 100, idle: 50 }, { all: 100, idle: 50 })).toBe(0);
});
