// Tells our own double-puppet events from what people write: by the marker in the content, never by guessing.
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { FlowDoors } from '../doors.ts';

/**
 * A marker of ours on an event of that very effect is an echo. The same marker on ANOTHER event is a client's copy (a
 * forwarded message keeps unknown content keys): that one is a person's message.
 */
export async function isEcho(doors: Pick<FlowDoors, 'matrix' | 'links'>, event: MatrixEvent): Promise<boolean> {
  if (event.delivery === undefined) return false;
  const effect = doors.matrix.readMarker(event.room, event.delivery);
  if (effect === undefined) return false;
  const link = await doors.links.byEffect(effect);
  return link === undefined || link.event === event.event;
}
