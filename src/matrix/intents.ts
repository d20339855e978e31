// What matrix-appservice-bridge does for us: accounts, profiles, memberships and state of our own users; never a message, no queue.
import type { AppServiceRegistration, Bridge, Intent, MembershipCache } from 'matrix-appservice-bridge';
import { BridgeError } from '../model/errors.ts';
import type { MxcUri, RoomId, UserId } from '../model/ids.ts';
import type { Clock } from '../ports/stores.ts';
import { encode, MatrixRefusal } from './client.ts';
import { isObject, textAt, type Json } from './json.ts';

type Library = typeof import('matrix-appservice-bridge');

export interface IntentOptions {
  readonly url: string;
  readonly serverName: string;
  readonly appserviceId: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly clock: Clock;
}

/**
 * The library's intents, with what would harm us left out (docs/appservice-library.md says what, and why). Every call is
 * repeatable and fails as our own client does. @throws MatrixRefusal | BridgeError
 */
export class Intents {
  readonly #options: IntentOptions;
  #bridge: Promise<Bridge> | undefined;

  constructor(options: IntentOptions) {
    this.#options = options;
  }

  /** Makes the account; one that is there already is what was wanted. */
  async register(user: UserId): Promise<void> {
    await this.#as(user, async (intent) => await intent.ensureRegistered(true));
  }

  async setName(user: UserId, name: string): Promise<void> {
    await this.#as(user, async (intent) => await intent.setDisplayName(name));
  }

  /** @param uri undefined takes it away: homeservers read an empty address as none */
  async setPicture(user: UserId, uri: MxcUri | undefined): Promise<void> {
    await this.#as(user, async (intent) => await intent.setAvatarUrl(uri ?? ''));
  }

  async join(user: UserId, room: RoomId): Promise<void> {
    // Not joinRoom(): its strategy turns a passing failure into the refusal of an invitation.
    const path = `/_matrix/client/v3/join/${encode(room)}`;
    await this.#as(user, async (intent) => await intent.matrixClient.doRequest('POST', path, undefined, {}));
  }

  async leave(user: UserId, room: RoomId, why?: string): Promise<void> {
    await this.#as(user, async (intent) => await intent.matrixClient.leaveRoom(room, why));
  }

  async invite(user: UserId, room: RoomId, whom: UserId): Promise<void> {
    await this.#as(user, async (intent) => await intent.matrixClient.inviteUser(whom, room));
  }

  async kick(user: UserId, room: RoomId, whom: UserId, why?: string): Promise<void> {
    await this.#as(user, async (intent) => await intent.matrixClient.kickUser(whom, room, why));
  }

  async setState(user: UserId, room: RoomId, type: string, key: string, content: Json): Promise<void> {
    // Not Intent.sendStateEvent(): refused, it would hand out power to whoever asked.
    await this.#as(user, async (intent) => await intent.matrixClient.sendStateEvent(room, type, key, content));
  }

  async close(): Promise<void> {
    await (await this.#bridge)?.close();
  }

  async #as(user: UserId, work: (intent: Intent) => Promise<unknown>): Promise<void> {
    // Loading takes its time, which a start has not: the first call waits for it.
    this.#bridge ??= initialised(this.#options);
    const bridge = await this.#bridge;
    try {
      await work(bridge.getIntent(user));
    } catch (error) {
      throw ours(error, this.#options.clock.now());
    }
  }
}

/** A bridge that listens to nothing and keeps nothing; it asks the homeserver nothing yet. */
async function initialised(options: IntentOptions): Promise<Bridge> {
  const library = await load();
  const bridge = new library.Bridge({
    homeserverUrl: options.url,
    domain: options.serverName,
    registration: registrationOf(library, options),
    // Nothing is listened to here: our own door takes what the homeserver pushes.
    controller: { onEvent: () => undefined, onLog: () => undefined },
    disableStores: true,
    disableContext: true,
    logRequestOutcome: false,
    queue: { type: 'none' },
    escapeUserIds: false,
    membershipCache: forgetful(library),
    intentOptions: { bot: HARMLESS, clients: HARMLESS },
  });
  await bridge.initialise();
  return bridge;
}

const NOBODY = '_nobody';

/** Powers and memberships are ours to know: the library neither asks for them nor changes them on its own. */
const HARMLESS = { dontCheckPowerLevel: true, dontJoin: true, enablePresence: false };

/** It says nothing on the console, then or later. */
async function load(): Promise<Library> {
  const before = process.noDeprecation;
  // Its older dependencies are deprecated Node's business, not the operator's.
  process.noDeprecation = true;
  try {
    const library = await import('matrix-appservice-bridge');
    library.Logger.configure({ console: 'off' });
    return library;
  } finally {
    process.noDeprecation = before ?? false;
  }
}

/**
 * The registration as the library reads it; the file that the homeserver reads is made elsewhere. The library speaks as the
 * sender without saying so, which is not our bot: the name given here is nobody's, and its intent is never used.
 */
function registrationOf(library: Library, options: IntentOptions): AppServiceRegistration {
  const registration = new library.AppServiceRegistration(null);
  registration.setId(options.appserviceId);
  registration.setAppServiceToken(options.asToken);
  registration.setHomeserverToken(options.hsToken);
  registration.setSenderLocalpart(NOBODY);
  registration.setRateLimited(false);
  return registration;
}

/** Remembers nobody: a ghost that was kicked must be able to join again, and who is registered the ghosts' store knows. */
function forgetful(library: Library): MembershipCache {
  return new (class extends library.MembershipCache {
    override getMemberEntry(): null {
      return null;
    }

    override setMemberEntry(): void {
      // Kept nowhere: it would grow with every room and every ghost.
    }

    override isUserRegistered(): boolean {
      return true;
    }
  })();
}

/** The library throws an error of its own, the bare answer of the homeserver, or whatever the socket said. */
function ours(error: unknown, now: number): BridgeError {
  const at = (name: string): unknown =>
    typeof error === 'object' && error !== null ? (Reflect.get(error, name) as unknown) : undefined;
  const status = at('statusCode');
  if (typeof status !== 'number') {
    return new BridgeError('matrix-unavailable', 'now', 'fault.homeserver', { cause: error, mayHaveHappened: true });
  }
  const body = at('body');
  const json = isObject(body) ? body : {};
  const wait = at('retryAfterMs');
  return new MatrixRefusal(
    status,
    textAt(json, 'errcode') ?? '',
    typeof wait === 'number' ? { ...json, retry_after_ms: wait } : json,
    textAt(at('headers'), 'retry-after'),
    now,
  );
}
