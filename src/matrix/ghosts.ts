// Ghosts on the homeserver: account, device, name and picture; knows no rooms.
import type { PersonSnapshot } from '../model/chat.ts';
import { BridgeError } from '../model/errors.ts';
import type { MxcUri, NetworkId, PersonId, UserId } from '../model/ids.ts';
import type { MediaSource } from '../model/message.ts';
import type { Ghost } from '../model/records.ts';
import type { Clock, GhostStore, Logger } from '../ports/stores.ts';
import { MatrixRefusal, type As, type MatrixClient } from './client.ts';
import type { OurIds } from './ids.ts';
import type { Intents } from './intents.ts';
import { shortened, tamed } from './state.ts';

export const DEVICE = 'PASSERELLE';

export interface GhostOptions {
  readonly client: MatrixClient;
  readonly intents: Pick<Intents, 'register' | 'setName' | 'setPicture'>;
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

  /** The device once more, and the account when the homeserver does not know it any more either. */
  async renew(user: UserId): Promise<As> {
    const { client, intents, token } = this.#options;
    return await enter(client, intents, { token, user });
  }

  close(): void {
    this.#stop.abort();
  }

  async #prepare(network: NetworkId, person: PersonId, user: UserId): Promise<Ghost> {
    const { client, intents, token, store } = this.#options;
    const known = await store.find(network, person);
    if (known?.registered === true) return known;
    await intents.register(user);
    await makeDevice(client, { token, user });
    const ghost: Ghost = { ...known, network, person, user, registered: true };
    await store.save(ghost);
    return ghost;
  }

  async #offer(ghost: Ghost, profile: PersonSnapshot): Promise<void> {
    const { store, clock } = this.#options;
    const kept = (await store.find(ghost.network, ghost.person)) ?? ghost;
    const name = this.#nameOf(kept.network, profile);
    const same = isShown(kept, profile.avatar);
    if (name === kept.name && same) return;
    const wait = (kept.profiledAt ?? 0) + PROFILE_EVERY_MS - clock.now();
    // A network may have to ask for the picture of somebody whose name came by itself: the first one is no change.
    const isFirst = name === kept.name && !same && kept.avatarHash === undefined;
    if (kept.profiledAt !== undefined && wait > 0 && !isFirst) {
      this.#later(kept.user, profile, wait);
      return;
    }
    try {
      await this.#push(kept, profile);
    } catch (error) {
      // A name is a nicety: no message waits for it, nor for a homeserver that forbids it.
      this.#options.log.info({ error, code: 'profile' }, 'a ghost’s profile was put off');
      this.#later(kept.user, profile, PROFILE_EVERY_MS);
    }
  }

  /** The newest profile that was put off is pushed when its time has come; lost at a stop, it is offered again. */
  #later(user: UserId, profile: PersonSnapshot, wait: number): void {
    const waiting = this.#pending.has(user);
    this.#pending.set(user, profile);
    if (waiting) return;
    const work = async (): Promise<void> => {
      await this.#options.clock.sleep(wait, this.#stop.signal);
      const newest = this.#pending.get(user);
      this.#pending.delete(user);
      const ghost = await this.#options.store.byUser(user);
      if (newest !== undefined && ghost !== undefined) await this.#push(ghost, newest);
    };
    work().catch((error: unknown) => {
      this.#pending.delete(user);
      if (!this.#stop.signal.aborted) this.#options.log.info({ error, code: 'profile' }, 'a ghost keeps its profile');
    });
  }

  async #push(ghost: Ghost, profile: PersonSnapshot): Promise<void> {
    const { intents, store, clock, picture } = this.#options;
    const name = this.#nameOf(ghost.network, profile);
    let now: Ghost = { ...ghost, profiledAt: clock.now() };
    if (name !== ghost.name) {
      await intents.setName(ghost.user, name);
      now = { ...now, name };
      await store.save(now);
    }
    const { avatar } = profile;
    if (avatar === undefined || isShown(ghost, avatar)) return;
    if (avatar === null) {
      await intents.setPicture(ghost.user, undefined);
      const { avatarHash: _gone, ...bare } = now;
      await store.save(bare);
      return;
    }
    const uri = await picture(ghost.network, avatar.hash, avatar.source);
    if (uri === undefined) return;
    await intents.setPicture(ghost.user, uri);
    await store.save({ ...now, avatarHash: avatar.hash });
  }

  #nameOf(network: NetworkId, profile: PersonSnapshot): string {
    const title = this.#options.titles[network] ?? network;
    const raw = profile.name ?? (profile.username === undefined ? undefined : `@${profile.username}`);
    return ghostName(raw, title, Object.values(this.#options.titles));
  }
}

function isShown(ghost: Ghost, avatar: PersonSnapshot['avatar']): boolean {
  return avatar === undefined || avatar?.hash === ghost.avatarHash;
}

/** Name with a suffix that remote text cannot forge or push out of sight: no hidden characters, no bracket of ours at its end. */
export function ghostName(raw: string | undefined, title: string, titles: readonly string[]): string {
  let name = tamed(raw ?? '');
  const all = [...titles, title].map((one) => RegExp.escape(one)).join('|');
  const forged = new RegExp(String.raw`\s*[(（]\s*(?:${all})\s*[)）]\s*$`, 'iu');
  while (forged.test(name)) name = name.replace(forged, '').trim();
  name = shortened(name, 80);
  return name === '' ? title : `${name} (${title})`;
}

/** MSC4190: no login, no access token of its own. @returns the user with that device */
export async function makeDevice(client: MatrixClient, who: As & { readonly user: UserId }): Promise<As> {
  const path = `/_matrix/client/v3/devices/${DEVICE}`;
  await client.ask(who, 'PUT', path, { body: { display_name: 'Passerelle' } });
  return { ...who, device: DEVICE };
}

/** The bot's account and device. An account is made only when there is none, so that a start loads no library for it. */
export async function enter(
  client: MatrixClient,
  intents: Pick<Intents, 'register'>,
  who: As & { readonly user: UserId },
): Promise<As> {
  try {
    return await makeDevice(client, who);
  } catch (error) {
    if (!(error instanceof MatrixRefusal) || !error.said(403)) throw error;
    try {
      await intents.register(who.user);
    } catch (second) {
      // Not ours to register: then the first refusal says what is wrong.
      throw second instanceof BridgeError && second.retry === 'never' ? error : second;
    }
    return await makeDevice(client, who);
  }
}
