// The bridge speaking as real people, through the second registration and one of their own devices; knows no ghosts and no network.
import type { UserId } from '../model/ids.ts';
import type { Speaker } from '../ports/matrix.ts';
import type { Clock, Vault } from '../ports/stores.ts';
import { MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { field, isObject, textAt } from './json.ts';
import type { Markers } from './marker.ts';
import { MatrixSpeaker } from './speaker.ts';

export interface DoubleOptions {
  readonly client: MatrixClient;
  /** The second registration's; without it nobody is doubled. */
  readonly token: string | undefined;
  readonly isOurs: (user: UserId) => boolean;
  readonly inviter: Speaker;
  readonly markers: Markers;
  readonly vault: Vault;
  readonly clock: Clock;
}

const API = '/_matrix/client/v3';
const SCOPE = 'matrix:double';
const CHECK_MS = 300_000;
const REMEMBERED = 10_000;

export class Doubles {
  readonly #options: DoubleOptions;
  readonly #known = new Map<UserId, { readonly until: number; readonly speaker: Speaker | undefined }>();

  constructor(options: DoubleOptions) {
    this.#options = options;
  }

  /** Undefined for whom the second registration does not allow. */
  async of(user: UserId): Promise<Speaker | undefined> {
    const { clock } = this.#options;
    const who = this.as(user);
    if (who === undefined) return undefined;
    const known = this.#known.get(user);
    if (known !== undefined && known.until > clock.now()) return known.speaker;
    const speaker = await this.#speaker(who);
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(user, { until: clock.now() + CHECK_MS, speaker });
    return speaker;
  }

  as(user: UserId): (As & { readonly user: UserId }) | undefined {
    const { token, isOurs } = this.#options;
    return token === undefined || isOurs(user) ? undefined : { token, user };
  }

  async #speaker(who: As & { readonly user: UserId }): Promise<Speaker | undefined> {
    const { client, markers, inviter } = this.#options;
    try {
      const answer = await client.ask(who, 'GET', `${API}/account/whoami`);
      if (textAt(answer, 'user_id') !== who.user) return undefined;
    } catch (error) {
      // Outside of the second registration's namespace, or the token is not known: this person is not doubled.
      if (!(error instanceof MatrixRefusal) || !error.said(400, 401, 403)) throw error;
      return undefined;
    }
    return new MatrixSpeaker({
      client,
      who: await this.#withDevice(who, false),
      markers,
      mention: () => undefined,
      inviter,
      renew: async () => await this.#withDevice(who, true),
    });
  }

  /**
   * A homeserver remembers transaction ids over its restarts only by device. It is one that the person has: a new one would
   * stand unverified in their list. Kept, so that a try after our own restart names the same.
   */
  async #withDevice(who: As & { readonly user: UserId }, anew: boolean): Promise<As & { readonly user: UserId }> {
    const { client, vault } = this.#options;
    const kept = anew ? undefined : await vault.read(SCOPE, who.user);
    if (kept !== undefined) return { ...who, device: Buffer.from(kept).toString() };
    const answer = await client.ask(who, 'GET', `${API}/devices`);
    const list = field(answer, 'devices');
    const ids = (Array.isArray(list) ? list : [])
      .filter(isObject)
      .flatMap((one) => textAt(one, 'device_id', 255) ?? []);
    const [device] = ids.toSorted((a, b) => (a < b ? -1 : 1));
    if (device === undefined) return who;
    await vault.write([{ scope: SCOPE, key: who.user, value: Buffer.from(device) }]);
    return { ...who, device };
  }
}
