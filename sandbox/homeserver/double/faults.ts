// Decides which requests go wrong, and how; it must not know what a request means.
import type { FaultRule } from '../types.ts';

interface Armed {
  readonly rule: FaultRule;
  readonly path: RegExp;
  skipped: number;
  hits: number;
}

export class FaultBook {
  #armed: Armed[] = [];

  /** Throws a SyntaxError for a path that is no regular expression. */
  add(rule: FaultRule): void {
    this.#armed.push({ rule, path: new RegExp(rule.path), skipped: 0, hits: 0 });
  }

  clear(): void {
    this.#armed = [];
  }

  hits(): number[] {
    return this.#armed.map(({ hits }) => hits);
  }

  /** The first rule that wants this request, counted as a hit. */
  take(method: string, url: string): FaultRule['act'] | undefined {
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (armed.hits >= (rule.times ?? 1)) continue;
      if (rule.method !== undefined && rule.method !== method) continue;
      if (!armed.path.test(url)) continue;
      if (armed.skipped < (rule.after ?? 0)) {
        armed.skipped += 1;
        continue;
      }
      armed.hits += 1;
      return rule.act;
    }
    return undefined;
  }
}
