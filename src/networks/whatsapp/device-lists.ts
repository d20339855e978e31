// Who has which devices, as the library remembers it between two messages: for five minutes, until a message could not leave, or until
// somebody is said to have others. Knows no socket.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { handlesOf } from './jid.ts';

interface Kept {
  readonly value: unknown;
  readonly until: number;
}

/** As long as the library's own memory. */
const KEPT_MS = 5 * 60_000;
/** What was asked for before somebody's devices changed may be answered for so long, in ms: the library waits no longer. */
const ASKED_MS = 20_000;

/**
 * The library's memory of devices (its `userDevicesCache`). With a device in it that is no more, nothing leaves for anybody: the service
 * has no keys of it, and the library gives the whole message up (Baileys, signal.js:109).
 */
export class DeviceLists {
  readonly #kept = new Map<string, Kept>();
  /** Epoch ms until which what is said of somebody's devices may be older than their last change. */
  readonly #changing = new Map<string, number>();

  get<T>(user: string): T | undefined {
    const found = this.#kept.get(user);
    if (found === undefined || found.until > Date.now()) return found?.value as T | undefined;
    this.#kept.delete(user);
    return undefined;
  }

  set<T>(user: string, value: T): void {
    if ((this.#changing.get(user) ?? 0) > Date.now()) return;
    this.#changing.delete(user);
    this.#kept.set(user, { value, until: Date.now() + KEPT_MS });
  }

  del(user: string): void {
    this.#kept.delete(user);
  }

  /**
   * Somebody's devices are others than before. The notification names its sender in one way and often the other one beside it; the library
   * changes what it keeps under that one only, and messages go by either.
   */
  changed({ attrs: { from, lid, pn } }: BinaryNode): void {
    const handles = handlesOf(from, lid ?? pn) ?? {};
    const users = [handles.lid, handles.pn].flatMap((user) => user ?? []);
    for (const user of users) {
      this.#kept.delete(user);
      this.#changing.set(user, Date.now() + ASKED_MS);
    }
    if (users.length < 2) this.flushAll();
  }

  /** The next message asks anew. */
  flushAll(): void {
    this.#kept.clear();
  }
}
