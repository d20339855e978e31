// Step 9: sealed values that are written and taken away together are so in one order, so that two who do so do not each wait for the other.
import { acceptEntries } from './006-several-at-once.ts';

export const oneOrder = acceptEntries(`  if cardinality(p_scopes) > 0 and array_position(p_values, null) is null then
    insert into vault (scope, key, sealed)
      select s, k, v from unnest(p_scopes, p_vault_keys, p_values) as t (s, k, v)
      on conflict (scope, key) do update set sealed = excluded.sealed;
  else
    for i in 1 .. cardinality(p_scopes) loop
      if p_values[i] is null then
        delete from vault where scope = p_scopes[i] and key = p_vault_keys[i];
      else
        insert into vault (scope, key, sealed) values (p_scopes[i], p_vault_keys[i], p_values[i])
          on conflict (scope, key) do update set sealed = excluded.sealed;
      end if;
    end loop;
  end if;
`);
