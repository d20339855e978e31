// The client API's paths, gathered from routes/ by kind of request; it must not know sockets.
import { MatrixError } from './json.ts';
import { routes as media } from './routes/media.ts';
import { routes as people } from './routes/people.ts';
import { routes as reading } from './routes/reading.ts';
import { routes as rooms } from './routes/rooms.ts';
import type { Route } from './routes/route.ts';
import { routes as session } from './routes/session.ts';
import { routes as sync } from './routes/sync.ts';
import { routes as writing } from './routes/writing.ts';

const ROUTES: readonly Route[] = [session, sync, rooms, writing, reading, people, media].flatMap(({ all }) => all);

/** The route of a path, 405 when only the verb is wrong, 404 M_UNRECOGNIZED when there is none. */
export function route(method: string, path: string): { readonly route: Route; readonly parts: readonly string[] } {
  let known = false;
  for (const candidate of ROUTES) {
    const match = candidate.path.exec(path);
    if (match === null) continue;
    known = true;
    if (candidate.method === method) return { route: candidate, parts: match.slice(1).map(decodeURIComponent) };
  }
  throw new MatrixError(known ? 405 : 404, 'M_UNRECOGNIZED', 'Unrecognized request');
}
