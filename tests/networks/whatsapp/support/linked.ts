// A person's account, linked by scanning the code and online; knows no test.
import type { Person, WhatsAppSandbox } from '../../../../sandbox/whatsapp/control-client.ts';
import type { UserId } from '../../../../src/model/ids.ts';
import type { Puppet } from '../../../../src/model/records.ts';
import type { NetworkAdapter, NetworkSession } from '../../../../src/ports/network.ts';
import type { House } from '../../../support/house.ts';

export interface Linked {
  readonly puppet: Puppet;
  readonly session: NetworkSession;
}

interface Linking {
  readonly adapter: NetworkAdapter;
  readonly house: House;
  readonly owner: UserId;
  readonly me: Pick<Person, 'id'>;
}

/** Linked, and not online. */
export async function paired(sandbox: WhatsAppSandbox, { adapter, house, owner, me }: Linking): Promise<Puppet> {
  const process = adapter.beginLogin('qr', owner);
  for await (const step of process.steps) {
    if (step.kind === 'show') await sandbox.scanQr(me.id, step.data);
    if (step.kind === 'failed') throw step.error;
    if (step.kind !== 'done') continue;
    await process.cancel();
    const { puppet: id, self, name, vault } = step.login;
    await house.keep(vault);
    return { id, network: adapter.id, owner, self, name, state: 'online' };
  }
  throw new Error('not linked');
}

export async function linked(sandbox: WhatsAppSandbox, linking: Linking): Promise<Linked> {
  const puppet = await paired(sandbox, linking);
  const session = linking.adapter.openSession(puppet, linking.house.sink(puppet));
  await session.connect();
  return { puppet, session };
}
