// What may be told of an error: its class, its code and where it happened; never its message, which may quote anything.
import { types } from 'node:util';

export interface SafeError {
  readonly class: string;
  readonly code?: string;
  readonly at?: readonly string[];
  readonly cause?: SafeError;
}

const FRAMES = 12;
const DEEPEST_CAUSE = 3;
const FRAME =
  /^ {4}at (?:(?:async )?(?:new )?[\w.$<>#[\] ]{1,120} \()?(?:node:|file:\/\/|\/|[A-Z]:\\)[^()\s]{1,300}:\d+:\d+\)?$/;

export function safeError(error: unknown, depth = 0): SafeError {
  if (!isError(error)) return { class: `thrown ${typeof error}` };
  const code = codeOf(error);
  const at = framesOf(error);
  return {
    class: /^[A-Za-z]\w{0,47}$/.test(error.name) ? error.name : 'Error',
    ...(code === undefined ? {} : { code }),
    ...(at.length === 0 ? {} : { at }),
    ...(error.cause === undefined || depth >= DEEPEST_CAUSE ? {} : { cause: safeError(error.cause, depth + 1) }),
  };
}

/** For what is expected to fail now and then, and where the code says all there is to know. */
export function withoutStacks({ class: name, code, cause }: SafeError): SafeError {
  return {
    class: name,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: withoutStacks(cause) }),
  };
}

/** Also one that was made in another realm of the same process. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function codeOf(error: Error): string | undefined {
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return String(code);
  return typeof code === 'string' && /^[A-Za-z0-9_.-]{1,48}$/.test(code) ? code : undefined;
}

/** The stack begins with the message, which may itself look like frames: it is cut off by its length, not by its form. */
function framesOf(error: Error): readonly string[] {
  const stack = error.stack ?? '';
  const end = error.message === '' ? 0 : stack.indexOf(error.message) + error.message.length;
  if (error.message !== '' && !stack.includes(error.message)) return [];
  return stack
    .slice(end)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, FRAMES)
    .map((line) => line.trim().replace(/^at /, ''));
}
