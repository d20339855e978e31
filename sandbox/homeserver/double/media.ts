// Keeps media: asynchronous upload (MSC2246) and authenticated download; it must not know rooms.
import { forbidden, MatrixError, notFound, type Json } from './json.ts';
import type { Requester } from './requester.ts';
import { randomId, type Media, type World } from './world.ts';

const PENDING_PER_USER = 5;

export class MediaStore {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** POST /media/v1/create: an address without content. */
  create(requester: Requester): Json {
    const pending = [...this.#world.media.values()].filter(
      ({ owner, bytes }) => owner === requester.userId && bytes === undefined,
    );
    if (pending.length >= PENDING_PER_USER && requester.service === undefined) {
      throw new MatrixError(429, 'M_LIMIT_EXCEEDED', 'Too Many Requests', { retry_after_ms: 1000 });
    }
    return {
      content_uri: this.#uri(this.#add(requester, undefined, 'application/octet-stream', undefined)),
      unused_expires_at: Date.now() + 86_400_000,
    };
  }

  upload(requester: Requester, bytes: Buffer, contentType: string, fileName: string | undefined): Json {
    return { content_uri: this.#uri(this.#add(requester, bytes, contentType, fileName)) };
  }

  /** PUT /media/v3/upload/{server}/{id}: once, by the one who made the address. */
  fill(
    requester: Requester,
    server: string,
    id: string,
    bytes: Buffer,
    contentType: string,
    fileName: string | undefined,
  ): Json {
    const media = server === this.#world.serverName ? this.#world.media.get(id) : undefined;
    if (media === undefined) throw notFound('Unknown media ID');
    if (media.owner !== requester.userId) throw forbidden('Only the creator of the media ID can upload to it');
    if (media.bytes !== undefined) {
      throw new MatrixError(409, 'M_CANNOT_OVERWRITE_MEDIA', 'Media ID already has content');
    }
    media.bytes = bytes;
    media.contentType = contentType;
    media.fileName = fileName;
    return {};
  }

  /** The content, or 404, or 504 M_NOT_YET_UPLOADED while it is awaited. */
  download(server: string, id: string): { readonly bytes: Buffer; readonly media: Media } {
    const media = server === this.#world.serverName ? this.#world.media.get(id) : undefined;
    if (media === undefined) throw notFound('Not found');
    if (media.bytes === undefined) throw new MatrixError(504, 'M_NOT_YET_UPLOADED', 'Media has not been uploaded yet');
    return { bytes: media.bytes, media };
  }

  #add(requester: Requester, bytes: Buffer | undefined, contentType: string, fileName: string | undefined): Media {
    const media: Media = { mediaId: randomId(24), owner: requester.userId, bytes, contentType, fileName };
    this.#world.media.set(media.mediaId, media);
    return media;
  }

  #uri(media: Media): string {
    return `mxc://${this.#world.serverName}/${media.mediaId}`;
  }
}
