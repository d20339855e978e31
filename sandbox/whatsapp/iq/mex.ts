// The graph queries that clients make (w:mex), by their numbers. Others are answered by an error and recorded.

import { wordsOf } from '../read-node.ts';
import { child, node, type BinaryNode } from '../wire/node.ts';
import { Unknown, type Ask } from './ask.ts';

/** Whether, and until when, an account may write only to whom it knows. */
const REACHOUT_TIMELOCK = '23983697327930364';
const NEW_CHAT_CAP = '24503548349331633';

const ANSWERS: Readonly<Record<string, (ask: Ask) => unknown>> = {
  [REACHOUT_TIMELOCK]: ({ person }) => ({
    xwa2_fetch_account_reachout_timelock: {
      is_active: person.state === 'restricted',
      time_enforcement_ends: person.state === 'restricted' ? String(Math.floor((person.ban?.until ?? 0) / 1000)) : '0',
      enforcement_type: person.state === 'restricted' ? 'BIZ_QUALITY' : 'DEFAULT',
    },
  }),
  [NEW_CHAT_CAP]: ({ person, server }) => ({
    xwa2_message_capping_info: {
      total_quota: String(server.options.newChatQuota),
      used_quota: String(person.newChats),
      cycle_start_timestamp: '0',
      cycle_end_timestamp: '0',
      ote_status: 'NOT_ELIGIBLE',
      mv_status: 'NOT_ELIGIBLE',
      capping_status: 'NONE',
      server_sent_timestamp: '0',
    },
  }),
};

export function mex(ask: Ask): readonly BinaryNode[] {
  const query = child(ask.iq, 'query');
  const id = query?.attrs['query_id'] ?? '';
  JSON.parse(wordsOf(query));
  const answer = Object.hasOwn(ANSWERS, id) ? ANSWERS[id] : undefined;
  if (answer === undefined) throw new Unknown(`of the graph: ${id}`);
  return [node('result', {}, Buffer.from(JSON.stringify({ data: answer(ask) }), 'utf8'))];
}
