// Addresses of profile pictures: signed, good for a while, and what stands at them. Whoever has an address is served; who is
// given one is told elsewhere.

import { createHmac, randomBytes } from 'node:crypto';
import type { Picture } from '../world/person.ts';
import type { World } from '../world/world.ts';
import { said, type WebAnswer } from './host.ts';

export const PICTURE_HOST = 'pps.whatsapp.net';

export type PictureSize = 'image' | 'preview';

/** The real ones are good for some days as well. */
const GOOD_FOR_S = 7 * 86_400;
const STAMPS: Readonly<Record<PictureSize, string>> = { image: 'dst-jpg_s640x640', preview: 'dst-jpg_s96x96' };

export class PicturePages {
  readonly #world: World;
  readonly #key = randomBytes(32);

  constructor(world: World) {
    this.#world = world;
  }

  /** The path with its query. */
  pathOf(picture: Picture, size: PictureSize): string {
    const path = `/v/t61.24694-24/${picture.id}_n.jpg`;
    const [stp, oe] = [STAMPS[size], (this.#world.clock.seconds() + GOOD_FOR_S).toString(16)];
    return `${path}?stp=${stp}&oh=${this.#sign(path, stp, oe)}&oe=${oe}`;
  }

  at(url: URL): WebAnswer {
    const { pathname, searchParams } = url;
    const [stp = '', oh, oe = ''] = ['stp', 'oh', 'oe'].map((name) => searchParams.get(name) ?? '');
    if (oh !== this.#sign(pathname, stp, oe)) return said(403, 'Bad URL hash');
    if (Number.parseInt(oe, 16) < this.#world.clock.seconds()) return said(403, 'URL signature expired');
    const [, id = ''] = /(\d+)_n\.jpg$/.exec(pathname) ?? [];
    const picture = this.#world.pictures.get(id);
    if (picture === undefined) return said(404, 'Not Found');
    const bytes = stp === STAMPS.preview ? (picture.preview ?? picture.bytes) : picture.bytes;
    return { status: 200, mime: 'image/jpeg', bytes };
  }

  #sign(path: string, stp: string, oe: string): string {
    return createHmac('sha256', this.#key).update(`${path}\n${stp}\n${oe}`).digest('hex').slice(0, 32);
  }
}
