// How a change of the world is told: to the one listener, as events of the boxes it touched, and to whoever waits for a change.
// Knows no TL, no sockets, no faults.

import { Version } from '../../version.ts';
import type { BoxEvent, Copy } from './box.ts';
import type { Group, Post } from './groups.ts';
import type { Human } from './people.ts';

/** Something that moves no pts. */
export type Passing =
  | { readonly kind: 'reactions'; readonly copy: Copy }
  | { readonly kind: 'typing'; readonly from: bigint; readonly cancel: boolean }
  | { readonly kind: 'name' | 'photo'; readonly person: bigint };

export interface Listener {
  /** `origin` is whatever the caller gave as the doer: it need not be told. */
  boxEvent(owner: Human, event: BoxEvent, origin: unknown): void;
  passing(owner: Human, what: Passing): void;
  /** Somebody wrote in a channel or supergroup that `owner` is in. */
  post(owner: Human, group: Group, post: Post): void;
}

export class News extends Version implements Listener {
  #listener: Listener = { boxEvent: () => undefined, passing: () => undefined, post: () => undefined };

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  boxEvent(owner: Human, event: BoxEvent, origin: unknown): void {
    this.#listener.boxEvent(owner, event, origin);
  }

  passing(owner: Human, what: Passing): void {
    this.#listener.passing(owner, what);
  }

  post(owner: Human, group: Group, post: Post): void {
    this.#listener.post(owner, group, post);
  }
}
