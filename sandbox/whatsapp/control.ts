// The control API: a person's hand on the simulated world, over HTTP on loopback. It knows the tables of commands, not the wire.
//
// How it is spoken: ../control-server.ts. What each command takes and answers stands in control-types.ts, what it does in
// control/.
//
// `GET /tape` → one JSON line (../tape.ts, TextLine) for each text that comes in or goes out, until the caller hangs up.

import { serveControl, type ControlServer, type Stream } from '../control-server.ts';
import { playTape } from '../tape.ts';
import type { Commands, Desk } from './control/commands.ts';
import { faultCommands } from './control/faults.ts';
import { groupCommands } from './control/groups.ts';
import { lookCommands } from './control/looks.ts';
import { peopleCommands } from './control/people.ts';
import { talkCommands } from './control/talk.ts';
import type { ControlCommand, ControlCommands } from './control-types.ts';
import { Hands } from './hands.ts';
import type { WhatsAppServer } from './server.ts';

function commandsOf(server: WhatsAppServer): Commands<ControlCommand> {
  const desk: Desk = { server, hands: new Hands(server) };
  return {
    ...peopleCommands(desk),
    ...groupCommands(desk),
    ...talkCommands(desk),
    ...lookCommands(desk),
    ...faultCommands(desk),
  };
}

/** Serves the control API on 127.0.0.1; port 0 takes any. */
export async function serveWhatsApp(server: WhatsAppServer, port: number): Promise<ControlServer> {
  const tape: Stream = (response) => playTape(server.tape, response);
  return await serveControl<ControlCommands>(commandsOf(server), port, { tape });
}
