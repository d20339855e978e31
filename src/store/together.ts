// Does what several ask for in one go: whatever waits while one commit is under way goes with the next. Knows no statement.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

export interface TogetherDoors<Ask, Answer> {
  /** Ms between the beginnings of two commits: under load more go together, a lone one does not wait. */
  readonly apartMs: number;
  readonly most: number;
  /** All or nothing, or a look. @returns an answer to each */
  readonly commit: (asks: readonly Ask[]) => Promise<readonly Answer[]>;
  /** Whether one of them is at fault: then each is done by itself, so that it fails alone. */
  readonly isOwnFault: (error: unknown) => boolean;
}

interface Waiting<Ask, Answer> {
  readonly ask: Ask;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class Together<Ask, Answer> {
  readonly #doors: TogetherDoors<Ask, Answer>;
  /** What is done together is done for nobody in particular, and so is what follows from it. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #waiting: Waiting<Ask, Answer>[] = [];
  #busy = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(doors: TogetherDoors<Ask, Answer>) {
    this.#doors = doors;
  }

  /** Resolves when its commit is there; in the order of asking. @throws as the commit does */
  async ask(ask: Ask): Promise<Answer> {
    return await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject });
      if (!this.#busy) this.#outside(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    const { apartMs, most } = this.#doors;
    this.#busy = true;
    // What is asked for in this same turn goes along.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const early = apartMs - (performance.now() - this.#last);
      if (early > 1) await sleep(early);
      this.#last = performance.now();
      await this.#do(this.#waiting.splice(0, most));
    }
    this.#busy = false;
  }

  async #do(batch: readonly Waiting<Ask, Answer>[]): Promise<void> {
    try {
      const answers = await this.#doors.commit(batch.map(({ ask }) => ask));
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      if (batch.length > 1 && this.#doors.isOwnFault(error)) for (const one of batch) await this.#do([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
