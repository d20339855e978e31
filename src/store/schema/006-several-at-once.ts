// Step 6: what several logins bring at the same time is one statement and one commit, if all their leases hold.

/** @param writeVault its last part: writes the sealed values, which come in one order */
export function acceptEntries(writeVault: string): string {
  return `create or replace function accept_entries(
  p_keys text[], p_lanes text[], p_owners text[], p_payloads text[], p_late boolean[], p_v int, p_receipt text,
  p_scopes text[], p_vault_keys text[], p_values bytea[], p_leases text[], p_workers text[], p_epochs bigint[], p_me text, p_take boolean
) returns table (
  fresh_lane text, fresh_count int, taken boolean, in_hand boolean, entry_before bigint, lane_epoch bigint, lane_owner text, fresh_ids bigint[],
  fresh_keys text[], fresh_at double precision
) language plpgsql as $$
declare
  held int;
begin
  if cardinality(p_leases) > 0 then
    perform 1 from lease join unnest(p_leases, p_workers, p_epochs) as t (o, w, e) on owner = o and worker = w and epoch = e
      order by owner for share of lease;
    get diagnostics held = row_count;
    if held < cardinality(p_leases) then
      raise exception 'fenced' using errcode = 'PF001';
    end if;
  end if;
  if p_receipt is not null then
    insert into receipt (id) values (p_receipt) on conflict do nothing;
    if not found then
      return;
    end if;
  end if;
  if cardinality(p_keys) > 0 then
    insert into lane (id, owner)
      select distinct on (l) l, o from unnest(p_lanes, p_owners) as t (l, o) order by l
      on conflict (id) do update set owner = excluded.owner;
    return query
      with given as (
        select distinct on (k) k, l, p, late, ord
        from unnest(p_keys, p_lanes, p_payloads, p_late) with ordinality as t (k, l, p, late, ord) order by k, ord
      ),
      fresh as (insert into seen (key) select k from given order by k on conflict do nothing returning key),
      added as (
        insert into entry (key, lane, v, payload, late)
        select k, l, p_v, p, late from given where k in (select key from fresh) order by ord
        returning id, key, lane
      ),
      counted as (
        select a.lane as l, count(*)::int as n, array_agg(a.id order by a.id) as ids, array_agg(a.key order by a.id) as keys
        from added a group by a.lane
      ),
      before as (
        select x.id, x.worker = p_me as mine, x.last_entry,
          p_take and x.pending = 0 and x.worker is null and (
            x.owner is null or exists (select 1 from lease s where s.owner = x.owner and s.worker = p_me)
          ) as takes
        from lane x where x.id = any (p_lanes)
      )
      update lane set
        pending = pending + n,
        last_entry = ids[n],
        ready_at = case when pending = 0 then now() else ready_at end,
        worker = case when before.takes then p_me else worker end,
        epoch = case when before.takes then (random() * 9007199254740991)::bigint else epoch end
      from counted join before on before.id = counted.l where lane.id = counted.l
      returning lane.id, counted.n, before.takes, coalesce(before.mine, false), before.last_entry, lane.epoch, lane.owner, counted.ids,
        counted.keys, (extract(epoch from now()) * 1000)::double precision;
  end if;
${writeVault}end $$;
`;
}

export const severalAtOnce = `
drop function accept_entries(
  text[], text[], text[], text[], boolean[], int, text, text[], text[], bytea[], text, text, bigint, text, boolean
);

-- As before, but for leases, of which there may be several: all of them hold, or nothing is done. They are locked in one order.
${acceptEntries(`  if cardinality(p_scopes) > 0 then
    insert into vault (scope, key, sealed)
      select s, k, v from unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v) where v is not null
      on conflict (scope, key) do update set sealed = excluded.sealed;
    delete from vault using unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v)
      where vault.scope = s and vault.key = k and v is null;
  end if;
`)}`;
