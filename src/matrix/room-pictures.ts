// Which picture of its network's a room shows, and how one gets into the homeserver's store; knows no room's state.
import { effectId } from '../model/effect.ts';
import { as, type MxcUri, type NetworkId, type RoomId } from '../model/ids.ts';
import type { RoomPictures, ShownPicture } from '../ports/matrix.ts';
import type { MediaStream } from '../ports/network.ts';
import type { Logger, Vault } from '../ports/stores.ts';
import { parseObject, textAt } from './json.ts';
import type { MatrixMedia } from './media.ts';

const SCOPE = 'matrix:room-picture';
const FIELDS = ['hash', 'uri', 'here', 'hereUri', 'at', 'taken'] as const;
type Fields = Readonly<Record<(typeof FIELDS)[number], string | undefined>>;

export class VaultedPictures implements RoomPictures {
  readonly #media: MatrixMedia;
  readonly #vault: Pick<Vault, 'read' | 'update'>;
  readonly #log: Logger;

  constructor(media: MatrixMedia, vault: Pick<Vault, 'read' | 'update'>, log: Logger) {
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

  async keep(room: RoomId, shown: ShownPicture | undefined, here?: number): Promise<void> {
    await this.#vault.update(SCOPE, room, (before) => {
      const kept = fieldsOf(before);
      if (before !== undefined && here !== undefined && Number(kept.at ?? 0) > here) return before;
      const row = { ...shown, ...(here === undefined ? setBefore(kept) : setNow(kept, shown, here)) };
      return Object.keys(row).length === 0 ? null : Buffer.from(JSON.stringify(row));
    });
  }

  async #row(room: RoomId): Promise<Fields> {
    return fieldsOf(await this.#vault.read(SCOPE, room));
  }
}

function fieldsOf(kept: Uint8Array | undefined): Fields {
  const json = kept === undefined ? {} : parseObject(Buffer.from(kept).toString());
  const [hash, uri, here, hereUri, at, taken] = FIELDS.map((field) => textAt(json, field));
  return { hash, uri, here, hereUri, at, taken };
}

/** What came from the network changes nothing of it, but that it was taken away. */
function setBefore({ here, hereUri, at }: Fields): Partial<Fields> {
  return here === undefined ? {} : { here, hereUri, at };
}

function setNow(kept: Fields, shown: ShownPicture | undefined, at: number): Partial<Fields> {
  if (shown !== undefined) return { here: shown.hash, hereUri: shown.uri, at: String(at) };
  return { ...setBefore(kept), at: String(at), taken: 'here' };
}
