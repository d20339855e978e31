// A database as after some years: links by the million, and everything else in proportion. Knows the schema's tables.
import { Client } from 'pg';

export interface Size {
  readonly links: number;
}

/** Of each so many that a table which is read whole is told from one that is not. */
export function proportions({ links }: Size): Readonly<Record<'rooms' | 'people' | 'queued' | 'seen', number>> {
  return {
    rooms: Math.max(2000, links / 50),
    people: Math.max(2000, links / 100),
    queued: Math.max(10_000, links / 100),
    seen: Math.max(10_000, links / 5),
  };
}

/** Indexes are made afterwards, which is several times as fast. */
const LINK_INDEXES = `select indexname as name, indexdef as def from pg_indexes
  where tablename = 'message_link' and indexname <> 'message_link_pkey'`;

export async function fill(url: string, size: Size): Promise<void> {
  const { rooms, people, queued, seen } = proportions(size);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: indexes } = await client.query<{ name: string; def: string }>(LINK_INDEXES);
    for (const { name } of indexes) await client.query(`drop index ${name}`);
    const statements: readonly (readonly [string, number])[] = [
      [
        `insert into message_link
           select 'e' || n, 'pigeon/' || (n % ${rooms}), 'pigeon', case when n % 2 = 0 then 'p' || (n % 500) end, 'm' || n, 0, '$' || n,
             '!' || (n % ${rooms}) || ':hs', case when n % 3 = 0 then 'to-network' else 'to-matrix' end, '7', 1700000000000 + n
           from generate_series(1, $1) n`,
        size.links,
      ],
      [
        `insert into reaction_link select 'pigeon/' || (n % ${rooms}), 'm' || n, '7', '$r' || n, '👍' from generate_series(1, $1) n`,
        people,
      ],
      [
        `insert into portal (key, network, chat, receiver, room, kind, state)
           select 'pigeon/' || n, 'pigeon', n::text, 'p' || (n % 500), '!' || n || ':hs', 'direct', 'open' from generate_series(0, $1 - 1) n`,
        rooms,
      ],
      [
        `insert into ghost select 'pigeon', n::text, '@_pg_' || n || ':hs', 'x', null, 1, true from generate_series(1, $1) n`,
        people,
      ],
      [`insert into person select '@u' || n || ':hs', 'en', '!m' || n || ':hs' from generate_series(1, $1) n`, people],
      [
        `insert into puppet select 'p' || n, 'pigeon', '@u' || (n + 1) || ':hs', n::text, 'x', 'online', null from generate_series(0, $1) n`,
        499,
      ],
      [
        `insert into vault select 'login:p' || (n % 500), 'peer:' || n, '\\x01'::bytea from generate_series(1, $1) n`,
        people * 4,
      ],
      [`insert into seen select '$s' || n from generate_series(1, $1) n`, seen],
      [`insert into receipt select 't' || n from generate_series(1, $1) n`, Math.max(5000, seen / 4)],
      // A backlog that waits for its logins.
      [
        `insert into lane (id, pending, ready_at, last_entry)
           select 'q' || n, case when n % 2 = 0 then 2 else 0 end, now() + interval '1 hour', 0 from generate_series(0, $1) n`,
        queued,
      ],
      [
        `insert into entry (key, lane, v, payload, parked, code, say)
           select 'q' || n, 'q' || (n - n % 2), 1, '{"from":"matrix","event":{}}', n % 50 = 0, 'c', '{"key":"fault.internal"}'
           from generate_series(0, $1) n`,
        queued,
      ],
      [`insert into entry_part select id, 0, '{}', 'owed' from entry where id % 10 = 0 and $1::int > 0`, 1],
    ];
    for (const [text, count] of statements) await client.query(text, [count]);
    for (const { def } of indexes) await client.query(def);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
