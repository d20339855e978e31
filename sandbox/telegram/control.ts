// The control API: a person's hand on the simulated world, over HTTP on loopback. It knows the server, not the wire.
//
// How it is spoken: ../control-server.ts. Shapes: control-types.ts.
//
// | command | takes | answers |
// | --- | --- | --- |
// | createPerson | PersonSpec | Person |
// | changePerson | id, any of firstName, lastName, username, photo, password ('' removes it) | Person; tells chat partners |
// | person | id, phone or username | Person or null |
// | addContact | owner, person, firstName, lastName? | null; a private name |
// | sentCode | phone | the last login code or null |
// | acceptLogin | account, token (base64url of the QR) | null |
// | createKey | account | dc, address, key (base64): a login without its dialogue |
// | setAccountState | account, state ok, banned, deactivated | null; not ok ends its logins |
// | write | from, to, text, kind?, entities?, replyTo?, randomId? | the message as `from` sees it |
// | createGroup | kind group, supergroup or channel, title, members | Group |
// | writeIn | from, group, text | the id of the message |
// | edit, remove | by, id(s) in the numbering of `by` | the message; how many went |
// | react | by, id in the numbering of `by`, emoji or null | null |
// | type, read | from, to; by, with, maxId (0 is all) | null |
// | messages, chats | viewer (, with, after?) | what that account has, deleted ones included |
// | sessions, calls, clearCalls, stats | account; method?, account? | what clients are connected, what they called |
// | version, waitChange | version, timeout (ms) | the world's version, at once or after the next change |
// | options | any of SandboxOptions | all of them |
// | dropPushes | account, count or "all" | the next updates are never sent |
// | spoilPushes | account, how, count | the next updates come with an unknown constructor, or twice as the same packet |
// | holdPackets | account, hold | packets wait, and go as one when hold ends |
// | delayAnswers | ms, method?, account?, times? | answers wait; 0 ends it |
// | failNext | method, code, message, account?, times? | answered without being executed |
// | loseReplies | method, account?, times?, kill? | executed and not answered; kill cuts the sockets too |
// | killSockets | account?, forget? | connections are reset; forget: the account's sessions are new afterwards |
// | revoke | account, error?, kill? | logins end: 401 from now on; kill cuts their sockets too |
// | forgetKeys | account | transport error -404 from now on |
// | rotateSalts | account? | bad_server_salt at the next message |
// | refuseConnections | ms | new connections are reset; 0 ends it |
// | clearFaults | | all faults are over, options stay |
//
// `GET /tape` → one JSON line (../tape.ts, TextLine) for each text that comes in or goes out, until the caller hangs up.

import { serveControl, type CommandTable, type ControlServer, type Stream } from '../control-server.ts';
import { playTape } from '../tape.ts';
import { faultsCommands } from './control/faults.ts';
import { looksCommands } from './control/looks.ts';
import { peopleCommands } from './control/people.ts';
import { talkCommands } from './control/talk.ts';
import type { ControlCommands } from './control-types.ts';
import type { TelegramServer } from './server.ts';

function commandsOf(server: TelegramServer): CommandTable<ControlCommands> {
  return {
    ...peopleCommands(server),
    ...talkCommands(server),
    ...looksCommands(server),
    ...faultsCommands(server),
  };
}

/** Serves the control API on 127.0.0.1; port 0 takes any. */
export async function serveTelegram(server: TelegramServer, port: number): Promise<ControlServer> {
  const tape: Stream = (response) => playTape(server.tape, response);
  return await serveControl<ControlCommands>(commandsOf(server), port, { tape });
}
