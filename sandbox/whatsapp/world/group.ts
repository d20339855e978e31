// A group: who is in it, in which role, what it is called and what only admins may do. Knows no nodes and tells nobody.

import { randomBytes } from 'node:crypto';
import type { Addressing, GroupRole } from '../control-types.ts';
import type { Person, Picture } from './person.ts';

export interface Description {
  readonly id: string;
  readonly text: string;
  readonly by: Person;
  /** Seconds. */
  readonly t: number;
}

export interface JoinRequest {
  readonly person: Person;
  readonly t: number;
  readonly method: string;
}

export interface PersonalInvite {
  readonly code: string;
  /** Seconds. */
  readonly expiration: number;
  readonly admin: Person;
}

export interface GroupSpec {
  readonly addressing: Addressing;
  readonly creator: Person;
  readonly subject: string;
  /** Seconds. */
  readonly t: number;
  readonly version: string;
}

export class Group {
  /** Digits, without the server. */
  readonly id: string;
  /** WhatsApp takes groups from numbers to LIDs, one after the other. */
  addressing: Addressing;
  readonly creator: Person;
  /** Seconds. */
  readonly creation: number;
  readonly members = new Map<Person, GroupRole>();
  readonly requests = new Map<Person, JoinRequest>();
  subject: string;
  subjectBy: Person;
  subjectAt: number;
  description: Description | null = null;
  announce = false;
  locked = false;
  /** By the service: nobody writes in it. */
  suspended = false;
  /** Until when nobody comes in by the link, in seconds. */
  linkShut: string | null = null;
  /** Joining by link needs an admin. */
  approval = false;
  /** `all_member_add` or `admin_add`. */
  addMode = 'all_member_add';
  /** Seconds; 0: messages stay. */
  ephemeral = 0;
  picture: Picture | null = null;
  /** The community it belongs to. */
  parent: string | null = null;
  isCommunity = false;
  /** The group of a community in which it is told things; named and peopled like the community. */
  isDefault = false;
  invite: string;
  /** Who was invited by a message, and may come by what it holds. */
  readonly invited = new Map<Person, PersonalInvite>();
  /** Links that led here. */
  readonly formerInvites = new Set<string>();
  /** Names of what it was like at a change of its people, and of who may write. */
  peopleVersion: string;
  announceVersion: string;

  constructor(id: string, { addressing, creator, subject, t, version }: GroupSpec) {
    this.id = id;
    this.addressing = addressing;
    this.creator = creator;
    this.creation = t;
    this.subject = subject;
    this.subjectBy = creator;
    this.subjectAt = t;
    this.members.set(creator, 'superadmin');
    this.invite = Group.newInvite();
    this.peopleVersion = version;
    this.announceVersion = version;
  }

  static newInvite(): string {
    return randomBytes(16).toString('base64url');
  }

  get jid(): string {
    return `${this.id}@g.us`;
  }

  isAdmin(person: Person): boolean {
    const role = this.members.get(person);
    return role === 'admin' || role === 'superadmin';
  }
}
