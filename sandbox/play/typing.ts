// What the newcomer does on the telephones, said on the page and looked for on the other side. It must not know how they type it.
import { Arrivals, type Crossing, type Sent } from './arrivals.ts';
import type { Far, FarPerson } from './far.ts';
import type { Newcomer, Stage } from './stage.ts';
import type { View, Watch } from './watch.ts';

export type Network = 'telegram' | 'whatsapp';

/** Whom the newcomer plays, and to whom. */
export interface Part {
  readonly network: Network;
  readonly contact: FarPerson;
  readonly to: Newcomer;
}

/** The contact's last message, by its name on their telephone. */
interface Last {
  readonly id: string;
  readonly crossing: Crossing;
}

export class Typing {
  readonly #stage: Stage;
  readonly #view: View;
  readonly #watch: Watch;
  readonly #arrivals: Arrivals;
  /** Whether each has arrived, or will have. */
  readonly #crossings: Promise<boolean>[] = [];
  #last: Last | undefined;

  constructor(stage: Stage, view: View, watch: Watch) {
    this.#stage = stage;
    this.#view = view;
    this.#watch = watch;
    const contacts = [...stage.telegram.contacts, ...stage.whatsapp.contacts];
    this.#arrivals = new Arrivals({ view, contacts, log: stage.files.log });
  }

  /** Somebody else is played, or written to. */
  forget(): void {
    this.#last = undefined;
  }

  /** Once nothing is crossing any more: whether everything has arrived. */
  async arrived(): Promise<boolean> {
    return (await Promise.all(this.#crossings)).every(Boolean);
  }

  close(): void {
    this.#arrivals.close();
  }

  async write(part: Part, text: string): Promise<void> {
    const sent = { contact: part.contact, own: false, text };
    this.#last = await this.#cross(part, sent, async (far, self) => (await far.write(part.contact, self, text)).id);
  }

  async edit(part: Part, text: string): Promise<void> {
    const last = this.#last;
    if (last === undefined || text === '') {
      this.#view.page.line(this.#view.speak('nothing'));
      return;
    }
    const sent = { contact: part.contact, own: false, text, change: { how: 'edited', of: last.crossing } } as const;
    await this.#cross(part, sent, async (far, self) => await far.edit(part.contact, self, last.id, text));
  }

  async undo(part: Part): Promise<void> {
    const last = this.#last;
    if (last === undefined) {
      this.#view.page.line(this.#view.speak('nothing'));
      return;
    }
    this.#last = undefined;
    const { text } = last.crossing;
    const sent = { contact: part.contact, own: false, text, change: { how: 'deleted', of: last.crossing } } as const;
    await this.#cross(part, sent, async (far, self) => await far.remove(part.contact, self, last.id));
  }

  async phone(part: Part, text: string): Promise<void> {
    if (text === '') return;
    const { network, contact, to } = part;
    const typed = { network, contact, person: to[network], text, began: Date.now() };
    await this.#cross(part, { contact, own: true, text }, async (far, self) => {
      this.#watch.expect(typed);
      await far.write(self, contact, text);
    });
    await this.#watch.arrived(typed);
  }

  async #cross<T>(
    { network, contact, to }: Part,
    sent: Sent,
    act: (far: Far, self: FarPerson) => Promise<T>,
  ): Promise<{ readonly id: T; readonly crossing: Crossing }> {
    const { far } = this.#stage[network];
    const self = to[network];
    const { page, speak } = this.#view;
    // A terminal shows the line that was typed by itself.
    if (!process.stdin.isTTY) {
      const who = sent.own ? `${self.firstName} 📱 → ${contact.firstName}` : `${contact.firstName} → ${self.firstName}`;
      page.says(far.title, who, shown(sent, speak));
    }
    const signedIn = await far.signedIn(self);
    const crossing = this.#arrivals.begin(to.matrix, sent);
    const id = await act(far, self);
    if (signedIn) this.#crossings.push(this.#arrivals.follow(crossing));
    else {
      const command = speak(`sign-in-${network}`);
      page.line(speak('not-signed-in', { person: to.matrix.name, network: far.title, command }));
      this.#crossings.push(Promise.resolve(false));
    }
    return { id, crossing };
  }
}

function shown({ text, change }: Sent, speak: View['speak']): string {
  if (change === undefined) return text;
  return change.how === 'deleted' ? `[${speak('deleted')}]` : `${text} [${speak('edited')}]`;
}
