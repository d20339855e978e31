// Step 1: people, portals, links, rules, vault, and the queue in its kill-tested form. Never edited after a release.
export const initial = `
create table person (user_id text primary key, language text not null, management_room text);
create index person_room on person (management_room) where management_room is not null;

create table puppet (
  id text primary key, network text not null, owner text not null, self text not null, name text not null,
  state text not null, why text
);

create table ghost (
  network text not null, person text not null, user_id text not null unique, name text, avatar_hash text,
  profiled_at bigint, registered boolean not null default false, primary key (network, person)
);

create table portal (
  key text primary key, network text not null, chat text not null, receiver text, room text unique, kind text not null,
  name text, person text, state text not null, reader text, encrypted boolean not null default false,
  facts text not null default '[]', away boolean not null default false
);

create table message_link (
  effect text primary key, portal text not null, network text not null, receiver text, message text not null,
  part int not null, event text not null, room text not null, direction text not null, sender text not null,
  at bigint not null, edited_at bigint, removed boolean not null default false
);
create index message_link_event on message_link (event);
create index message_link_message on message_link (portal, message);
create index message_link_receiver on message_link (receiver, message) where receiver is not null;

create table rule (id text primary key, source text not null, body text not null, made_at timestamptz not null default now());

create table audit (id bigserial primary key, at timestamptz not null default now(), by text not null, what text not null);
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the audit is append-only';
end $$;
create trigger audit_append_only before update or delete on audit for each row execute function audit_is_append_only();
create trigger audit_no_truncate before truncate on audit for each statement execute function audit_is_append_only();

create table counter (name text primary key, value bigint not null);
insert into counter values ('rules', 0), ('era', 0);

create table vault (scope text not null, key text not null, sealed bytea not null, primary key (scope, key));

create table worker (
  slot text primary key, incarnation text not null unique, host text not null, pid int not null,
  beat_at timestamptz not null
);

create table lease (owner text primary key, worker text not null, epoch bigint not null);

create table seen (key text primary key, at timestamptz not null default now());
create index seen_at on seen (at);

create table receipt (id text primary key, at timestamptz not null default now());

create table lane (
  id text primary key, owner text, worker text, epoch bigint not null default 0, pending int not null default 0,
  ready_at timestamptz not null default now()
);
create index lane_due on lane (ready_at) where pending > 0;

create table entry (
  id bigserial primary key, key text not null unique, lane text not null, v int not null, payload text not null,
  received_at timestamptz not null default now(), attempts int not null default 0, late boolean not null default false,
  parked boolean not null default false, code text, say text, told_slow boolean not null default false
);
create index entry_lane on entry (lane, id) where not parked;
create index entry_parked on entry (id) where parked;

create table entry_part (
  entry bigint not null references entry (id) on delete cascade, part int not null, delivery text not null,
  state text not null, primary key (entry, part)
);

-- One round trip and one commit: the fence, the receipt, the lanes in sorted order (the lane row is the lane's lock, so ids
-- are in commit order within a lane), what was never seen before, and the network's cursor.
create function accept_entries(
  p_keys text[], p_lanes text[], p_owners text[], p_payloads text[], p_late boolean[], p_v int, p_receipt text,
  p_scopes text[], p_vault_keys text[], p_values bytea[], p_owner text, p_worker text, p_epoch bigint
) returns table (fresh_lane text, fresh_count int) language plpgsql as $$
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
      returning lane
    ),
    counted as (select a.lane as l, count(*)::int as n from added a group by a.lane)
    update lane set pending = pending + n, ready_at = case when pending = 0 then now() else ready_at end
      from counted where lane.id = counted.l returning lane.id, counted.n;
  insert into vault (scope, key, sealed)
    select s, k, v from unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v) where v is not null
    on conflict (scope, key) do update set sealed = excluded.sealed;
  delete from vault using unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v)
    where vault.scope = s and vault.key = k and v is null;
end $$;
`;
