// Step 4: a chat that turned out to be another one leads to it, and every worker hears at once which portal has changed.
export const chatsThatAreOne = `
alter table portal add column into_chat text;

-- Heard at commit by whoever remembers portals. A notice has less than 8000 bytes: of a key that is longer than any should be,
-- it is said that something has changed.
create function tell_portal() returns trigger language plpgsql as $$
begin
  perform pg_notify('passerelle_portal', case when octet_length(new.key) < 7000 then new.key else '' end);
  return null;
end $$;
create trigger portal_changed after update on portal for each row execute function tell_portal();

-- p_from leads to p_to, whose chat is p_chat, and gives it its room where that has none: see PortalStore.join. Both rows are locked
-- in one order, whoever joins them the other way round at the same time.
create function join_chats(p_from text, p_to text, p_chat text) returns boolean language plpgsql as $$
declare
  f portal;
  t portal;
begin
  perform 1 from portal where key in (p_from, p_to) order by key for update;
  select * into f from portal where key = p_from;
  select * into t from portal where key = p_to;
  if f.key is null or t.key is null or t.into_chat is not null or (f.room is not null and t.room is not null) then
    return false;
  end if;
  if f.into_chat is null and f.facts <> '[]' then
    -- A rule about either is a rule about both. Lists of texts, as text: people's names may hold what Postgres takes for no JSON.
    update portal set facts = case when t.facts = '[]' then f.facts else left(t.facts, -1) || ',' || substr(f.facts, 2) end
      where key = p_to;
  end if;
  update portal set into_chat = p_chat, room = null, away = false, encrypted = false where key = p_from;
  if f.room is not null then
    update portal set room = f.room, away = f.away, encrypted = f.encrypted where key = p_to;
    update message_link set portal = p_to where portal = p_from and room = f.room;
    update reaction_link r set portal = p_to where portal = p_from and not exists (
      select 1 from reaction_link x where x.portal = p_to and x.message = r.message and x.person = r.person);
  end if;
  return true;
end $$;
`;
