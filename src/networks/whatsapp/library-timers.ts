// The library's timers, by the socket whose they are: it leaves some of them behind when it ends. Knows no stanza and no login.
import { AsyncLocalStorage } from 'node:async_hooks';

type Timer = NodeJS.Timeout;
type Make = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => Timer;
type Clear = (timer?: unknown) => void;

/** Whose timers are taken: never those of our own code, or of another package, that runs within a call of the library. */
const LIBRARY = /[\\/]node_modules[\\/]@whiskeysockets[\\/]baileys[\\/]/;

const owners = new AsyncLocalStorage<LibraryTimers>();
const owned = new WeakMap<object, LibraryTimers>();
let watching = false;

/** One per socket. */
export class LibraryTimers {
  readonly #timers = new Set<Timer>();
  #closed = false;

  /** What is begun in here, and all that comes of it, is this socket's. */
  run<T>(work: () => T): T {
    watch();
    return owners.run(this, work);
  }

  /** No timer of this socket is left, and a later one keeps no process alive. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  take(timer: Timer): Timer {
    if (this.#closed) return timer.unref();
    this.#timers.add(timer);
    owned.set(timer, this);
    return timer;
  }

  drop(timer: Timer): void {
    this.#timers.delete(timer);
  }
}

/** The library takes its timers from the process: there is no other place to learn of them. */
function watch(): void {
  if (watching) return;
  watching = true;
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  replace('setTimeout', (...given) => {
    const owner = ownerOf();
    if (owner === undefined) return (setTimeout as Make)(...given);
    const [callback, ms, ...args] = given;
    const timer: Timer = (setTimeout as Make)(
      (...values) => {
        owner.drop(timer);
        callback(...values);
      },
      ms,
      ...args,
    );
    return owner.take(timer);
  });
  replace('setInterval', (...given) => {
    const timer = (setInterval as Make)(...given);
    return ownerOf()?.take(timer) ?? timer;
  });
  replace('clearTimeout', dropping(clearTimeout as Clear));
  replace('clearInterval', dropping(clearInterval as Clear));
}

function dropping(clear: Clear): Clear {
  return (timer) => {
    if (typeof timer === 'object' && timer !== null) owned.get(timer)?.drop(timer as Timer);
    clear(timer);
  };
}

function replace(name: 'setTimeout' | 'setInterval', by: Make): void;
function replace(name: 'clearTimeout' | 'clearInterval', by: Clear): void;
function replace(name: 'setTimeout' | 'setInterval' | 'clearTimeout' | 'clearInterval', by: Make | Clear): void {
  // What else hangs on it (its promise form) stays what it was.
  const { length: _length, name: _name, ...rest } = Object.getOwnPropertyDescriptors(globalThis[name]);
  Object.assign(globalThis, { [name]: Object.defineProperties(by, rest) });
}

/** The socket that the caller of the caller works for, when that is the library. */
function ownerOf(): LibraryTimers | undefined {
  const owner = owners.getStore();
  if (owner === undefined) return undefined;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 3;
  const { stack = '' } = new Error('who calls');
  Error.stackTraceLimit = stackTraceLimit;
  // The first two lines are this file's.
  return LIBRARY.test(stack.split('\n')[3] ?? '') ? owner : undefined;
}
