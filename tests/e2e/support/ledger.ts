// What was said in a conversation, and the judgement by both worlds that nothing is lost, doubled or out of order; asks no bridge.
import type { Canaries } from './canaries.ts';
import type { Conversation } from './logins.ts';
import type { Person } from './person.ts';

/** What the network has of the person, and the homeserver of the contact. */
export interface Ends {
  readonly there: readonly string[];
  readonly here: readonly string[];
}

export class Ledger {
  readonly conversation: Conversation;
  readonly #person: Person;
  readonly #canaries: Canaries;
  /** What the person and the contact said, once their own side has taken it. */
  readonly said: string[] = [];
  readonly heard: string[];

  private constructor(person: Person, canaries: Canaries, conversation: Conversation, first: readonly string[]) {
    this.#person = person;
    this.#canaries = canaries;
    this.conversation = conversation;
    this.heard = [...first];
  }

  /** What the contact said before counts as heard. */
  static async open(person: Person, canaries: Canaries, conversation: Conversation): Promise<Ledger> {
    return new Ledger(person, canaries, conversation, await conversation.here());
  }

  async speak(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const text = this.#canaries.text(`to ${this.conversation.name} ${this.said.length}`);
      await this.#person.say(this.conversation.room, text);
      this.said.push(text);
    }
  }

  async hear(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const text = this.#canaries.text(`from ${this.conversation.name} ${this.heard.length}`);
      await this.conversation.write(text);
      this.heard.push(text);
    }
  }

  /** Both ends as they are now, once everything that was said has arrived; a last word on each side closes what came before. */
  async settled(timeoutMs = 120_000): Promise<Ends> {
    await Promise.all([this.speak(1), this.hear(1)]);
    const { said, heard, conversation } = this;
    let late: unknown;
    try {
      await this.#person.until(
        `everything in ${conversation.name}`,
        async () => {
          // The whole conversation is read only once its last word is there: read at every word, it would cost more than the talk.
          if (!this.#person.sees(conversation.room, heard.at(-1) ?? '')) return false;
          const there = new Set(await conversation.there());
          if (said.some((text) => !there.has(text))) return false;
          const here = new Set(await conversation.here());
          return heard.every((text) => here.has(text));
        },
        timeoutMs,
      );
    } catch (error) {
      late = error;
    }
    const [there, here] = await Promise.all([conversation.there(), conversation.here()]);
    // What is missing says more than that something is.
    if (late !== undefined && (there.length === 0 || here.length === 0)) throw late;
    return { there, here };
  }

  /** Both ends as they should be. */
  expected(): Ends {
    return { there: this.said, here: this.heard };
  }
}
