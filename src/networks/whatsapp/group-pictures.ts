// Pictures of groups: which one it is now, and setting another. Knows no Matrix.
import { createHash } from 'node:crypto';
import type { Picture } from '../../model/chat.ts';
import { BridgeError } from '../../model/errors.ts';
import type { ChatId } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
import type { MediaStream, NetworkSink } from '../../ports/network.ts';
import type { Logger } from '../../ports/stores.ts';
import type { Directory } from './directory.ts';
import { squareJpeg } from './jpeg.ts';
import type { Line } from './line.ts';
import type { LookTurns } from './look-turns.ts';
import { pictureOf } from './picture-handle.ts';
import { lookAt, setPicture } from './picture-wire.ts';

export interface GroupPictureDoors {
  readonly scope: string;
  readonly sink: Pick<NetworkSink, 'keep'>;
  readonly directory: Pick<Directory, 'chatJid' | 'pictureAt'>;
  readonly turns: Pick<LookTurns, 'take'>;
  readonly log: Logger;
}

/** The last one that was set from here: told from another by its bytes, over there by its id. */
interface Own {
  readonly v: 1;
  readonly digest: string;
  readonly id: string;
}

const PREFIX = 'group-picture/';

export class GroupPictures {
  readonly #doors: GroupPictureDoors;
  readonly #own = new Map<string, Own>();

  /** @param kept what the vault holds of this login */
  constructor(doors: GroupPictureDoors, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#doors = doors;
    for (const [key, value] of kept) {
      if (key.startsWith(PREFIX)) this.#own.set(key.slice(PREFIX.length), ownOf(value));
    }
  }

  /** @returns null when it has none @throws the library's error */
  async look(line: Pick<Line, 'socket'>, chat: ChatId): Promise<Picture | null> {
    const look = await lookAt(line.socket, this.#doors.directory.pictureAt(chat));
    return look.is === 'there' ? pictureOf(chat, look.id, look.url) : null;
  }

  /** @returns null when it has none, undefined when that cannot be learnt now */
  async now(line: Pick<Line, 'socket'>, chat: ChatId): Promise<Picture | null | undefined> {
    try {
      return await this.look(line, chat);
    } catch (error) {
      // What a group looks like keeps nobody from learning who is in it.
      if (error instanceof BridgeError) throw error;
      this.#doors.log.info(
        { network: 'whatsapp', code: 'picture', error },
        'the picture of a group could not be looked at',
      );
      return undefined;
    }
  }

  /** @returns its hash, as now() gives it; undefined for none @throws BridgeError, or the library's error */
  async set(
    line: Pick<Line, 'socket'>,
    chat: ChatId,
    picture: MediaSource | null,
    open: (source: MediaSource) => Promise<MediaStream>,
  ): Promise<string | undefined> {
    const jid = this.#doors.directory.chatJid(chat);
    if (picture === null) {
      await setPicture(line.socket, jid, null);
      return undefined;
    }
    const jpeg = await squareJpeg(await open(picture));
    const digest = createHash('sha256').update(jpeg).digest('base64url');
    const own = this.#own.get(chat);
    if (own?.digest === digest) {
      this.#doors.turns.take();
      if ((await lookAt(line.socket, { jid, is: 'other' }, own.id)).is === 'same') return pictureOf(chat, own.id).hash;
    }
    const id = await setPicture(line.socket, jid, jpeg);
    if (id === undefined) return undefined;
    const { scope, sink } = this.#doors;
    const now: Own = { v: 1, digest, id };
    await sink.keep([{ scope, key: `${PREFIX}${chat}`, value: Buffer.from(JSON.stringify(now)) }]);
    this.#own.set(chat, now);
    return pictureOf(chat, id).hash;
  }
}

function ownOf(value: Uint8Array): Own {
  const own = JSON.parse(Buffer.from(value).toString()) as Own;
  if (own.v !== 1) throw new Error('not a picture of a group');
  return own;
}
