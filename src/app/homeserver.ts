// Waits for the homeserver, sees whether it answers, and compares its memory of the bridge with the database's; sends no message.
import { exitCodes, Refusal } from './exit-codes.ts';
import type { MatrixWing } from '../matrix/index.ts';
import { BridgeError } from '../model/errors.ts';
import type { OwnerId } from '../model/ids.ts';
import { as } from '../model/ids.ts';
import type { Clock, Logger } from '../ports/stores.ts';
import type { Store } from '../store/index.ts';
import { openHomeserver, type WingGround } from './build.ts';

/** The lease of the one worker that listens to the bot's sync. */
export const AUDIT_OWNER = as<OwnerId>('sync:bot');

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const LONGEST_PING_WAIT_MS = 300_000;

/** Opens the Matrix wing, waiting as long as the homeserver is away. @returns undefined when asked to stop @throws Refusal when it does not know us */
export async function awaitHomeserver(
  ground: WingGround,
  sessions: Parameters<typeof openHomeserver>[1],
  stop: AbortSignal,
): Promise<MatrixWing | undefined> {
  for (let wait = FIRST_WAIT_MS; !stop.aborted; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
    try {
      return await openHomeserver(ground, sessions);
    } catch (error) {
      if (isOurFault(error)) throw refused(error);
      const { host } = new URL(ground.config.homeserver.url);
      ground.log.warn(
        { host, error, ms: wait },
        'the homeserver does not answer, will try again: see homeserver.url, or run passerelle doctor',
      );
    }
    // Being asked to stop ends the wait.
    await ground.clock.sleep(wait, stop).catch(() => undefined);
  }
  return undefined;
}

function isOurFault(error: unknown): boolean {
  return error instanceof BridgeError && (error.retry === 'never' || error.code === 'matrix-token');
}

function refused(error: unknown): Refusal {
  return new Refusal(
    exitCodes.homeserver,
    'The homeserver does not accept our registration: list registration.yaml under its app_service_config_files, restart it, and run `doctor` to see what differs.',
    error,
  );
}

/**
 * A homeserver that remembers a later start than the database knows means that the database is an older copy.
 * @returns when a backup was last restored, epoch ms: what happened before is looked for before it is done
 * @throws Refusal unless the operator said that a backup was restored
 */
export async function checkEra(
  store: { readonly era: Pick<Store['era'], 'read' | 'advance' | 'restoredAt' | 'markRestored'> },
  matrix: Pick<MatrixWing, 'era'>,
  afterRestore: boolean,
  log: Logger,
  now: number,
): Promise<number | undefined> {
  // Theirs first: another worker that starts now advances ours before theirs, and must not look like a restored backup.
  const theirs = await matrix.era.read();
  const ours = await store.era.read();
  if (ours < theirs && !afterRestore) {
    throw new Refusal(
      exitCodes.restored,
      'The database is older than what the homeserver remembers of this bridge: it looks like a restored backup. Start once with --after-restore, so that the bridge looks before it sends.',
    );
  }
  // Kept, and before the era moves: a start that dies here is asked again, and later starts and other workers look as well.
  if (afterRestore) await store.era.markRestored(now);
  await moveEra(store, matrix, theirs);
  if (afterRestore) log.warn({}, 'after a restored backup: every effect is looked for before it is made');
  return await store.era.restoredAt();
}

/** The database first: whoever sees the homeserver's memory sees no later era than the database's own. */
export async function moveEra(
  store: { readonly era: Pick<Store['era'], 'advance'> },
  matrix: Pick<MatrixWing, 'era'>,
  theirs = 0,
): Promise<void> {
  await matrix.era.write(await store.era.advance(theirs + 1));
}

/** Asks the homeserver to push what it holds back, until it can reach us. */
export async function awaitPing(matrix: MatrixWing, clock: Clock, log: Logger, stop: AbortSignal): Promise<void> {
  for (let wait = FIRST_WAIT_MS; !stop.aborted; wait = Math.min(LONGEST_PING_WAIT_MS, wait * 2)) {
    try {
      await matrix.ping();
      log.info({}, 'the homeserver reaches us');
      return;
    } catch (error) {
      log.warn({ error, ms: wait }, 'the homeserver does not reach us: check appservice.url, or run doctor');
    }
    // Being asked to stop ends the wait.
    await clock.sleep(wait, stop).catch(() => undefined);
  }
}

/** Sees whether the homeserver answers; when it is back, it is asked to push what it kept for us. */
export class HomeserverWatch {
  readonly #log: Logger;
  readonly #back: () => Promise<unknown>;
  #up = false;
  #wasDown = false;
  /** Something may have gone to sleep because it did not answer. */
  #mayWait = true;

  /** @param back at the first look, and whenever it answers again: what slept because it did not may go */
  constructor(log: Logger, back: () => Promise<unknown>) {
    this.#log = log;
    this.#back = back;
  }

  get up(): boolean {
    return this.#up;
  }

  async look(matrix: Pick<MatrixWing, 'reach' | 'ping'>): Promise<void> {
    const now = await matrix.reach();
    if (!now && this.#up) this.#log.warn({}, 'the homeserver does not answer');
    this.#up = now;
    if (!now) {
      this.#wasDown = true;
      this.#mayWait = true;
      return;
    }
    if (this.#mayWait) await this.#back();
    this.#mayWait = false;
    if (!this.#wasDown) return;
    await matrix.ping();
    this.#wasDown = false;
    this.#log.info({}, 'the homeserver is back');
  }
}
