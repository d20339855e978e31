// The world as it is, as a whole: people, what they write to each other, and groups. Knows no TL, no sockets, no faults.

import { Groups } from './groups.ts';
import { Messages } from './messages.ts';
import { News } from './news.ts';
import { People } from './people.ts';

export class World {
  readonly news = new News();
  readonly people: People;
  readonly messages: Messages;
  readonly groups: Groups;

  /** The data centres where people can be at home; the first is the default. */
  constructor(homes: readonly number[]) {
    this.people = new People(homes, this.news);
    this.messages = new Messages(this.people, this.news);
    this.groups = new Groups(this.people, this.messages, this.news);
  }
}
