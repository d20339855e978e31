// Who has which devices, as the library remembers it between two messages: for five minutes, or until a message could not leave.
// Knows no socket.

interface Kept {
  readonly value: unknown;
  readonly until: number;
}

/** As long as the library's own memory. */
const KEPT_MS = 5 * 60_000;

/**
 * The library's memory of devices (its `userDevicesCache`). With a device in it that is no more, nothing leaves for anybody: the service
 * has no keys of it, and the library gives the whole message up (Baileys, signal.js:109).
 */
export class DeviceLists {
  readonly #kept = new Map<string, Kept>();

  get<T>(user: string): T | undefined {
    const found = this.#kept.get(user);
    if (found === undefined || found.until > Date.now()) return found?.value as T | undefined;
    this.#kept.delete(user);
    return undefined;
  }

  set<T>(user: string, value: T): void {
    this.#kept.set(user, { value, until: Date.now() + KEPT_MS });
  }

  del(user: string): void {
    this.#kept.delete(user);
  }

  /** The next message asks anew. */
  flushAll(): void {
    this.#kept.clear();
  }
}
