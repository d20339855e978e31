// What a room's timeline shows in the end: its messages with their edits and removals, as clients work it out; knows no bridge.
import type { Showing } from './checker.ts';
import type { ClientEvent } from './person.ts';

interface Draft {
  readonly by: string;
  readonly texts: string[];
  removed: boolean;
}

/** @param events a whole room, oldest first */
export function showingsOf(events: readonly ClientEvent[]): readonly Showing[] {
  const byEvent = new Map<string, Draft>();
  const shown: Draft[] = [];
  for (const event of events) {
    if (event.type === 'm.room.redaction') {
      // Older room versions name it beside the content, newer ones inside.
      const named = event.content['redacts'] ?? event.redacts;
      const target = typeof named === 'string' ? byEvent.get(named) : undefined;
      if (target !== undefined) target.removed = true;
      continue;
    }
    if (event.type !== 'm.room.message') continue;
    const { relates, body, fresh } = read(event);
    const edited = relates === undefined ? undefined : byEvent.get(relates);
    // Clients heed an edit by the author alone (spec, event replacements).
    if (relates !== undefined && edited?.by === event.sender) {
      if (fresh !== undefined) edited.texts.push(fresh);
      continue;
    }
    const removed = event.unsigned?.redacted_because !== undefined;
    const draft: Draft = { by: event.sender, texts: body === undefined ? [] : [body], removed };
    byEvent.set(event.event_id, draft);
    shown.push(draft);
  }
  return shown;
}

function read({ content }: ClientEvent): { relates?: string; body?: string; fresh?: string } {
  const relation = content['m.relates_to'] as { rel_type?: string; event_id?: string } | undefined;
  const { body } = content;
  const fresh = (content['m.new_content'] as { body?: unknown } | undefined)?.body;
  return {
    ...(relation?.rel_type === 'm.replace' && relation.event_id !== undefined ? { relates: relation.event_id } : {}),
    ...(typeof body === 'string' ? { body } : {}),
    ...(typeof fresh === 'string' ? { fresh } : {}),
  };
}
