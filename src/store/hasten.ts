// Wakes the lanes that sleep because a login's line or the homeserver was away, or until another lane got so far; knows no claims and
// no lines.
import { WAITS_FOR_HOMESERVER, WAITS_FOR_LINE } from '../model/errors.ts';
import { loginOwner, type LaneId, type PuppetId } from '../model/ids.ts';
import { escapeNul, guarded, type Db } from './db.ts';

/** Few lanes sleep, and only those are looked at; what is in somebody's hands is being tried anyhow. `$1` codes. */
function sqlFor(which: string): string {
  return `
update lane set ready_at = now() where id in (
  select l.id from lane l
  where l.pending > 0 and l.ready_at > now() and l.worker is null
    and exists (select 1 from entry e where e.lane = l.id and not e.parked and e.code ~ $1 and ${which})
  order by l.id for update of l skip locked
)`;
}

/** `$2` owner, `$3` the login as a delivery's text has it: no JSON of Postgres, which refuses what people may write. */
const FOR_LINE = sqlFor(`(
  l.owner = $2
  or exists (select 1 from entry_part p where p.entry = e.id and p.state = 'owed' and strpos(p.delivery, $3) > 0)
)`);
const FOR_HOMESERVER = sqlFor('true');
const LANE = 'update lane set ready_at = now() where id = $1 and pending > 0 and ready_at > now() and worker is null';

/** @returns how many lanes are due now */
export async function hasten(db: Db, back: PuppetId | 'homeserver' | { readonly lane: LaneId }): Promise<number> {
  const { rowCount } = await guarded('hasten', () => db.relaxed.query(queryFor(back)));
  return rowCount ?? 0;
}

function queryFor(back: PuppetId | 'homeserver' | { readonly lane: LaneId }) {
  if (back === 'homeserver') return { name: 'hasten-homeserver', text: FOR_HOMESERVER, values: [WAITS_FOR_HOMESERVER] };
  if (typeof back === 'object') return { name: 'hasten-lane', text: LANE, values: [escapeNul(back.lane)] };
  const login = `"puppet":${JSON.stringify(back)}`;
  return { name: 'hasten-line', text: FOR_LINE, values: [WAITS_FOR_LINE, loginOwner(back), login] };
}
