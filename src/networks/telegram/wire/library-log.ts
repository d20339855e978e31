// Silences the library's console and listens to what it mutters: some of its losses are told nowhere else. Passes on no text.
import './fast-numbers.ts';
import { Logger as LibraryLogger } from 'telegram/extensions/index.js';
import type { Logger } from '../../../ports/stores.ts';

/** Only these phrases are understood; everything else may hold message text and is not repeated. */
const PHRASES: readonly (readonly [RegExp, string, 'desync' | 'note'])[] = [
  [/^Type .+ not found/, 'unknown-constructor', 'desync'],
  [/^Security error/, 'security-error', 'desync'],
  [/^Received response without parent request/, 'orphan-answer', 'note'],
  [/^Message payload for .+ is too long/, 'oversize', 'note'],
  [/^Unhandled error while receiving/, 'unhandled', 'desync'],
  [/^Broken authorization key/, 'broken-key', 'note'],
];

export class LibraryLog extends LibraryLogger {
  readonly #log: Logger;
  readonly #desync: () => void;

  /** @param desync told when a packet was thrown away unread: only getDifference knows what was in it */
  constructor(log: Logger, desync: () => void) {
    super();
    this.#log = log;
    this.#desync = desync;
  }

  /** False keeps the library's 50 direct console calls quiet; it asks before each. */
  override canSend(): boolean {
    return false;
  }

  override _log(_level: unknown, message: string): void {
    const found = PHRASES.find(([phrase]) => phrase.test(message));
    if (found === undefined) return;
    this.#log.debug({ network: 'telegram', code: found[1] }, 'the wire library reported');
    if (found[2] === 'desync') this.#desync();
  }
}
