// How often the house looks for what nobody tells of; knows not what for.
import type { FlowDoors } from './doors.ts';

/** Ms until the next look: the longer it has been waited for (since `since`, epoch ms), the rarer. */
export function nextLook(
  { clock }: Pick<FlowDoors, 'clock'>,
  since: number,
  [shortest, longest]: readonly [number, number],
): number {
  return Math.min(longest, Math.max(shortest, (clock.now() - since) / 2));
}
