// The simulated devices: whose phone and companions are played here, and how each comes to be. Knows Signal parties and the
// world's devices, no stanzas.

import { countersign, signCompanion } from './adv.ts';
import type { KeyPair } from './curve.ts';
import type { WhatsAppServer } from './server.ts';
import { SignalDevice } from './signal/device.ts';
import { SimDevice } from './sim/sim-device.ts';
import { Device, type Keys } from './world/device.ts';
import { MAX_COMPANIONS, type Person } from './world/person.ts';

function keysOf(signal: SignalDevice): Keys {
  const { registrationId, identityKey, signedPreKey } = signal.bundle('none');
  return {
    identity: identityKey,
    registration: registrationId,
    signed: signedPreKey,
    prekeys: [],
    more: () => signal.bundle().preKey,
  };
}

export class Cast {
  readonly #server: WhatsAppServer;
  readonly #sims = new Map<Device, SimDevice>();

  constructor(server: WhatsAppServer) {
    this.#server = server;
  }

  /** The player of a device. Throws when a real client sits there. */
  of(device: Device): SimDevice {
    const sim = this.#sims.get(device);
    if (sim === undefined) throw new Error(`the device ${device.name} is not simulated`);
    return sim;
  }

  phoneKeys(person: Person): KeyPair {
    return this.of(person.phoneDevice).signal.identity.keyPair;
  }

  /** The person's phone; a second one takes the first one's place, with new keys. */
  addPhone(person: Person): SimDevice {
    const signal = new SignalDevice();
    // What was set before was sealed with keys that are gone.
    person.appState.clear();
    const sim = this.#add(person, signal, {
      id: 0,
      keyIndex: 0,
      simulated: true,
      keys: keysOf(signal),
      noise: null,
      identity: null,
      platform: 'android',
    });
    sim.settings.publishName();
    return sim;
  }

  addCompanion(person: Person): SimDevice {
    if (person.companions.length >= MAX_COMPANIONS) throw new Error('this phone has linked as many devices as it may');
    const signal = new SignalDevice();
    const { keyPair } = signal.identity;
    const keyIndex = person.nextKeyIndex++;
    const timestamp = this.#server.world.clock.seconds();
    const signed = signCompanion(this.phoneKeys(person), keyPair.publicKey, {
      rawId: person.rawId,
      keyIndex,
      timestamp,
    });
    return this.#add(person, signal, {
      id: person.nextDevice++,
      keyIndex,
      simulated: true,
      keys: keysOf(signal),
      noise: null,
      identity: countersign(signed, keyPair),
      platform: 'chrome',
    });
  }

  #add(person: Person, signal: SignalDevice, spec: ConstructorParameters<typeof Device>[1]): SimDevice {
    const device = new Device(person, spec, this.#server.newMailbox(person, spec.id));
    const sim = new SimDevice(this.#server, device, signal);
    this.#sims.set(device, sim);
    person.devices.set(spec.id, device);
    device.mailbox.attach(sim, false);
    this.#server.world.version.touch();
    return sim;
  }

  /** There or away; whatever comes meanwhile waits. */
  setOnline(device: Device, online: boolean): void {
    if (online) device.mailbox.attach(this.of(device), false);
    else device.mailbox.detach();
    this.#server.world.version.touch();
  }

  remove(device: Device): void {
    this.#sims.delete(device);
  }
}
