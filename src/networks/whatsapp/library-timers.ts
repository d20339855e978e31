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
  const watchedTimeout: Make = (...given) => {
    const owner = ownerOf(watchedTimeout);
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
  };
  const watchedInterval: Make = (...given) => {
    const timer = (setInterval as Make)(...given);
    return ownerOf(watchedInterval)?.take(timer) ?? timer;
  };
  replace('setTimeout', watchedTimeout);
  replace('setInterval', watchedInterval);
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

/**
 * The socket that whoever called `made` works for, when that is the library. Only this one line of the stack is asked for: others make
 * timers within the library's calls all the time.
 */
function ownerOf(made: Make): LibraryTimers | undefined {
  const owner = owners.getStore();
  if (owner === undefined) return undefined;
  const { stackTraceLimit } = Error;
  const caller = { stack: '' };
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(caller, made);
  Error.stackTraceLimit = stackTraceLimit;
  return LIBRARY.test(caller.stack) ? owner : undefined;
}
