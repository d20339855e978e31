// How a simulated device writes: one ciphertext for every device that the message is for, group keys where they are needed,
// the same message again for a device that asks. Damages what it is told to damage.

import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { Damage } from '../signal/device.ts';
import { child, node, type BinaryNode } from '../wire/node.ts';
import type { Device } from '../world/device.ts';
import type { Group } from '../world/group.ts';
import type { Person } from '../world/person.ts';
import { messageId } from './compose.ts';
import { shown, unwrap, type Content } from './log.ts';
import { bundleIn } from './retries.ts';
import type { SimDevice } from './sim-device.ts';

export interface SendOptions {
  readonly id?: string;
  /** The stanza's `edit`: 1 an edit, 7 revoked by its author, 8 by an admin. */
  readonly edit?: string;
  readonly type?: string;
}

interface Sent {
  readonly content: Content;
  readonly to: Person | Group;
  readonly options: SendOptions;
}

const STATUS = 'status@broadcast';

const isGroup = (to: Person | Group): to is Group => 'members' in to;

export class Outbox {
  readonly #sim: SimDevice;
  readonly #sent = new Map<string, Sent>();
  /** Group id → the devices that have this device's key. */
  readonly #told = new Map<string, Set<string>>();
  /** The next so many messages cannot be read by anybody. */
  damaged = 0;
  /** … but by phones, in private chats. */
  sparesPhones = false;
  /** Whose devices get no key of groups from this one: they cannot read it until they have asked. */
  keepsKeyFrom: Person | undefined;

  constructor(sim: SimDevice) {
    this.#sim = sim;
  }

  /** Answers the message's id. `open`: what the writer's own screen shows of something sealed. */
  send(to: Person | Group, content: Content, options: SendOptions = {}, open = content): string {
    const id = options.id ?? messageId();
    const { log, device, server } = this.#sim;
    this.#sent.set(id, { content, to, options });
    const damage: Damage = this.damaged > 0 ? 'mac' : 'none';
    if (this.damaged > 0) this.damaged--;
    const stanza = isGroup(to)
      ? this.#toGroup(to, id, content, options, damage)
      : this.#toPerson(to, id, content, options, damage);
    const entry = {
      id,
      chat: isGroup(to) ? to.jid : to.lid,
      from: device.person.lid,
      fromDevice: device.id,
      at: server.world.clock.now(),
      addressing: isGroup(to) ? to.addressing : device.person.addressing,
      edit: options.edit ?? null,
      ...shown(open),
      readable: true,
      trouble: null,
    };
    log.add(entry, unwrap(open));
    server.textLeaves(id, entry.text);
    server.receive(device, stanza);
    server.world.version.touch();
    return id;
  }

  /** A status goes out under a group key, what is for a list one by one; answers the message's id. */
  broadcast(list: string, audience: readonly Person[], content: Content): string {
    const { device, signal, server, log } = this.#sim;
    const { person } = device;
    const [id, way, status] = [messageId(), person.addressing, list === STATUS];
    const mine = { deviceSentMessage: { destinationJid: list, message: content } };
    const distribution = status ? this.#distribution(list) : null;
    const shares = [...new Set([...audience, person])]
      .flatMap((one) => [...one.devices.values()])
      .filter((one) => one !== device)
      .map((one) => ({
        one,
        enc: this.#encrypt(one, distribution ?? (one.person === person ? mine : content), 'none'),
      }));
    const named = shares.map(({ one, enc }) => node('to', { jid: one.jid(way) }, [enc]));
    const bytes = status ? signal.encryptGroup(list, proto.Message.encode(content).finish()) : null;
    const stanza = node('message', { to: list, id, type: 'text' }, [
      node('participants', {}, named),
      ...(bytes === null ? [] : [node('enc', { v: '2', type: 'skmsg' }, bytes)]),
      ...this.#identity(shares.map(({ enc }) => enc)),
    ]);
    const about = { id, chat: list, from: person.lid, fromDevice: device.id, addressing: way, edit: null };
    log.add({ ...about, at: server.world.clock.now(), ...shown(content), readable: true, trouble: null }, content);
    server.receive(device, stanza);
    server.world.version.touch();
    return id;
  }

  /** To one's own companion, about the account itself. */
  sendPeer(to: Device, content: Content): void {
    const id = messageId();
    const attrs = { id, to: to.jid('pn'), type: 'text', category: 'peer', push_priority: 'high' };
    const enc = this.#encrypt(to, content, 'none');
    const stanza = node('message', attrs, [enc, node('meta', { appdata: 'default' }), ...this.#identity([enc])]);
    this.#sim.server.receive(this.#sim.device, stanza);
  }

  #encrypt(to: Device, content: Content, damage: Damage, count?: string): BinaryNode {
    const { signal } = this.#sim;
    const bundle = signal.hasSession(to.name) ? undefined : this.#sim.server.handOut(to);
    const sealed = signal.encryptTo(to.name, proto.Message.encode(content).finish(), {
      damage,
      ...(bundle === undefined ? {} : { bundle }),
    });
    return node('enc', { v: '2', type: sealed.type, count }, sealed.bytes);
  }

  /** A companion proves itself whenever it begins a session. */
  #identity(encs: readonly BinaryNode[]): BinaryNode[] {
    const { identity } = this.#sim.device;
    const begins = encs.some((enc) => enc.attrs['type'] === 'pkmsg');
    return identity === null || !begins ? [] : [node('device-identity', {}, identity)];
  }

  #toPerson(to: Person, id: string, content: Content, options: SendOptions, damage: Damage): BinaryNode {
    const { device } = this.#sim;
    const { person } = device;
    const way = person.addressing;
    const mine = { deviceSentMessage: { destinationJid: to.jid(way), message: content } };
    const shares = [...new Set([...to.devices.values(), ...person.devices.values()])]
      .filter((one) => one !== device)
      .map((one) => {
        const spared = this.sparesPhones && one.id === 0;
        return { one, enc: this.#encrypt(one, one.person === person ? mine : content, spared ? 'none' : damage) };
      });
    return node('message', { to: to.jid(way), id, type: options.type ?? 'text', edit: options.edit }, [
      node(
        'participants',
        {},
        shares.map(({ one, enc }) => node('to', { jid: one.jid(way) }, [enc])),
      ),
      ...this.#identity(shares.map(({ enc }) => enc)),
    ]);
  }

  #toGroup(group: Group, id: string, content: Content, options: SendOptions, damage: Damage): BinaryNode {
    const { device, signal } = this.#sim;
    const all = [...group.members.keys()]
      .flatMap((person) => [...person.devices.values()])
      .filter((one) => one !== device);
    let told = this.#told.get(group.jid) ?? new Set<string>();
    // Whoever has gone must not read on.
    const names = new Set(all.filter((one) => one.person !== this.keepsKeyFrom).map((one) => one.name));
    if ([...told].some((name) => !names.has(name))) {
      signal.renewGroupKey(group.jid);
      told = new Set();
    }
    const untold = all.filter((one) => names.has(one.name) && !told.has(one.name));
    const distribution = untold.length === 0 ? null : this.#distribution(group.jid);
    const shares = untold.map((one) => ({ one, enc: this.#encrypt(one, distribution ?? {}, 'none') }));
    for (const { one } of shares) told.add(one.name);
    this.#told.set(group.jid, told);
    const bytes = signal.encryptGroup(group.jid, proto.Message.encode(content).finish(), { damage });
    const attrs = {
      to: group.jid,
      id,
      type: options.type ?? 'text',
      edit: options.edit,
      addressing_mode: group.addressing,
    };
    return node('message', attrs, [
      ...(shares.length === 0
        ? []
        : [
            node(
              'participants',
              {},
              shares.map(({ one, enc }) => node('to', { jid: one.jid(group.addressing) }, [enc])),
            ),
          ]),
      node('enc', { v: '2', type: 'skmsg' }, bytes),
      ...this.#identity(shares.map(({ enc }) => enc)),
    ]);
  }

  #distribution(group: string): Content {
    return {
      senderKeyDistributionMessage: {
        groupId: group,
        axolotlSenderKeyDistributionMessage: this.#sim.signal.distribution(group),
      },
    };
  }

  /** Somebody could not read a message: it goes to that device again, in a fresh session. */
  again(receipt: BinaryNode): void {
    const { server, device, signal } = this.#sim;
    const { id = '', from = '', participant } = receipt.attrs;
    const sent = this.#sent.get(id);
    const asker = server.world.deviceAt(participant ?? from);
    if (sent === undefined || asker === undefined) return;
    const { to, content, options } = sent;
    const count = child(receipt, 'retry')?.attrs['count'] ?? '1';
    signal.startSession(asker.name, bundleIn(receipt) ?? server.handOut(asker));
    const attrs = { id, type: options.type ?? 'text', edit: options.edit, t: child(receipt, 'retry')?.attrs['t'] };
    if (isGroup(to)) {
      const enc = this.#encrypt(asker, { ...content, ...this.#distribution(to.jid) }, 'none', count);
      const about = { ...attrs, to: to.jid, participant: asker.jid(to.addressing), addressing_mode: to.addressing };
      server.receive(device, node('message', about, [enc, ...this.#identity([enc])]));
      return;
    }
    const way = device.person.addressing;
    const mine = asker.person === device.person;
    const enc = this.#encrypt(
      asker,
      mine ? { deviceSentMessage: { destinationJid: to.jid(way), message: content } } : content,
      'none',
      count,
    );
    const about = {
      ...attrs,
      to: asker.jid(way),
      recipient: mine ? to.jid(way) : undefined,
      device_fanout: 'false',
    };
    server.receive(device, node('message', about, [enc, ...this.#identity([enc])]));
  }

  /** The ids that were sent, oldest first. */
  get ids(): readonly string[] {
    return [...this.#sent.keys()];
  }

  /** Forgets which devices have the group's key, as after a reset: all are told again. */
  forgetTold(group: string): void {
    this.#told.delete(group);
  }
}
