// The sign in the content of everything we send, by which our own events are known again; keyed, bound to the room.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { as, type EffectId, type RoomId } from '../model/ids.ts';

export const MARKER = 'fr.passerelle.delivery';

/** `v1.<effect id>.<HMAC-SHA256 over room and effect, base64url, 22 characters>` */
export class Markers {
  readonly #key: Uint8Array;

  constructor(identityKey: Uint8Array) {
    this.#key = identityKey;
  }

  write(room: RoomId, effect: EffectId): string {
    return `v1.${effect}.${this.#sign(room, effect)}`;
  }

  /** The effect, when the marker is ours and was made for this room. Constant time in the signature. */
  read(room: RoomId, marker: string): EffectId | undefined {
    const match = /^v1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{22})$/.exec(marker);
    const [, effect, signature] = match ?? [];
    if (effect === undefined || signature === undefined) return undefined;
    const id = as<EffectId>(effect);
    return timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(room, id))) ? id : undefined;
  }

  #sign(room: RoomId, effect: EffectId): string {
    return createHmac('sha256', this.#key).update(`marker\0${room}\0${effect}`).digest('base64url').slice(0, 22);
  }
}
