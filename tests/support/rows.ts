// A database with something in every table, in text that is hard to carry; knows the schema's tables and nothing else.

/** What a database of step 001 may hold. */
export const firstRows = `
insert into person values ('@a:s', 'fr', '!m'), ('@b:s', 'en', null);
insert into puppet values ('p', 'pigeon', '@a:s', '42', E'n\\\\ "q" \\n\\t é 🕊', 'online', null);
insert into ghost values ('pigeon', '7', '@_pg_7:s', null, 'h', 1700000000123, true);
insert into portal (key, network, chat, room, kind, state) values ('pigeon/1', 'pigeon', '1', '!r', 'group', 'open');
insert into message_link
  select 'e' || n, 'pigeon/1', 'pigeon', null, 'm' || n, 0, '$' || n, '!r', 'to-matrix', '7', 1700000000000 + n
  from generate_series(1, 1000) n;
insert into rule (id, source, body) values ('r', 'file', '{"a":1}');
insert into audit (by, what) values ('file', 'first'), ('@a:s', '');
update counter set value = 41 where name = 'era';
insert into vault values ('s', 'k', '\\x00ff10'), ('s', 'empty', '');
insert into worker (slot, incarnation, host, pid, beat_at) values ('w', 'w#1', 'h', 1, now());
insert into lease (owner, worker, epoch) values ('login:p', 'w#1', 9);
insert into seen (key, at) values ('k1', '2026-01-02 03:04:05.678901+00'), ('k2', now());
insert into receipt (id) values ('t');
insert into lane (id, owner, epoch, pending) values ('n:x', 'login:p', 3, 1);
insert into entry (key, lane, v, payload) values ('k2', 'n:x', 1, '{"from":"matrix","event":"\\u0000"}');
insert into entry_part values (1, 0, '{}', 'owed');
`;

/** What step 002 adds. */
export const secondRows = `
insert into reaction_link values ('pigeon/1', 'm1', '7', '$r', '🕊️');
`;

/** What only steps 002 to 004 hold. */
export const formerRows = `
insert into message_alias values ('p', '5', 'm1');
`;
