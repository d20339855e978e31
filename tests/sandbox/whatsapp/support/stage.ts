// A simulated WhatsApp for one test file, with clients that are ended after each test and the check that every stanza was known.

import { afterAll, afterEach, beforeAll, expect, jest } from '@jest/globals';
import { WhatsAppSandbox, type Person, type PersonSpec } from '../../../../sandbox/whatsapp/control-client.ts';
import { PlainClient } from './plain-client.ts';

export interface Stage {
  readonly sandbox: WhatsAppSandbox;
  /** A client that is not linked yet. */
  client(): PlainClient;
  /** A person with a client linked to the phone and logged in. */
  linked(spec?: Partial<PersonSpec>): Promise<{ person: Person; client: PlainClient }>;
}

/** To be called once at the top of a test file. */
export function makeStage(): Stage {
  let sandbox: WhatsAppSandbox | null = null;
  const open: PlainClient[] = [];
  const stage: Stage = {
    get sandbox() {
      if (sandbox === null) throw new Error('not before the tests');
      return sandbox;
    },
    client() {
      const made = new PlainClient(stage.sandbox);
      open.push(made);
      return made;
    },
    async linked(spec = {}) {
      const person = await stage.sandbox.createPerson({ name: 'Anna', ...spec });
      const client = stage.client();
      await client.pair(person);
      return { person, client };
    },
  };
  beforeAll(async () => {
    // The Signal library of the client prints its sessions, keys and all.
    for (const level of ['info', 'warn', 'error'] as const) jest.spyOn(console, level).mockReturnValue();
    sandbox = await WhatsAppSandbox.start();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
    await stage.sandbox.command('clearFaults', {});
    expect(await stage.sandbox.command('unknown', {})).toEqual([]);
  });
  afterAll(async () => {
    await sandbox?.stop();
    jest.restoreAllMocks();
  });
  return stage;
}
