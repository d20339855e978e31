// What an answer to an iq has at hand, and the form of the answers. Knows no single request.

import type { WhatsAppServer } from '../server.ts';
import type { BinaryNode } from '../wire/node.ts';
import type { Device } from '../world/device.ts';
import type { Person } from '../world/person.ts';
import type { World } from '../world/world.ts';

export interface Ask {
  readonly server: WhatsAppServer;
  readonly world: World;
  readonly device: Device;
  readonly person: Person;
  readonly iq: BinaryNode;
}

/** Nobody here knows this request: it is recorded and refused. */
export class Unknown extends Error {
  override readonly name = 'Unknown';
}

/** The children of the result; nothing: an empty result. Throws Refusal, Unknown. */
export type Answer = (ask: Ask) => readonly BinaryNode[] | undefined;
