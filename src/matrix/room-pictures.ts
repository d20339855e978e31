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
    const { hash, uri } = await this.#row(room);
    return hash === undefined || uri === undefined ? undefined : { hash, uri: as<MxcUri>(uri) };
  }

  async setHere(room: RoomId): Promise<string | undefined> {
    return (await this.#row(room)).here;
  }

  async keep(room: RoomId, shown: ShownPicture | undefined, how?: 'here'): Promise<void> {
    const here = how === 'here' && shown !== undefined ? shown.hash : await this.setHere(room);
    const row = { ...shown, ...(here === undefined ? {} : { here }) };
    const value = Object.keys(row).length === 0 ? null : Buffer.from(JSON.stringify(row));
    await this.#vault.write([{ scope: SCOPE, key: room, value }]);
  }

  async #row(room: RoomId): Promise<Readonly<Record<'hash' | 'uri' | 'here', string | undefined>>> {
    const kept = await this.#vault.read(SCOPE, room);
    const json = kept === undefined ? {} : parseObject(Buffer.from(kept).toString());
    return { hash: textAt(json, 'hash'), uri: textAt(json, 'uri'), here: textAt(json, 'here') };
  }
}
