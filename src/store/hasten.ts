// Wakes the lanes that sleep because a login's line was away; knows no claims and no lines.
import { WAITS_FOR_LINE } from '../model/errors.ts';
import { loginOwner, type PuppetId } from '../model/ids.ts';
import { guarded, type Db } from './db.ts';

/**
 * $1 owner, $2 the login as a delivery's text has it (no JSON of Postgres: it refuses what people may write), $3 codes. Few lanes
 * sleep, and only those are looked at; what is in somebody's hands is being tried anyhow.
 */
const SQL = `
update lane set ready_at = now() where id in (
  select l.id from lane l
  where l.pending > 0 and l.ready_at > now() and l.worker is null
    and exists (
      select 1 from entry e where e.lane = l.id and not e.parked and e.code ~ $3 and (
        l.owner = $1
        or exists (
          select 1 from entry_part p where p.entry = e.id and p.state = 'owed' and strpos(p.delivery, $2) > 0
        )
      )
    )
  order by l.id for update of l skip locked
)`;

/** @returns how many lanes are due now */
export async function hasten(db: Db, puppet: PuppetId): Promise<number> {
  const values = [loginOwner(puppet), `"puppet":${JSON.stringify(puppet)}`, WAITS_FOR_LINE];
  const { rowCount } = await guarded('hasten', () => db.relaxed.query({ name: 'hasten', text: SQL, values }));
  return rowCount ?? 0;
}
