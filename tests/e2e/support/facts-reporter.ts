// Fails a whole run in which a test named by docs/homeservers.md did not run on Synapse and pass, in each room version it names; writes down what passed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { unseen } from '../../homeserver/facts.ts';

interface Results {
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly testResults: readonly { readonly title: string; readonly fullName: string; readonly status: string }[];
  }[];
}

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export default class FactsReporter {
  readonly #whole: boolean;
  #error: Error | undefined;

  constructor(global: {
    readonly testNamePattern?: string;
    readonly testPathPatterns?: { readonly patterns: readonly string[] };
  }) {
    // Whoever asks for a part of the suite gets that part.
    this.#whole = (global.testNamePattern ?? '') === '' && (global.testPathPatterns?.patterns ?? []).length === 0;
  }

  onRunComplete(_contexts: unknown, results: Results): void {
    const passed = results.testResults
      .filter(({ testFilePath }) => testFilePath.endsWith('.e2e.ts'))
      .flatMap(({ testResults }) => testResults)
      .filter(({ status }) => status === 'passed');
    if (passed.length === 0) return;
    mkdirSync(at('.cache'), { recursive: true });
    writeFileSync(
      at('.cache/e2e-passed.json'),
      JSON.stringify(
        passed.map(({ fullName }) => fullName),
        null,
        2,
      ),
    );
    if (!this.#whole) return;
    const missing = unseen(readFileSync(at('docs/homeservers.md'), 'utf8'), passed);
    if (missing.length === 0) return;
    this.#error = new Error(`docs/homeservers.md names tests that did not pass in this run: ${missing.join('; ')}`);
    process.stderr.write(`${this.#error.message}\n`);
  }

  getLastError(): Error | undefined {
    return this.#error;
  }
}
