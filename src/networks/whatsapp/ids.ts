// Makes and parses our names for WhatsApp's people, chats and messages; the only file that knows how they are spelled.
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import type { ChatSnapshot } from '../../model/chat.ts';
import { BridgeError } from '../../model/errors.ts';
import {
  as,
  type ChatId,
  type EffectId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type PuppetId,
} from '../../model/ids.ts';
import { jidText, STATUS, type Handles, type Jid } from './jid.ts';

export const WHATSAPP = as<NetworkId>('whatsapp');

const BLOCK = 16;
const NUMBER_BYTES = 8;
const CREATOR_BYTES = 7;
const STAMP_BYTES = 5;
/** First byte of a block: what it holds, and how many digits the number had (leading zeros count). */
const NUMBER = 0x20;
const OLD_GROUP = 0x40;

/**
 * Names people and chats. Phone numbers, and the old group ids that begin with their creator's, are sealed: one AES block
 * under a key that never changes (losing it doubles every room), so that they can be opened again without a table.
 *
 * People: `l` + LID, or `n` + sealed number for one known by number first (which of the two somebody is called by is the
 * people book's affair). Direct chats are called like their person. `g` group, `o` old group (sealed), `b` broadcast list,
 * `c` channel, `status` the status updates.
 */
export class Names {
  readonly #key: Uint8Array;

  /** @param identityKey the bridge's own, of at least 32 bytes */
  constructor(identityKey: Uint8Array) {
    if (identityKey.length < 32) throw new Error('an identity key has at least 32 bytes');
    this.#key = createHmac('sha256', identityKey).update('passerelle-whatsapp-names').digest();
  }

  byLid(lid: string): PersonId {
    return as<PersonId>(`l${lid}`);
  }

  byNumber(pn: string): PersonId {
    const block = Buffer.alloc(BLOCK);
    block[0] = NUMBER | pn.length;
    block.writeBigUInt64BE(BigInt(pn), 1);
    return as<PersonId>(`n${this.#seal(block)}`);
  }

  /** What a person's id itself says of them. @returns undefined when it is not one of ours */
  handlesIn(person: PersonId | ChatId): Handles | undefined {
    const lid = /^l(\d{1,20})$/.exec(person)?.[1];
    if (lid !== undefined) return { lid };
    const sealed = /^n([0-9a-f]{32})$/.exec(person)?.[1];
    const block = sealed === undefined ? undefined : this.#open(sealed);
    if (block === undefined || ((block[0] ?? 0) & 0xe0) !== NUMBER || !isZero(block, 1 + NUMBER_BYTES))
      return undefined;
    return { pn: digits(block.readBigUInt64BE(1), (block[0] ?? 0) & 0x1f) };
  }

  /** Of everything but direct chats, which are called like their person. */
  chat(jid: Jid): ChatId {
    if (jid.kind === 'broadcast') return as<ChatId>(jid.user === STATUS ? STATUS : `b${jid.user}`);
    if (jid.kind === 'newsletter') return as<ChatId>(`c${jid.user}`);
    if (jid.kind !== 'group') throw new Error('a direct chat is called like its person');
    const [creator = '', stamp] = jid.user.split('-');
    if (stamp === undefined) return as<ChatId>(`g${creator}`);
    const block = Buffer.alloc(BLOCK);
    block[0] = OLD_GROUP | creator.length;
    Buffer.from(
      BigInt(creator)
        .toString(16)
        .padStart(CREATOR_BYTES * 2, '0'),
      'hex',
    ).copy(block, 1);
    block.writeUIntBE(Number(stamp), 1 + CREATOR_BYTES, STAMP_BYTES);
    return as<ChatId>(`o${this.#seal(block)}`);
  }

  /** The address of a chat that is not direct. @returns undefined for direct chats and for what is not ours */
  chatJid(chat: ChatId): string | undefined {
    if (chat === STATUS) return jidText('broadcast', STATUS);
    const [, kind, rest = ''] = /^([gbco])([0-9a-f]+)$/.exec(chat) ?? [];
    if (kind === 'o') return this.#oldGroup(rest);
    if (kind === undefined || !/^\d+$/.test(rest)) return undefined;
    return jidText(kind === 'g' ? 'group' : kind === 'b' ? 'broadcast' : 'newsletter', rest);
  }

  /** What hangs on a message of ours (edits, reactions) is sealed with it: made of its name, so that it need not be kept. */
  secretOf(message: MessageId): Uint8Array {
    return createHmac('sha256', this.#key).update('message-secret\0').update(message).digest();
  }

  #oldGroup(sealed: string): string | undefined {
    const block = sealed.length === BLOCK * 2 ? this.#open(sealed) : undefined;
    if (block === undefined || ((block[0] ?? 0) & 0xe0) !== OLD_GROUP) return undefined;
    if (!isZero(block, 1 + CREATOR_BYTES + STAMP_BYTES)) return undefined;
    const creator = BigInt(`0x${block.subarray(1, 1 + CREATOR_BYTES).toString('hex')}`);
    const stamp = block.readUIntBE(1 + CREATOR_BYTES, STAMP_BYTES);
    return jidText('group', `${digits(creator, (block[0] ?? 0) & 0x1f)}-${stamp}`);
  }

  #seal(block: Buffer): string {
    const cipher = createCipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]).toString('hex');
  }

  #open(sealed: string): Buffer {
    const decipher = createDecipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false);
    return Buffer.concat([decipher.update(Buffer.from(sealed, 'hex')), decipher.final()]);
  }
}

function digits(value: bigint, length: number): string {
  return String(value).padStart(length, '0');
}

function isZero(block: Buffer, from: number): boolean {
  return block.subarray(from).every((byte) => byte === 0);
}

/** Status updates and broadcast lists are one login's own, like its direct chats. */
export function chatKind(chat: ChatId): ChatSnapshot['kind'] {
  if (chat.startsWith('g') || chat.startsWith('o')) return 'group';
  return chat.startsWith('c') ? 'channel' : 'direct';
}

/** Is this a direct chat with a person? */
export function isPersonal(chat: ChatId): boolean {
  return /^[ln]/.test(chat);
}

/** Longer ids are somebody's mischief: such a message is shown, but nothing can point at it. */
const LONGEST_ID = 128;

/** WhatsApp knows a message by its chat, its sender and an id that the sender chose. */
export function messageId(sender: PersonId, id: string): MessageId {
  const whole = id.toWellFormed();
  if (whole.length <= LONGEST_ID && whole !== '') return as<MessageId>(`${sender}.${encodeURIComponent(whole)}`);
  const hash = createHash('sha256').update('passerelle-whatsapp-long-id\0').update(whole).digest('base64url');
  return as<MessageId>(`${sender}.%h${hash.slice(0, 22)}`);
}

export interface MessageName {
  readonly sender: PersonId;
  /** As it stands in the stanza. */
  readonly id: string;
}

/** @throws BridgeError when it is no message that can be pointed at */
export function parseMessage(message: MessageId): MessageName {
  const [, sender, id] = /^([ln][0-9a-f]+)\.((?:[^%]|%[0-9A-F]{2})+)$/.exec(message) ?? [];
  if (sender === undefined || id === undefined)
    throw new BridgeError('whatsapp-no-message', 'never', 'whatsapp.message-gone');
  return { sender: as<PersonId>(sender), id: decodeURIComponent(id) };
}

/**
 * The id under which an effect goes on the wire, the same at every try: `3EB0`, as WhatsApp Web's begin, and 18 hexadecimal
 * digits. Edits, deletions and reactions are messages of their own and have theirs by the same rule.
 */
export function stanzaId(effect: EffectId): string {
  const hash = createHash('sha256').update('passerelle-whatsapp-send\0').update(effect).digest('hex');
  return `3EB0${hash.slice(0, 18).toUpperCase()}`;
}

/** Stable over sign-outs of the same account by the same owner. */
export function puppetId(owner: string, self: PersonId): PuppetId {
  const hash = createHash('sha256').update('passerelle-whatsapp-login\0').update(owner).update('\0').update(self);
  return as<PuppetId>(`wa-${hash.digest('base64url').slice(0, 22)}`);
}
