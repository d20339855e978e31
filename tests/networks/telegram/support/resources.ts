// What keeps this process alive, counted, so that tests see what was left open; knows no network.
import { realClock } from './house.ts';

/** Kinds of which there are more than `before`, once they have stopped going away (within three seconds). */
export async function excessOver(before: Record<string, number>): Promise<string[]> {
  const excess = (): string[] =>
    Object.entries(resources())
      .filter(([kind, count]) => count > (before[kind] ?? 0))
      .map(([kind]) => kind);
  for (let look = 0; look < 60 && excess().length > 0; look += 1) await realClock.sleep(50);
  return excess();
}

/** What keeps the process alive, but for the control API's own connections. */
export function resources(): Record<string, number> {
  const count: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === 'Timeout' || kind === 'TCPSocketWrap') count[kind] = (count[kind] ?? 0) + 1;
  }
  return count;
}
