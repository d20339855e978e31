// Asks WhatsApp whether and until when new chats are closed to the account, after a message was refused for it; keeps nothing itself.
import { FencedError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import type { Logger } from '../../ports/stores.ts';
import type { Line } from './line.ts';
import type { Standing } from './standing.ts';

/** The library asks only where it does not know the number of the refusal. @throws FencedError */
export async function learnLimit(line: Line, standing: Standing, log: Logger, puppet: PuppetId): Promise<void> {
  try {
    const lock = await line.whileOpen(line.socket.fetchAccountReachoutTimelock());
    await (lock.isActive ? standing.limit(lock.timeEnforcementEnds?.getTime()) : standing.free());
  } catch (error) {
    if (error instanceof FencedError) throw error;
    log.info({ puppet, error }, 'until when new chats are closed is not known');
    await standing.limit(undefined);
  }
}
