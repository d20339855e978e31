// The queue's hot statements, by hand and named; the shapes they return are read in queue.ts.

/** An entry with its frozen parts, as columns. */
export const entrySql = `
  e.id, e.key, e.lane, e.v, e.payload, extract(epoch from e.received_at) * 1000 as received, e.attempts, e.late, e.told_slow,
  (select json_agg(json_build_object('part', p.part, 'delivery', p.delivery, 'state', p.state) order by p.part)
   from entry_part p where p.entry = e.id) as parts`;

/**
 * $1 worker, $2 lanes, $3 entries, $4 lease in ms, $5 lanes in hand. Free = unclaimed, or claimed by a worker without a live
 * heartbeat, or by this one without its knowing (the answer to its claim was lost), or by one that has lost the owner's lease
 * meanwhile (it may not even know that it holds the lane, and could not work it); an owned lane goes to its lease's holder,
 * an attempt's lane to anybody once its lease has no live holder.
 * The epoch is a random token, not a count: claims commit asynchronously, so a crash may take one back, and the next claim
 * would count up to the very number that the lost one still holds.
 */
export const claimSql = `
with alive as materialized (
  select incarnation from worker where beat_at > now() - make_interval(secs => $4::float8 / 1000)
),
due as (
  select l.id from lane l
  where l.pending > 0 and l.ready_at <= now()
    and exists (select 1 from alive a where a.incarnation = $1)
    and (
      l.worker is null
      or not exists (select 1 from alive a where a.incarnation = l.worker)
      or (l.worker = $1 and l.id <> all ($5::text[]))
      or (l.worker <> $1 and exists (select 1 from lease x where x.owner = l.owner and x.worker = $1))
    )
    and (
      l.owner is null
      or exists (select 1 from lease x where x.owner = l.owner and x.worker = $1)
      or (l.owner like 'attempt:%' and not exists (
        select 1 from lease x join alive a on a.incarnation = x.worker where x.owner = l.owner))
    )
  order by l.ready_at limit $2 for update of l skip locked
),
taken as (
  update lane set worker = $1, epoch = (random() * 9007199254740991)::bigint from due where lane.id = due.id
  returning lane.id as claimed, lane.epoch, lane.owner
)
select t.claimed, t.epoch, t.owner, q.* from taken t
left join lateral (
  select ${entrySql} from entry e where e.lane = t.claimed and not e.parked order by e.id limit $3
) q on true
order by t.claimed, q.id`;

/** $1 lane, $2 epoch, $3 after, $4 limit. No row at all: the lane is no longer held; a row of nulls: nothing more in it. */
export const moreSql = `
select q.* from lane l left join lateral (
  select ${entrySql} from entry e where e.lane = l.id and not e.parked and e.id > $3 order by e.id limit $4
) q on true
where l.id = $1 and l.epoch = $2 and l.worker is not null
order by q.id`;

/** $1 lane, $2 before (or null), $3 limit (or null). */
export const ofLaneSql = `
select ${entrySql} from entry e where e.lane = $1 and not e.parked and ($2::bigint is null or e.id < $2) order by e.id limit $3`;

/** $1 entry. */
export const partsSql = 'select part, delivery, state from entry_part where entry = $1 order by part';
