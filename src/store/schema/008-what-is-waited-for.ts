// Step 8: what a login's person was told to wait for outlives the line that said so, until they are told that it is over.
export const whatIsWaitedFor = `
alter table puppet add column waits text not null default '[]';
update puppet set waits = json_build_array(json_build_object('state', state, 'why', why::json, 'since', 0))::text
  where state in ('online', 'stopped') and why is not null;
`;
