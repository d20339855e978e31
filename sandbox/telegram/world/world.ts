// The world as it is, as a whole: people, and what they write to each other. Knows no TL, no sockets, no faults.

import { Messages } from './messages.ts';
import { News } from './news.ts';
import { People } from './people.ts';

export class World {
  readonly news = new News();
  readonly people: People;
  readonly messages: Messages;

  /** The data centres where people can be at home; the first is the default. */
  constructor(homes: readonly number[]) {
    this.people = new People(homes, this.news);
    this.messages = new Messages(this.people, this.news);
  }
}
