// Which picture of its network's a room shows, and how one gets into the homeserver's store; knows no room's state.
import { effectId } from '../model/effect.ts';
import { as, type MxcUri, type NetworkId, type RoomId } from '../model/ids.ts';
import type { RoomPictures, ShownPicture } from '../ports/matrix.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Logger, Vault } from '../ports/stores.ts';
import { parseObject, textAt } from './json.ts';
import type { MatrixMedia } from './media.ts';

const SCOPE = 'matrix:room-picture';
const FIELDS = ['hash', 'uri', 'here', 'hereUri', 'taken'] as const;

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

  async fromHere(room: RoomId): Promise<{ readonly set: ShownPicture | undefined; readonly taken: boolean }> {
    const { here, hereUri, taken } = await this.#row(room);
    const set = here === undefined || hereUri === undefined ? undefined : { hash: here, uri: as<MxcUri>(hereUri) };
    return { set, taken: taken !== undefined };
  }

  async keep(room: RoomId, shown: ShownPicture | undefined, how?: 'here'): Promise<void> {
    const set = how === 'here' && shown !== undefined ? shown : (await this.fromHere(room)).set;
    const row = {
      ...shown,
      ...(set === undefined ? {} : { here: set.hash, hereUri: set.uri }),
      ...(how === 'here' && shown === undefined ? { taken: 'here' } : {}),
    };
    const value = Object.keys(row).length === 0 ? null : Buffer.from(JSON.stringify(row));
    await this.#vault.write([{ scope: SCOPE, key: room, value }]);
  }

  async #row(room: RoomId): Promise<Readonly<Record<(typeof FIELDS)[number], string | undefined>>> {
    const kept = await this.#vault.read(SCOPE, room);
    const json = kept === undefined ? {} : parseObject(Buffer.from(kept).toString());
    const [hash, uri, here, hereUri, taken] = FIELDS.map((field) => textAt(json, field));
    return { hash, uri, here, hereUri, taken };
  }
}
