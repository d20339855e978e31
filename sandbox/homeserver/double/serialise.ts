// Turns stored events into what clients and appservices read; it must not know rules or HTTP.
import type { Json } from './json.ts';
import type { Requester } from './requester.ts';
import type { StoredEvent } from './world.ts';

export interface Reader {
  readonly userId: string;
  readonly deviceId: string | undefined;
}

/** The form of /sync: everything but the room id. */
export function forSync(event: StoredEvent, reader: Reader | Requester | undefined, now = Date.now()): Json {
  const unsigned: Json = { age: Math.max(0, now - event.ts) };
  if (event.replaces !== undefined) {
    unsigned['replaces_state'] = event.replaces.eventId;
    unsigned['prev_content'] = event.replaces.content;
    unsigned['prev_sender'] = event.replaces.sender;
  }
  if (event.redactedBy !== undefined) {
    unsigned['redacted_by'] = event.redactedBy.eventId;
    unsigned['redacted_because'] = forClient(event.redactedBy, reader, now);
  }
  const { txn } = event;
  if (txn?.deviceId !== undefined && txn.userId === reader?.userId && txn.deviceId === reader.deviceId) {
    unsigned['transaction_id'] = txn.txnId;
  }
  return {
    type: event.type,
    sender: event.sender,
    content: event.content,
    ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
    ...(event.redacts === undefined ? {} : { redacts: event.redacts }),
    event_id: event.eventId,
    origin_server_ts: event.ts,
    unsigned,
  };
}

// Synapse still copies these to the top level outside /sync (format_event_for_client_v1).
const LIFTED = ['age', 'redacted_because', 'replaces_state', 'prev_content', 'invite_room_state'];

/** The form of /messages, /event, /state and of appservice transactions. */
export function forClient(event: StoredEvent, reader: Reader | Requester | undefined, now = Date.now()): Json {
  const body = forSync(event, reader, now);
  const unsigned = body['unsigned'] as Json;
  body['room_id'] = event.roomId;
  body['user_id'] = event.sender;
  for (const key of LIFTED) if (key in unsigned) body[key] = unsigned[key];
  return body;
}

/** As an appservice gets it: an invitation carries what the invited may see of the room. */
export function forAppservice(event: StoredEvent, now = Date.now()): Json {
  const body = forClient(event, undefined, now);
  if (event.strippedState !== undefined) {
    (body['unsigned'] as Json)['invite_room_state'] = event.strippedState;
    body['invite_room_state'] = event.strippedState;
  }
  return body;
}
