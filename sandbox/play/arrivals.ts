// Waits until what was written on a telephone is at a person's own Matrix client, and prints it as it stands there. It must not
// know who types, nor the bridge.
import type { FarPerson } from './far.ts';
import { InVain, type MatrixPerson, type SeenEvent } from './person.ts';
import { PATIENCE_MS, textOf } from './score.ts';
import type { View } from './watch.ts';

export interface Sent {
  readonly contact: FarPerson;
  /** By the person who is at the client, on their own telephone; else by the contact. */
  readonly own: boolean;
  /** As it was typed; of a deletion, what is deleted. */
  readonly text: string;
  /** What it does to something that was sent before. */
  readonly change?: { readonly how: 'edited' | 'deleted'; readonly of: Crossing };
}

/** Something on its way to a client. */
export interface Crossing extends Sent {
  readonly me: MatrixPerson;
  readonly began: number;
  /** What the client had seen before: only what comes later can be it. */
  readonly seen: number;
  readonly invites: ReadonlySet<string>;
  /** What it is in Matrix, once it has been seen. */
  event: SeenEvent | undefined;
}

export interface Arriving {
  readonly view: View;
  /** All on every network, by whose names rooms are told apart. */
  readonly contacts: readonly FarPerson[];
  /** Where to look when something does not arrive. */
  readonly log: string;
  readonly patience?: number;
}

export class Arrivals {
  readonly #plan: Arriving;
  readonly #patience: number;
  /** In the order in which they were sent: of two that are the same, the first to arrive is the first. */
  readonly #pending: Crossing[] = [];
  readonly #claimed = new Set<string>();
  /** Rooms that a client here is about to join. */
  readonly #joining = new Map<string, Promise<boolean>>();
  #over = false;

  constructor(plan: Arriving) {
    this.#plan = plan;
    this.#patience = plan.patience ?? PATIENCE_MS;
  }

  /** To be called before it is written. */
  begin(me: MatrixPerson, sent: Sent): Crossing {
    const invites = new Set(me.invites);
    return { ...sent, me, began: Date.now(), seen: me.seen.length, invites, event: undefined };
  }

  /** Prints that it has arrived, or waits behind an invitation, or has not arrived. @returns false when it has not */
  async follow(crossing: Crossing): Promise<boolean> {
    this.#pending.push(crossing);
    try {
      await this.#wait(crossing);
      return true;
    } catch (error) {
      this.#tell(() => this.#plan.view.page.line(this.#trouble(crossing, error)));
      return false;
    } finally {
      this.#pending.splice(this.#pending.indexOf(crossing), 1);
    }
  }

  /** Prints nothing any more. */
  close(): void {
    this.#over = true;
  }

  async #wait(crossing: Crossing): Promise<void> {
    const { me, contact } = crossing;
    const { page, speak } = this.#plan.view;
    const first = await me.waitFor(() => this.#look(crossing) ?? this.#inviteOf(crossing), this.#patience);
    if (typeof first !== 'string') await this.#print(crossing, first);
    else if (await this.#enter(me, first)) {
      await this.#print(crossing, await me.waitFor(() => this.#look(crossing), this.#patience));
    } else this.#tell(() => page.aside(speak('waits', { person: me.name, contact: contact.name })));
  }

  #look(crossing: Crossing): SeenEvent | undefined {
    for (const one of this.#pending) this.#match(one);
    return crossing.event;
  }

  #match(crossing: Crossing): void {
    if (crossing.event !== undefined) return;
    // It may have been behind an invitation that was accepted since.
    if (crossing.change !== undefined) this.#match(crossing.change.of);
    const { me, seen } = crossing;
    crossing.event = me.seen.slice(seen).find((one) => !this.#claimed.has(one.id) && this.#is(one, crossing));
    if (crossing.event !== undefined) this.#claimed.add(crossing.event.id);
  }

  #is(event: SeenEvent, { me, contact, own, text, change }: Crossing): boolean {
    const mine = event.sender === me.account.userId;
    if (mine !== own) return false;
    const target = change?.of.event?.id;
    if (change?.how === 'deleted') return target !== undefined && event.redacts === target;
    const shown = textOf(event);
    if (shown === undefined || bare(shown) !== bare(text)) return false;
    const replaced = replacedBy(event);
    return change === undefined
      ? replaced === undefined && this.#belongs(me, event.room, contact) !== 'no'
      : replaced !== undefined && replaced === target;
  }

  /** A room that is new and has no name may be anybody's; so may one whose person has named it. */
  #belongs(me: MatrixPerson, room: string, contact: FarPerson): 'yes' | 'no' | 'perhaps' {
    const name = me.roomName(room);
    if (name?.includes(contact.name) === true) return 'yes';
    return this.#plan.contacts.some((one) => name?.includes(one.name) === true) ? 'no' : 'perhaps';
  }

  #inviteOf({ me, invites, contact }: Crossing): string | undefined {
    return me.invites.find((room) => {
      if (me.roomName(room) === undefined) return !invites.has(room);
      return this.#belongs(me, room, contact) === 'yes';
    });
  }

  /** @returns whether the client here is in the room; an invitation is left to who has a client of their own */
  async #enter(me: MatrixPerson, room: string): Promise<boolean> {
    const entering = this.#joining.get(room) ?? this.#join(me, room).finally(() => this.#joining.delete(room));
    this.#joining.set(room, entering);
    return await entering;
  }

  async #join(me: MatrixPerson, room: string): Promise<boolean> {
    if (await me.elsewhere()) return false;
    await me.join(room);
    const { page, speak } = this.#plan.view;
    this.#tell(() => page.aside(speak('invited', { person: me.name })));
    return true;
  }

  async #print({ me, began, change }: Crossing, event: SeenEvent): Promise<void> {
    const { page, speak } = this.#plan.view;
    const ms = Date.now() - began;
    const name = await me.nameOf(event.sender);
    const how = change && speak(change.how);
    this.#tell(() => {
      if (change?.how === 'deleted') page.arrives('Matrix', name, `[${how}]`, ms);
      else page.arrives('Matrix', name, textOf(event) ?? '', ms, how);
    });
  }

  #trouble({ me, text }: Crossing, error: unknown): string {
    if (!(error instanceof InVain)) return error instanceof Error ? error.message : String(error);
    const { view, log } = this.#plan;
    return view.speak('not-arrived', { text, person: me.name, seconds: Math.round(this.#patience / 1000), log });
  }

  #tell(show: () => void): void {
    if (!this.#over) this.#plan.view.tell(show);
  }
}

function replacedBy({ content }: SeenEvent): unknown {
  const relation = content['m.relates_to'] as Readonly<Record<string, unknown>> | undefined;
  return relation?.['rel_type'] === 'm.replace' ? relation['event_id'] : undefined;
}

/** Without what one network writes as marks and another shows as bold. */
function bare(text: string): string {
  return text.replaceAll(/[*_~`>\s]/g, '') || text;
}
