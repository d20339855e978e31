// Ghosts on the homeserver: account, device, name and picture; knows no rooms.
import type { PersonSnapshot } from '../model/chat.ts';
import type { MxcUri, NetworkId, PersonId, UserId } from '../model/ids.ts';
import type { MediaSource } from '../model/message.ts';
import type { Ghost } from '../model/records.ts';
import type { Clock, GhostStore, Logger } from '../ports/stores.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import type { OurIds } from './ids.ts';

export const DEVICE = 'PASSERELLE';

export interface GhostOptions {
  readonly client: MatrixClient;
  readonly ids: OurIds;
  readonly token: string;
  readonly store: GhostStore;
  readonly titles: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Puts a picture into the homeserver's store; undefined when it cannot be had now. */
  readonly picture: (network: NetworkId, hash: string, source: MediaSource) => Promise<MxcUri | undefined>;
}

const PROFILE_EVERY_MS = 600_000;

export class Ghosts {
  readonly #options: GhostOptions;
  readonly #ready = new Map<UserId, Promise<Ghost>>();
  readonly #pending = new Map<UserId, PersonSnapshot>();
  readonly #stop = new AbortController();

  constructor(options: GhostOptions) {
    this.#options = options;
  }

  /** Registered with its device; the profile is pushed now or, when one was pushed just before, later. */
  async ensure(network: NetworkId, person: PersonId, profile?: PersonSnapshot): Promise<Ghost> {
    const user = this.#options.ids.ghost(network, person);
    let ready = this.#ready.get(user);
    if (ready === undefined) {
      if (this.#ready.size >= 10_000) this.#ready.clear();
      ready = this.#prepare(network, person, user);
      this.#ready.set(user, ready);
      ready.catch(() => this.#ready.delete(user));
    }
    const ghost = await ready;
    if (profile !== undefined) await this.#offer(ghost, profile);
    return ghost;
  }

  /** After M_UNKNOWN_DEVICE: somebody deleted it. */
  async renew(user: UserId): Promise<void> {
    await makeDevice(this.#options.client, { token: this.#options.token, user });
  }

  close(): void {
    this.#stop.abort();
  }

  async #prepare(network: NetworkId, person: PersonId, user: UserId): Promise<Ghost> {
    const { client, ids, token, store } = this.#options;
    const known = await store.find(network, person);
    if (known?.registered === true) return known;
    await register(client, token, ids.ghostLocalpart(network, person));
    await makeDevice(client, { token, user });
    const ghost: Ghost = { ...known, network, person, user, registered: true };
    await store.save(ghost);
    return ghost;
  }

  async #offer(ghost: Ghost, profile: PersonSnapshot): Promise<void> {
    const { store, clock } = this.#options;
    const kept = (await store.find(ghost.network, ghost.person)) ?? ghost;
    const name = this.#nameOf(kept.network, profile);
    if (name === kept.name && (profile.avatar === undefined || profile.avatar.hash === kept.avatarHash)) return;
    const wait = (kept.profiledAt ?? 0) + PROFILE_EVERY_MS - clock.now();
    if (kept.profiledAt === undefined || wait <= 0) {
      await this.#push(kept, profile);
      return;
    }
    const waiting = this.#pending.has(kept.user);
    this.#pending.set(kept.user, profile);
    if (!waiting) this.#later(kept.user, wait);
  }

  #later(user: UserId, wait: number): void {
    const work = async (): Promise<void> => {
      await this.#options.clock.sleep(wait, this.#stop.signal);
      const profile = this.#pending.get(user);
      this.#pending.delete(user);
      if (profile === undefined || this.#stop.signal.aborted) return;
      const ghost = await this.#options.store.byUser(user);
      if (ghost !== undefined) await this.#push(ghost, profile);
    };
    work().catch((error: unknown) => {
      this.#pending.delete(user);
      // The next message of this person offers the profile again.
      if (!this.#stop.signal.aborted) this.#options.log.debug({ error }, 'a profile change was put off');
    });
  }

  async #push(ghost: Ghost, profile: PersonSnapshot): Promise<void> {
    const { client, token, store, clock, picture } = this.#options;
    const who: As = { token, user: ghost.user };
    const path = `/_matrix/client/v3/profile/${encode(ghost.user)}`;
    const name = this.#nameOf(ghost.network, profile);
    if (name !== ghost.name) await client.ask(who, 'PUT', `${path}/displayname`, { body: { displayname: name } });
    let hash = ghost.avatarHash;
    if (profile.avatar !== undefined && profile.avatar.hash !== hash) {
      const uri = await picture(ghost.network, profile.avatar.hash, profile.avatar.source);
      if (uri !== undefined) {
        await client.ask(who, 'PUT', `${path}/avatar_url`, { body: { avatar_url: uri } });
        hash = profile.avatar.hash;
      }
    }
    await store.save({ ...ghost, name, profiledAt: clock.now(), ...(hash === undefined ? {} : { avatarHash: hash }) });
  }

  #nameOf(network: NetworkId, profile: PersonSnapshot): string {
    const title = this.#options.titles[network] ?? network;
    const raw = profile.name ?? (profile.username === undefined ? undefined : `@${profile.username}`);
    return ghostName(raw, title, Object.values(this.#options.titles));
  }
}

/** Name with a suffix that remote text cannot forge: no hidden characters, no bracket of ours at its end. */
export function ghostName(raw: string | undefined, title: string, titles: readonly string[]): string {
  let name = (raw ?? '')
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const all = [...titles, title].map((one) => RegExp.escape(one)).join('|');
  const forged = new RegExp(String.raw`\s*[(（]\s*(?:${all})\s*[)）]\s*$`, 'iu');
  while (forged.test(name)) name = name.replace(forged, '').trim();
  // A cut through a pair of surrogates leaves half of one: toWellFormed would show it as a box, so it goes.
  name = name
    .slice(0, 80)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim();
  return name === '' ? title : `${name} (${title})`;
}

/** MSC4190: no login, no access token of its own. */
export async function makeDevice(client: MatrixClient, who: As & { readonly user: UserId }): Promise<void> {
  const path = `/_matrix/client/v3/devices/${DEVICE}`;
  await client.ask(who, 'PUT', path, { body: { display_name: 'Passerelle' } });
}

export async function register(client: MatrixClient, token: string, username: string): Promise<void> {
  try {
    const body = { type: 'm.login.application_service', username, inhibit_login: true };
    await client.ask({ token }, 'POST', '/_matrix/client/v3/register', { body });
  } catch (error) {
    // Made before a crash: that is what we wanted.
    if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_USER_IN_USE') throw error;
  }
}
