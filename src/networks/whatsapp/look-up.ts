// Finds the chat of what a person types, within the day's measure, and keeps what was learnt on the way. Knows no session.
import type { NetworkSink, ResolvedChat } from '../../ports/network.ts';
import type { Clock } from '../../ports/stores.ts';
import type { Account } from './account.ts';
import type { Line } from './line.ts';
import { PACING_KEY } from './pacing.ts';
import type { PeopleDesk } from './people-desk.ts';
import { learntNews } from './learnt-news.ts';

export interface LookUpDoors {
  readonly scope: string;
  readonly people: PeopleDesk;
  readonly sink: Pick<NetworkSink, 'accept' | 'portalKey'>;
  readonly clock: Clock;
}

/** @throws the library's error, BridgeError (nobody there, or enough for today), FencedError */
export async function lookUp(
  line: Line,
  { directory, pacing }: Pick<Account, 'directory' | 'pacing'>,
  { scope, people, sink, clock }: LookUpDoors,
  identifier: string,
): Promise<ResolvedChat> {
  try {
    return await directory.resolve(line, identifier, () => pacing?.lookUp(clock.now()));
  } finally {
    // Also of a number that nobody has: WhatsApp was asked, and a restart does not make the day's measure new.
    const learnt = people.take(await people.book());
    const now = clock.now();
    const paced = pacing === undefined ? [] : [{ scope, key: PACING_KEY, value: pacing.pack(now) }];
    await sink.accept(learntNews(learnt, sink, now), [...learnt.changes, ...paced]);
    learnt.written();
  }
}
