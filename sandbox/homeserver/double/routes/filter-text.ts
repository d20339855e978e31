// A filter given as text in a query.
import { MatrixError } from '../json.ts';

/** @throws 400 when it is no JSON */
export function parseFilter(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new MatrixError(400, 'M_UNKNOWN', 'Invalid filter JSON');
  }
}
