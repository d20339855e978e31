// Brings somebody into a group; who does not let themselves be added gets an invitation by message, with what the server gave for it.
// Knows no Matrix.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { GroupAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import { as, type ChatId, type EffectId } from '../../model/ids.ts';
import type { Directory } from './directory.ts';
import { isRestriction } from './errors.ts';
import { memberFault } from './group-errors.ts';
import type { Line } from './line.ts';
import { childrenOf } from './notifications.ts';
import type { Sends } from './sends.ts';

export interface AddingDoors {
  readonly directory: Pick<Directory, 'personJid' | 'describeChat'>;
  readonly sends: Pick<Sends, 'perform' | 'begun'>;
}

type Add = Extract<GroupAction, { kind: 'add' }>;
type Invitation = proto.Message.IGroupInviteMessage;

export class Adding {
  readonly #doors: AddingDoors;

  constructor(doors: AddingDoors) {
    this.#doors = doors;
  }

  /**
   * Done again, an invitation that was begun goes out, and no other one.
   * @throws BridgeError also when they were invited instead: they are not in it @throws the library's error
   */
  async add(line: Line, jid: string, action: Add, effect: EffectId): Promise<void> {
    const { sends } = this.#doors;
    const begun = (await sends.begun(effect))?.groupInviteMessage;
    const invitation = begun ?? (await this.#ask(line, jid, action));
    if (invitation === undefined) return;
    try {
      await sends.perform(line, { kind: 'invite', chat: as<ChatId>(action.person), invitation }, effect);
    } catch (error) {
      // What WhatsApp says of the account is heard of as such.
      if (!(error instanceof BridgeError) || error.retry !== 'never' || isRestriction(error)) throw error;
      throw fault('whatsapp.add-uninvited', error);
    }
    throw fault('whatsapp.add-invited');
  }

  /** @returns the invitation for whom nobody adds; undefined when they are in it */
  async #ask(line: Line, jid: string, { chat, person }: Add): Promise<Invitation | undefined> {
    const { directory } = this.#doors;
    const [done] = await line.socket.groupParticipantsUpdate(jid, [directory.personJid(chat, person)], 'add');
    const refused = memberFault('add', Number(done?.status ?? 200));
    if (refused === undefined) return undefined;
    const { code, expiration } = requestIn(done?.content) ?? {};
    if (code === undefined || expiration === undefined) throw refused;
    const { name = '' } = (await directory.describeChat(line, chat)).chat;
    return { groupJid: jid, inviteCode: code, inviteExpiration: Number(expiration), groupName: name };
  }
}

/** `<participant error="403"><add_request code="…" expiration="…"/></participant>` (whatsmeow, group.go). */
function requestIn(participant: BinaryNode | undefined): BinaryNode['attrs'] | undefined {
  return participant && childrenOf(participant).find(({ tag }) => tag === 'add_request')?.attrs;
}

function fault(words: 'whatsapp.add-invited' | 'whatsapp.add-uninvited', cause?: unknown): BridgeError {
  return new BridgeError(words.replace('.', '-'), 'never', words, { cause, values: { network: 'WhatsApp' } });
}
