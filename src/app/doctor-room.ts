// Doctor's trial room: made by the bot, seen by nobody, left at once; shows what the homeserver does to rooms and sends of ours.
import { randomBytes } from 'node:crypto';
import type { Answer, Call, Finding } from './doctor-doors.ts';
import { field } from './doctor-homeserver.ts';

/** More than Synapse's default burst of 10. */
const SENDS = 16;

export async function checkScratchRoom(call: Call, user: string): Promise<readonly Finding[]> {
  const made = await call({
    method: 'POST',
    path: '/_matrix/client/v3/createRoom',
    token: 'bridge',
    user,
    body: { preset: 'private_chat', name: 'Passerelle doctor', creation_content: { 'm.federate': false } },
  });
  const room = made.kind === 'answer' ? field(made.body, 'room_id') : undefined;
  if (isLimited(made)) return [limited];
  if (typeof room !== 'string') {
    const why = made.kind === 'answer' ? `status ${made.status}, ${String(field(made.body, 'errcode'))}` : made.code;
    const todo = 'let the bot make rooms: look for a module or a rule of the homeserver that forbids it';
    return [{ check: 'rooms', state: 'fail', seen: `the bot could not make a room (${why})`, todo }];
  }
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
  const encryption = await call({ method: 'GET', path: `${path}/state/m.room.encryption`, token: 'bridge', user });
  const rates = await checkRates(call, user, path);
  await call({ method: 'POST', path: `${path}/leave`, token: 'bridge', user, body: {} });
  await call({ method: 'POST', path: `${path}/forget`, token: 'bridge', user, body: {} });
  return [checkEncryption(encryption), rates];
}

function checkEncryption(answer: Answer): Finding {
  const check = 'encryption';
  if (answer.kind === 'answer' && answer.status === 200) {
    const todo =
      'exempt the bridge from encryption_enabled_by_default_for_room_type: it cannot read encrypted rooms yet';
    return { check, state: 'fail', seen: 'the homeserver encrypts every new room', todo };
  }
  return { check, state: 'ok', seen: 'new rooms are as the bridge asks for them' };
}

async function checkRates(call: Call, user: string, path: string): Promise<Finding> {
  const run = randomBytes(6).toString('hex');
  for (let sent = 0; sent < SENDS; sent += 1) {
    const answer = await call({
      method: 'PUT',
      path: `${path}/send/m.room.message/doctor-${run}-${sent}`,
      token: 'bridge',
      user,
      body: { msgtype: 'm.notice', body: 'trial' },
    });
    if (isLimited(answer)) return limited;
  }
  return { check: 'rate limits', state: 'ok', seen: 'the homeserver does not slow the bridge down' };
}

function isLimited(answer: Answer): boolean {
  return answer.kind === 'answer' && answer.status === 429;
}

const limited: Finding = {
  check: 'rate limits',
  state: 'fail',
  seen: 'the homeserver slows the bridge down (429)',
  todo: 'give it the present registration (rate_limited: false) and restart it; look for limits in the proxy before it',
};
