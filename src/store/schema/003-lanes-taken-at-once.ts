// Step 3: a lane that was empty goes to whoever accepts into it, in the same commit, so that nobody has to look for it.
export const lanesTakenAtOnce = `
alter table lane add column last_entry bigint not null default 0;

drop function accept_entries(text[], text[], text[], text[], boolean[], int, text, text[], text[], bytea[], text, text, bigint);

-- One round trip and one commit: the fence, the receipt, the lanes in sorted order (the lane row is the lane's lock, so ids
-- are in commit order within a lane), what was never seen before, and the network's cursor. p_me is the worker that asks; with
-- p_take it takes the lanes that were empty and free and may be its own. The epoch is a random token, as when claiming. last_entry
-- is the newest entry that a lane ever got: whoever knows the one before has missed nothing.
create function accept_entries(
  p_keys text[], p_lanes text[], p_owners text[], p_payloads text[], p_late boolean[], p_v int, p_receipt text,
  p_scopes text[], p_vault_keys text[], p_values bytea[], p_owner text, p_worker text, p_epoch bigint, p_me text, p_take boolean
) returns table (
  fresh_lane text, fresh_count int, taken boolean, in_hand boolean, entry_before bigint, lane_epoch bigint, lane_owner text, fresh_ids bigint[],
  fresh_keys text[], fresh_at double precision
) language plpgsql as $$
begin
  if p_owner is not null then
    perform 1 from lease where owner = p_owner and worker = p_worker and epoch = p_epoch for share;
    if not found then
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
  if cardinality(p_scopes) > 0 then
    insert into vault (scope, key, sealed)
      select s, k, v from unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v) where v is not null
      on conflict (scope, key) do update set sealed = excluded.sealed;
    delete from vault using unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v)
      where vault.scope = s and vault.key = k and v is null;
  end if;
end $$;
`;
