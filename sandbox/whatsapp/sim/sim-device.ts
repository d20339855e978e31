// A simulated device as a client of the service: it takes its stanzas like any other, decrypts, confirms, asks again for
// what it cannot read, and shows the result in its log. Writing is in outbox.ts, a phone's special duties in phone.ts.

import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { LoggedMessage } from '../control-types.ts';
import { bigEndian, bytesOf } from '../read-node.ts';
import type { WhatsAppServer } from '../server.ts';
import type { SignalDevice } from '../signal/device.ts';
import { SignalError } from '../signal/errors.ts';
import { bareJid } from '../wire/jid.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import type { Device } from '../world/device.ts';
import type { Person } from '../world/person.ts';
import type { Line } from '../world/mailbox.ts';
import { World } from '../world/world.ts';
import { opened, targetIn, type Hanging } from './addons.ts';
import { leftOut } from './heed.ts';
import { Log, shown, unwrap, type Content } from './log.ts';
import { Outbox } from './outbox.ts';
import { servePhone } from './phone.ts';
import { bundleNodes } from './retries.ts';
import { Settings } from './settings.ts';

/** Asked for so often, a message is given up. */
const MAX_RETRIES = 5;

export interface Seen {
  readonly id: string;
  readonly type: string;
  readonly from: string;
  readonly participant: string | null;
}

export class SimDevice implements Line {
  readonly server: WhatsAppServer;
  readonly device: Device;
  readonly signal: SignalDevice;
  readonly log = new Log();
  readonly outbox: Outbox;
  /** Only a phone's are used. */
  readonly settings: Settings;
  readonly receipts: Seen[] = [];
  readonly chatStates: { readonly from: string; readonly state: string }[] = [];
  readonly notices: BinaryNode[] = [];
  readonly calls: BinaryNode[] = [];
  duplicates = 0;
  /** Retry receipts are answered, as phones do. */
  answersRetries = true;
  /** Sends delivery receipts. */
  confirms = true;
  /** The next so many messages are taken for unreadable. */
  blind = 0;
  readonly #retries = new Map<string, number>();
  #inbox: BinaryNode[] = [];

  constructor(server: WhatsAppServer, device: Device, signal: SignalDevice) {
    this.server = server;
    this.device = device;
    this.signal = signal;
    this.outbox = new Outbox(this);
    this.settings = new Settings(server, device);
  }

  /** Takes a stanza; works on it in a turn of its own, in order. */
  send(stanza: BinaryNode): void {
    this.#inbox.push(stanza);
    if (this.#inbox.length === 1) setImmediate(() => this.#drain());
  }

  #drain(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const stanza of inbox) {
      // It went offline meanwhile: the mailbox still has it.
      if (this.device.mailbox.open) this.#take(stanza);
    }
    this.server.world.version.touch();
  }

  #take(stanza: BinaryNode): void {
    switch (stanza.tag) {
      case 'message':
        this.#message(stanza);
        break;
      case 'receipt':
        this.receipts.push({
          id: stanza.attrs['id'] ?? '',
          type: stanza.attrs['type'] ?? 'delivery',
          from: stanza.attrs['from'] ?? '',
          participant: stanza.attrs['participant'] ?? null,
        });
        for (const item of children(child(stanza, 'list'), 'item')) {
          this.receipts.push({
            id: item.attrs['id'] ?? '',
            type: stanza.attrs['type'] ?? 'delivery',
            from: stanza.attrs['from'] ?? '',
            participant: stanza.attrs['participant'] ?? null,
          });
        }
        this.#ack(stanza);
        if (stanza.attrs['type'] === 'retry' && this.answersRetries) this.outbox.again(stanza);
        break;
      case 'notification':
        this.notices.push(stanza);
        if (this.device.id === 0 && stanza.attrs['type'] === 'server_sync') {
          for (const { attrs } of children(stanza, 'collection')) this.settings.pull(attrs['name'] ?? '');
        }
        this.#ack(stanza);
        break;
      case 'call':
        this.calls.push(stanza);
        this.#ack(stanza);
        break;
      case 'chatstate':
        this.chatStates.push({
          from: stanza.attrs['participant'] ?? stanza.attrs['from'] ?? '',
          state: child(stanza)?.attrs['media'] === 'audio' ? 'recording' : (child(stanza)?.tag ?? ''),
        });
        break;
      default:
        break;
    }
  }

  #ack(stanza: BinaryNode, error?: number): void {
    const { id, from, participant, type } = stanza.attrs;
    const code = error === undefined ? undefined : String(error);
    this.server.receive(this.device, node('ack', { id, to: from, participant, type, class: stanza.tag, error: code }));
  }

  #message(stanza: BinaryNode): void {
    const { id = '', from = '', participant, recipient } = stanza.attrs;
    const { world } = this.server;
    const author = participant ?? from;
    const group = world.groupAt(from);
    const person = world.personAt(author);
    const device = world.deviceAt(author);
    const own = person === this.device.person;
    const chat = group?.jid ?? world.personAt(recipient ?? from)?.lid ?? bareJid(recipient ?? from);
    const base = {
      id,
      chat,
      from: person?.lid ?? author,
      fromDevice: device?.id ?? -1,
      // When it was sent, whenever it comes.
      at: stanza.attrs['t'] === undefined ? world.clock.now() : Number(stanza.attrs['t']) * 1000,
      addressing: World.wayOf(author),
      edit: stanza.attrs['edit'] ?? null,
    };
    let content: Content | null = null;
    let trouble: string | null = null;
    try {
      const shared = group?.jid ?? (from.endsWith('@broadcast') ? from : null);
      content = this.#decrypt(stanza, device?.name ?? author, shared);
    } catch (error) {
      if (!(error instanceof SignalError)) throw error;
      if (error.reason === 'duplicate') {
        this.duplicates++;
        this.#confirm(stanza, own);
        return;
      }
      trouble = error.reason;
    }
    if (content === null) {
      const readable: LoggedMessage = { ...base, ...shown({}), readable: false, trouble: trouble ?? 'nothing to read' };
      if (stanza.attrs['category'] !== 'peer') this.log.add(readable, null);
      if (child(stanza, 'unavailable') === undefined) this.#askAgain(stanza, trouble);
      else this.#ack(stanza);
      return;
    }
    this.#confirm(stanza, own);
    const inner = this.#opened(unwrap(content), chat, person);
    const said: LoggedMessage = { ...base, ...shown(inner), readable: true, trouble: null };
    const target = said.target === null ? undefined : this.log.find(chat, said.target);
    const role = person === undefined ? undefined : group?.members.get(person);
    const why = leftOut(said, target, role === 'admin' || role === 'superadmin');
    const entry: LoggedMessage = why === null ? said : { ...said, kind: 'ignored', trouble: why };
    if (stanza.attrs['category'] === 'peer') {
      if (own && this.device.id === 0) servePhone(this, device, inner);
      return;
    }
    if (Object.keys(inner).every((key) => key === 'senderKeyDistributionMessage' || key === 'messageContextInfo'))
      return;
    if (!this.log.add(entry, inner)) this.duplicates++;
    this.server.textArrived(device, id, entry.text);
  }

  /** The names and the secret under which somebody seals what hangs on a message; null when it has none. */
  hanging(entry: LoggedMessage, actor = this.device.person): Hanging | null {
    const { world } = this.server;
    const group = world.groupAt(entry.chat);
    const way = group?.addressing ?? this.device.person.addressing;
    const secret = this.log.contents.get(`${entry.chat} ${entry.id}`)?.messageContextInfo?.messageSecret;
    if (!secret) return null;
    return {
      id: entry.id,
      secret,
      author: world.people.get(entry.from)?.jid(way) ?? entry.from,
      actor: actor.jid(way),
    };
  }

  /** In a community's announcements phones take sealed reactions, and no others. */
  #opened(inner: Content, chat: string, actor: Person | undefined): Content {
    if (inner.reactionMessage && this.server.world.groupAt(chat)?.isDefault === true) return { encReactionMessage: {} };
    const id = targetIn(inner);
    const target = id === null ? undefined : this.log.find(chat, id);
    const hanging = target === undefined ? null : this.hanging(target, actor);
    return hanging === null ? inner : opened(inner, hanging);
  }

  /** Null: the stanza has no ciphertext. Throws SignalError. */
  #decrypt(stanza: BinaryNode, author: string, group: string | null): Content | null {
    if (this.blind > 0) {
      this.blind--;
      throw new SignalError('bad-mac', 'told not to read it');
    }
    const parts: Content[] = [];
    for (const enc of children(stanza, 'enc')) {
      const bytes = bytesOf(enc);
      const type = enc.attrs['type'] ?? '';
      const plain =
        type === 'skmsg'
          ? this.signal.decryptGroup(group ?? '', author, bytes)
          : this.signal.decrypt(author, type === 'pkmsg' ? 'pkmsg' : 'msg', bytes);
      const part = proto.Message.decode(plain);
      const inner = part.deviceSentMessage?.message ?? part;
      const key = inner.senderKeyDistributionMessage;
      if (key?.groupId && key.axolotlSenderKeyDistributionMessage) {
        this.signal.acceptDistribution(key.groupId, author, key.axolotlSenderKeyDistributionMessage);
      }
      parts.push(inner);
    }
    return parts.length === 0 ? null : (Object.assign({}, ...parts.map((part) => ({ ...part }))) as Content);
  }

  #confirm(stanza: BinaryNode, own: boolean): void {
    const { id, from, participant, recipient, category } = stanza.attrs;
    const to = from;
    this.#retries.delete(`${participant ?? from} ${id}`);
    const attrs =
      category === 'peer'
        ? { id, to, type: 'peer_msg' }
        : own && participant === undefined
          ? { id, to, recipient, type: 'sender' }
          : own
            ? { id, to, participant, type: 'sender' }
            : { id, to, participant };
    if (this.confirms || own) this.server.receive(this.device, node('receipt', attrs));
    else this.#ack(stanza);
  }

  /** A retry receipt as phones send it: with new keys from the second on, or when there is no session at all. */
  #askAgain(stanza: BinaryNode, trouble: string | null): void {
    const { id = '', from, participant, recipient, t } = stanza.attrs;
    const name = `${participant ?? from} ${id}`;
    const count = (this.#retries.get(name) ?? 0) + 1;
    this.#retries.set(name, count);
    if (count <= MAX_RETRIES) {
      const withKeys = count > 1 || trouble === 'no-session';
      this.server.receive(
        this.device,
        node('receipt', { id, to: from, participant, recipient, type: 'retry' }, [
          node('retry', { count: String(count), id, t, v: '1' }),
          node('registration', {}, bigEndian(this.signal.identity.registrationId, 4)),
          ...(withKeys ? [bundleNodes(this)] : []),
        ]),
      );
    }
    this.#ack(stanza, 500);
  }
}
