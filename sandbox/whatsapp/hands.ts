// People's hands on their phones: writing, editing, deleting, reacting, typing, reading, calling. Finds the simulated device
// and lets it do what a person would; knows no HTTP.

import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { LoggedMessage, TextOptions } from './control-types.ts';
import type { WhatsAppServer } from './server.ts';
import { sealedEdit, sealedReaction, type Hanging } from './sim/addons.ts';
import * as compose from './sim/compose.ts';
import type { SimDevice } from './sim/sim-device.ts';
import { node } from './wire/node.ts';
import type { Group } from './world/group.ts';
import type { Person } from './world/person.ts';

export class Hands {
  readonly #server: WhatsAppServer;

  constructor(server: WhatsAppServer) {
    this.#server = server;
  }

  person(id: string): Person {
    const found = this.#server.world.people.get(id);
    if (found === undefined) throw new Error(`there is no person ${id}`);
    return found;
  }

  group(id: string): Group {
    const found = this.#server.world.groupAt(id);
    if (found === undefined) throw new Error(`there is no group ${id}`);
    return found;
  }

  chat(id: string): Person | Group {
    return id.endsWith('@g.us') ? this.group(id) : this.person(id);
  }

  sim(person: string, device = 0): SimDevice {
    const found = this.person(person).devices.get(device);
    if (found === undefined) throw new Error(`${person} has no device ${device}`);
    return this.#server.cast.of(found);
  }

  /** The address of the chat as the writer's devices name it. */
  #jid(by: Person, chat: Person | Group): string {
    return 'members' in chat ? chat.jid : chat.jid(by.addressing);
  }

  #author(sim: SimDevice, chat: Person | Group, entry: LoggedMessage): string {
    const way = 'members' in chat ? chat.addressing : sim.device.person.addressing;
    return this.#server.world.people.get(entry.from)?.jid(way) ?? entry.from;
  }

  #find(sim: SimDevice, chat: string, id: string): LoggedMessage {
    const entry = sim.log.find(chat, id);
    if (entry === undefined) throw new Error(`the device has no message ${id} in this chat`);
    return entry;
  }

  #hanging(by: SimDevice, entry: LoggedMessage): Hanging {
    const found = by.hanging(entry);
    if (found === null) throw new Error(`the message ${entry.id} has no secret`);
    return found;
  }

  /** How the writer names a message: edits, revocations and reactions point with it. */
  #key(sim: SimDevice, chat: Person | Group, entry: LoggedMessage): proto.IMessageKey {
    const fromMe = entry.from === sim.device.person.lid;
    return {
      remoteJid: this.#jid(sim.device.person, chat),
      fromMe,
      id: entry.id,
      ...('members' in chat && !fromMe ? { participant: this.#author(sim, chat, entry) } : {}),
    };
  }

  write(by: SimDevice, to: string, text: string, options: TextOptions, id?: string): string {
    const chat = this.chat(to);
    const way = 'members' in chat ? chat.addressing : by.device.person.addressing;
    const mentions = (options.mentions ?? []).map((one) => this.person(one).jid(way));
    let quote: compose.Quote | null = null;
    if (options.replyTo !== undefined) {
      const entry = this.#find(by, to, options.replyTo);
      quote = {
        id: entry.id,
        participant: this.#author(by, chat, entry),
        content: by.log.contents.get(`${to} ${entry.id}`) ?? {},
      };
    }
    return by.outbox.send(chat, compose.text(text, options, mentions, quote), id === undefined ? {} : { id });
  }

  edit(
    by: SimDevice,
    to: string,
    id: string,
    text: string,
    { sealed, id: editId }: { readonly sealed: boolean; readonly id: string | undefined },
  ): string {
    const chat = this.chat(to);
    const entry = this.#find(by, to, id);
    const key = this.#key(by, chat, entry);
    const open = compose.edit(key, { conversation: text });
    const content = sealed ? sealedEdit(key, open, this.#hanging(by, entry)) : open;
    return by.outbox.send(chat, content, { edit: '1', ...(editId === undefined ? {} : { id: editId }) }, open);
  }

  /** For everyone; somebody else's message only by an admin of the group. */
  remove(by: SimDevice, to: string, id: string): string {
    const chat = this.chat(to);
    const key = this.#key(by, chat, this.#find(by, to, id));
    return by.outbox.send(chat, compose.revoke(key), { edit: key.fromMe === true ? '7' : '8' });
  }

  react(by: SimDevice, to: string, id: string, emoji: string): string {
    const chat = this.chat(to);
    const entry = this.#find(by, to, id);
    const key = this.#key(by, chat, entry);
    const open = compose.reaction(key, emoji);
    const sealed = 'members' in chat && chat.isDefault;
    const content = sealed ? sealedReaction(key, emoji, this.#hanging(by, entry)) : open;
    return by.outbox.send(chat, content, { type: 'reaction' }, open);
  }

  setTimer(by: SimDevice, to: string, seconds: number): string {
    return by.outbox.send(this.chat(to), compose.timer(seconds));
  }

  send(by: SimDevice, to: string, message: object, options: { id?: string; type?: string; edit?: string }): string {
    return by.outbox.send(this.chat(to), proto.Message.fromObject(message), options);
  }

  /** A stanza that a companion gets in place of what only the phone may see. */
  sendUnavailable(by: SimDevice, to: string, type: string, id = compose.messageId()): string {
    const chat = this.chat(to);
    const { device } = by;
    const { world } = this.#server;
    const people = 'members' in chat ? [...chat.members.keys()] : [chat, device.person];
    const way = 'members' in chat ? chat.addressing : device.person.addressing;
    for (const person of people) {
      for (const one of person.companions) {
        const about =
          'members' in chat
            ? { from: chat.jid, participant: device.jid(way), addressing_mode: way }
            : person === device.person
              ? { from: device.jid(way), recipient: this.#jid(person, chat) }
              : {
                  from: device.jid(way),
                  [way === 'lid' ? 'sender_pn' : 'sender_lid']: device.person.jid(way === 'lid' ? 'pn' : 'lid'),
                };
        const attrs = { id, t: String(world.clock.seconds()), type: 'text', notify: device.person.name, ...about };
        one.mailbox.add(node('message', attrs, [node('unavailable', { type })]));
      }
    }
    return id;
  }

  type(by: SimDevice, to: string, state: 'composing' | 'paused' | 'recording'): void {
    const inner = state === 'recording' ? node('composing', { media: 'audio' }) : node(state);
    const attrs = { from: by.device.jid('pn'), to: this.#jid(by.device.person, this.chat(to)) };
    this.#server.receive(by.device, node('chatstate', attrs, [inner]));
  }

  /** Answers how many messages were marked as read. */
  read(by: SimDevice, to: string, ids?: readonly string[]): number {
    const chat = this.chat(to);
    const me = by.device.person.lid;
    const unread = by.log.entries.filter(
      (entry) => entry.chat === to && entry.from !== me && (ids === undefined || ids.includes(entry.id)),
    );
    const byAuthor = new Map<string, string[]>();
    for (const entry of unread) {
      const author = this.#author(by, chat, entry);
      byAuthor.set(author, [...(byAuthor.get(author) ?? []), entry.id]);
    }
    const type = by.device.person.privacy.get('readreceipts') === 'none' ? 'read-self' : 'read';
    for (const [author, [id, ...rest]] of byAuthor) {
      const attrs = {
        id,
        type,
        t: String(this.#server.world.clock.seconds()),
        to: this.#jid(by.device.person, chat),
        participant: 'members' in chat ? author : undefined,
      };
      const list = rest.map((one) => node('item', { id: one }));
      this.#server.receive(by.device, node('receipt', attrs, rest.length === 0 ? undefined : [node('list', {}, list)]));
    }
    return unread.length;
  }

  /** A status, or what goes to everybody of a list alone. */
  broadcast(by: SimDevice, list: string, to: readonly string[], text: string): string {
    const audience = to.map((one) => this.person(one));
    return by.outbox.broadcast(`${list}@broadcast`, audience, compose.text(text, {}, [], null));
  }

  /** Posts of channels are not encrypted, have no author, and are numbered by the server. */
  postInChannel(to: string, channel: string, text: string): string {
    const id = randomBytes(10).toString('hex').toUpperCase();
    const t = String(this.#server.world.clock.seconds());
    const attrs = { from: `${channel}@newsletter`, id, type: 'text', server_id: '101', t };
    const words = node('plaintext', {}, proto.Message.encode({ conversation: text }).finish());
    for (const device of this.person(to).devices.values()) device.mailbox.add(node('message', attrs, [words]));
    return id;
  }

  /** @param to a person or a group */
  call(by: SimDevice, to: string, video: boolean): string {
    const id = randomBytes(16).toString('hex').toUpperCase();
    const { person } = by.device;
    const target = this.#callee(by, to);
    const attrs = {
      'call-id': id,
      'call-creator': by.device.jid(person.addressing),
      caller_pn: person.jid('pn'),
      'group-jid': target.group,
    };
    const inner = [node('audio', { enc: 'opus', rate: '16000' }), ...(video ? [node('video', { enc: 'vp8' })] : [])];
    this.#server.receive(by.device, node('call', { to: target.jid }, [node('offer', attrs, inner)]));
    return id;
  }

  endCall(by: SimDevice, to: string, call: string, reason: string | undefined): void {
    const { person } = by.device;
    const target = this.#callee(by, to);
    const attrs = {
      'call-id': call,
      'call-creator': by.device.jid(person.addressing),
      reason: reason === 'timeout' ? 'timeout' : undefined,
      'group-jid': target.group,
    };
    this.#server.receive(by.device, node('call', { to: target.jid }, [node('terminate', attrs)]));
  }

  answerCall(by: SimDevice, caller: string, call: string, how: 'accept' | 'reject'): void {
    const creator = this.person(caller).jid(by.device.person.addressing);
    const attrs = { 'call-id': call, 'call-creator': creator };
    this.#server.receive(by.device, node('call', { to: creator }, [node(how, attrs)]));
  }

  #callee(by: SimDevice, to: string): { readonly jid: string; readonly group?: string } {
    const group = this.#server.world.groupAt(to);
    return group === undefined
      ? { jid: this.person(to).jid(by.device.person.addressing) }
      : { jid: group.jid, group: group.jid };
  }
}
