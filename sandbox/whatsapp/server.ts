// The simulated service as a whole: who is connected, where stanzas go, what is kept. Knows the wire, the world, the faults
// and the players of the simulated devices; what single stanzas mean is told elsewhere.

import { signKeyIndexList } from './adv.ts';
import { Cast } from './cast.ts';
import type { LoginRecord, SandboxOptions } from './control-types.ts';
import { Faults } from './faults.ts';
import { Session, login } from './login.ts';
import { devicesChanged, prekeysLow } from './notices.ts';
import { Pairing } from './pairing.ts';
import { setAvailable } from './presence.ts';
import { Records } from './records.ts';
import type { PreKeyBundle } from './signal/identity.ts';
import { greetCompanion } from './sim/phone.ts';
import { take } from './stanzas.ts';
import { WebHost } from './web/host.ts';
import { PICTURE_HOST, PicturePages } from './web/pictures.ts';
import { TextTape } from './text-tape.ts';
import { ServerIdentity } from './wire/certificate.ts';
import type { WireConnection } from './wire/connection.ts';
import { WireListener } from './wire/listener.ts';
import { node, type BinaryNode } from './wire/node.ts';
import { Device, type DeviceSpec } from './world/device.ts';
import { Mailbox } from './world/mailbox.ts';
import type { Person } from './world/person.ts';
import { World } from './world/world.ts';

export const DEFAULT_OPTIONS: SandboxOptions = {
  groupAddressing: 'lid',
  historySync: true,
  newChatQuota: 1_000,
  phoneLimitDays: 14,
};

const LOW_PREKEYS = 10;

export class WhatsAppServer {
  readonly identity: ServerIdentity;
  readonly world = new World();
  readonly faults = new Faults();
  readonly records = new Records();
  readonly tape = new TextTape();
  readonly cast = new Cast(this);
  readonly pairing = new Pairing(this);
  readonly pictures = new PicturePages(this.world);
  readonly logins: LoginRecord[] = [];
  options: SandboxOptions = DEFAULT_OPTIONS;
  readonly #log: (text: string) => void;
  readonly #sessions = new Map<Device, Session>();
  readonly #devices = new WeakMap<WireConnection, Device>();
  /** Companions whose phone has not greeted them yet. */
  readonly #fresh = new Set<Device>();
  #listener: WireListener | null = null;
  #web: WebHost | null = null;
  #refusing: NodeJS.Timeout | null = null;

  constructor(log: (text: string) => void, seed?: string) {
    this.#log = log;
    this.identity = new ServerIdentity(seed);
  }

  /** Opens the listener on a port of 127.0.0.1, and the web hosts on another; 0 takes any. */
  async listen(port = 0): Promise<void> {
    this.#web = await WebHost.open(new Map([[PICTURE_HOST, (url) => this.pictures.at(url)]]));
    this.#listener = await WireListener.open({
      identity: this.identity,
      port,
      log: this.#log,
      connected: (connection) => {
        if (connection.payload.devicePairingData) return this.pairing.greet(connection);
        return login(this, connection);
      },
      judge: (connection, stanza) => {
        this.records.note('out', this.#devices.get(connection) ?? null, stanza, this.now());
        return 'send';
      },
    });
    this.tape.attach(this.#listener.tape);
  }

  get listener(): WireListener {
    if (this.#listener === null) throw new Error('nobody listens yet');
    return this.#listener;
  }

  get web(): WebHost {
    if (this.#web === null) throw new Error('nobody listens yet');
    return this.#web;
  }

  async close(): Promise<void> {
    await this.#web?.close();
    if (this.#refusing !== null) clearTimeout(this.#refusing);
    await this.#listener?.close();
  }

  now(): number {
    return Date.now();
  }

  log(text: string): void {
    this.#log(text);
  }

  /** Runs what a stanza sets off: a fault of ours is told, and never ends the process or the client's connection. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#log(text);
      this.records.noteUnknown(null, node('failed'), text);
      this.world.version.touch();
    }
  }

  /** A mailbox whose deliveries go through the ordered faults. */
  newMailbox(person: Person, device: number): Mailbox {
    return new Mailbox(
      ({ tag }) => this.faults.onDelivery(person.lid, device, tag),
      () => this.world.version.touch(),
      () => this.world.stanzaId(),
    );
  }

  /** Straight to a device that is there: answers and acks, which nobody keeps. */
  send(device: Device, stanza: BinaryNode): void {
    if (device.simulated) device.mailbox.add(stanza);
    else this.#sessions.get(device)?.connection.send(stanza);
  }

  sessionOf(device: Device): Session | undefined {
    return this.#sessions.get(device);
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  /** A client has proved which device it is; whoever was there as the same device is told to go. */
  enter(session: Session, passive: boolean): void {
    const { device, connection } = session;
    const { person } = device;
    const before = this.#sessions.get(device);
    if (before !== undefined) {
      device.mailbox.detach();
      this.#sessions.delete(device);
      before.connection.send(node('stream:error', {}, [node('conflict', { type: 'replaced' })]));
      before.connection.close();
    }
    this.#sessions.set(device, session);
    this.#devices.set(connection, device);
    this.logins.push({ device: device.name, outcome: 'ok', at: this.now() });
    connection.send(
      node('success', {
        t: String(this.world.clock.seconds()),
        location: 'sandbox',
        lid: device.jid('lid'),
        creation: String(this.world.clock.seconds()),
        display_name: person.name,
      }),
    );
    if (!passive) this.activate(device);
    this.world.version.touch();
  }

  /** The client wants its mail. */
  activate(device: Device): void {
    const session = this.#sessions.get(device);
    if (session === undefined || device.mailbox.open) return;
    if (this.#fresh.delete(device) && this.options.historySync) {
      greetCompanion(this.cast.of(device.person.phoneDevice), device);
    }
    // After the answer to the request that set this off.
    setImmediate(() => {
      if (this.#sessions.get(device) !== session || device.mailbox.open) return;
      device.mailbox.attach({ send: (stanza) => session.connection.send(stanza) }, true);
      this.world.version.touch();
    });
  }

  leave(session: Session): void {
    const { device } = session;
    if (this.#sessions.get(device) !== session) return;
    this.#sessions.delete(device);
    device.mailbox.detach();
    device.available = false;
    device.watching.clear();
    setAvailable(
      this,
      device.person,
      [...device.person.devices.values()].some((one) => one.available),
    );
    this.world.version.touch();
  }

  /** New connections are cut for so many milliseconds; 0 ends it. */
  refuse(ms: number): void {
    if (this.#refusing !== null) clearTimeout(this.#refusing);
    this.listener.accepting = ms <= 0;
    this.#refusing = ms <= 0 ? null : setTimeout(() => this.refuse(0), ms);
  }

  /** Cuts the connection of a device, as a network that breaks. */
  kill(device: Device): boolean {
    const session = this.#sessions.get(device);
    session?.connection.destroy();
    return session !== undefined;
  }

  /** Ends the session without a word. */
  hangUp(device: Device): void {
    this.#sessions.get(device)?.connection.close();
  }

  /** Ends the session in good order, with these last words. */
  dismiss(device: Device, words: BinaryNode): void {
    const session = this.#sessions.get(device);
    session?.connection.send(words);
    session?.connection.close();
  }

  /** A stanza from a device, real or simulated. */
  receive(device: Device, stanza: BinaryNode, session?: Session): void {
    if (!device.simulated) {
      // What was on its way when another client took over counts no more.
      if (session !== undefined && this.#sessions.get(device) !== session) return;
      this.records.note('in', device, stanza, this.now());
    }
    take(this, device, stanza);
    this.world.version.touch();
  }

  /** A new companion exists. */
  link(person: Person, spec: DeviceSpec): Device {
    const device = new Device(person, spec, this.newMailbox(person, spec.id));
    person.devices.set(spec.id, device);
    this.#fresh.add(device);
    devicesChanged(this, person, 'add', device);
    this.world.version.touch();
    return device;
  }

  /** Tells whoever knows the person of a companion that was not linked here. */
  announce(device: Device): void {
    devicesChanged(this, device.person, 'add', device);
  }

  /** A companion is no more, by the phone's wish or its own. */
  unlink(device: Device, quietly = false): void {
    const { person } = device;
    if (person.devices.get(device.id) !== device || device.id === 0) return;
    person.devices.delete(device.id);
    this.#fresh.delete(device);
    if (device.simulated) this.cast.remove(device);
    if (quietly) {
      // The client that asked gets its answer first.
      const session = this.#sessions.get(device);
      setImmediate(() => session?.connection.close());
    } else {
      this.dismiss(device, node('stream:error', { code: '401' }, [node('conflict', { type: 'device_removed' })]));
    }
    devicesChanged(this, person, 'remove', device);
    this.world.version.touch();
  }

  /** The keys of a device for somebody who wants to begin a session. */
  handOut(device: Device): PreKeyBundle {
    const bundle = device.takeBundle();
    if (!device.simulated && device.keys.prekeys.length < LOW_PREKEYS) prekeysLow(this, device);
    return bundle;
  }

  /** The phone's signed list of its companions. */
  keyList(person: Person): { signed: Uint8Array; timestamp: number } {
    const timestamp = this.world.clock.seconds();
    const valid = [0, ...person.companions.map((device) => device.keyIndex)];
    return {
      timestamp,
      signed: signKeyIndexList(this.cast.phoneKeys(person), { rawId: person.rawId, timestamp, valid }),
    };
  }

  /** For the tape: a simulated device writes this. */
  textLeaves(id: string, text: string): void {
    this.tape.written(id, text);
  }

  /** For the tape: a simulated device has read this message of a real client. */
  textArrived(from: Device | undefined, id: string, text: string): void {
    if (from?.simulated === false) this.tape.read(id, text);
  }
}
