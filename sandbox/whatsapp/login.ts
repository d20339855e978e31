// Clients that come with an account: are they who they say (the Noise key they were linked with), may they come in, and whom
// do they replace. Knows connections and devices, no messages.

import type { WhatsAppServer } from './server.ts';
import type { WireConnection, WireEars } from './wire/connection.ts';
import { node } from './wire/node.ts';
import type { Device } from './world/device.ts';
import type { Person } from './world/person.ts';

/** Attributes of a `failure` stanza, as clients read them. */
type Failure = Readonly<Record<string, string>>;

/** Why an account may not come in at all; null: it may. As whatsmeow reads them: 406 banned, 402 with its code and seconds for a time. */
export function banOf(server: WhatsAppServer, person: Person): Failure | null {
  if (person.state === 'banned') return { reason: '406', location: 'sandbox' };
  if (person.state !== 'temp-banned') return null;
  const { code, until } = person.ban ?? { code: 101, until: 0 };
  const left = Math.max(0, Math.ceil((until - server.world.clock.now()) / 1000));
  return left > 0 ? { reason: '402', code: String(code), expire: String(left), location: 'sandbox' } : null;
}

function refusal(server: WhatsAppServer, connection: WireConnection, device: Device | undefined): Failure | null {
  if (device === undefined || device.noise === null || !Buffer.from(device.noise).equals(connection.clientKey)) {
    return { reason: '401', location: 'sandbox' };
  }
  const { person } = device;
  const ordered = server.faults.loginFailure(person.lid, device.id);
  return ordered ?? banOf(server, person);
}

/** A live line to a real client's device. */
export class Session {
  readonly connection: WireConnection;
  readonly device: Device;

  constructor(connection: WireConnection, device: Device) {
    this.connection = connection;
    this.device = device;
  }
}

/** A client says which device it is. */
export function login(server: WhatsAppServer, connection: WireConnection): WireEars {
  const { payload } = connection;
  const person = server.world.byPhone(String(payload.username ?? ''));
  const device = person?.devices.get(payload.device ?? 0);
  const why = refusal(server, connection, device);
  if (why !== null || device === undefined) {
    connection.send(node('failure', why ?? { reason: '401' }));
    connection.close();
    server.logins.push({ device: device?.name ?? null, outcome: why?.['reason'] ?? '401', at: Date.now() });
    server.world.version.touch();
    return { heard: () => undefined, gone: () => undefined };
  }
  const session = new Session(connection, device);
  server.enter(session, payload.passive !== false);
  return {
    heard: (stanza) => server.guard(() => server.receive(device, stanza, session)),
    gone: () => server.leave(session),
  };
}
