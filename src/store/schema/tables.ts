// The tables as kysely sees them; the SQL that makes them is in the numbered files beside this one.
import type { Generated } from 'kysely';

export interface Tables {
  person: { user_id: string; language: string; management_room: string | null };
  puppet: {
    id: string;
    network: string;
    owner: string;
    self: string;
    name: string;
    state: string;
    why: string | null;
    /** A list of `Wait`. */
    waits: Generated<string>;
  };
  ghost: {
    network: string;
    person: string;
    user_id: string;
    name: string | null;
    avatar_hash: string | null;
    profiled_at: string | null;
    registered: boolean;
  };
  portal: {
    key: string;
    network: string;
    chat: string;
    receiver: string | null;
    room: string | null;
    kind: string;
    name: string | null;
    person: string | null;
    state: string;
    reader: string | null;
    encrypted: boolean;
    facts: string;
    away: boolean;
    into_chat: string | null;
  };
  message_link: {
    effect: string;
    portal: string;
    network: string;
    receiver: string | null;
    message: string;
    part: number;
    event: string;
    room: string;
    direction: string;
    sender: string;
    at: string;
    edited_at: string | null;
    removed: boolean;
  };
  reaction_link: { portal: string; message: string; person: string; event: string; emoji: string };
  rule: { id: string; source: string; body: string; made_at: Generated<Date> };
  audit: { id: Generated<string>; at: Generated<Date>; by: string; what: string };
  counter: { name: string; value: string };
}
