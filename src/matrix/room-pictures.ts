// Which picture of its network's a room shows, and how one gets into the homeserver's store; knows no room's state.
import { effectId } from '../model/effect.ts';
import { as, type MxcUri, type NetworkId, type RoomId } from '../model/ids.ts';
import type { RoomPictures, ShownPicture } from '../ports/matrix.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Logger, Vault } from '../ports/stores.ts';
import { parseObject, textAt } from './json.ts';
import type { MatrixMedia } from './media.ts';

const SCOPE = 'matrix:room-picture';

export class VaultedPictures implements RoomPictures {
  readonly #media: MatrixMedia;
  readonly #vault: Pick<Vault, 'read' | 'write'>;
  readonly #log: Logger;

  constructor(media: MatrixMedia, vault: Pick<Vault, 'read' | 'write'>, log: Logger) {
    this.#media = media;
    this.#vault = vault;
    this.#log = log;
  }

  async bring(
    network: NetworkId,
    hash: string,
    open: () => Promise<MediaStream | undefined>,
  ): Promise<MxcUri | undefined> {
    return await this.#media.picture(effectId(`avatar/${network}/${hash}`, 0), open, this.#log);
  }

  async shown(room: RoomId): Promise<ShownPicture | undefined> {
    const kept = await this.#vault.read(SCOPE, room);
    const json = kept === undefined ? {} : parseObject(Buffer.from(kept).toString());
    const [hash, uri] = [textAt(json, 'hash'), textAt(json, 'uri')];
    return hash === undefined || uri === undefined ? undefined : { hash, uri: as<MxcUri>(uri) };
  }

  async keep(room: RoomId, shown: ShownPicture | undefined): Promise<void> {
    const value = shown === undefined ? null : Buffer.from(JSON.stringify(shown));
    await this.#vault.write([{ scope: SCOPE, key: room, value }]);
  }
}
