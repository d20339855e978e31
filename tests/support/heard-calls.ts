// Hears which of its ports' functions a house calls, and changes nothing about them.
import type { Wrap } from './flow-world.ts';

export function hearing(called: (name: string | symbol) => void): Wrap {
  return (port) =>
    new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          called(name);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
}
