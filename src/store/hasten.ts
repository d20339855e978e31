// Wakes the lanes that sleep because a login's line or the homeserver was away; knows no claims and no lines.
import { WAITS_FOR_HOMESERVER, WAITS_FOR_LINE } from '../model/errors.ts';
import { loginOwner, type PuppetId } from '../model/ids.ts';
import { guarded, type Db } from './db.ts';

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

/** @returns how many lanes are due now */
export async function hasten(db: Db, back: PuppetId | 'homeserver'): Promise<number> {
  const query =
    back === 'homeserver'
      ? { name: 'hasten-homeserver', text: FOR_HOMESERVER, values: [WAITS_FOR_HOMESERVER] }
      : {
          name: 'hasten-line',
          text: FOR_LINE,
          values: [WAITS_FOR_LINE, loginOwner(back), `"puppet":${JSON.stringify(back)}`],
        };
  const { rowCount } = await guarded('hasten', () => db.relaxed.query(query));
  return rowCount ?? 0;
}
