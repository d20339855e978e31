// Judges and keeps logins' remote accounts: rules against the account's own facts, one person per account; knows no steps.
import type { NetworkId, PersonId, PuppetId, UserId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import type { PolicyDesk } from '../policy/policy-desk.ts';
import { loginRefusal } from '../policy/refusal.ts';
import type { NewLogin } from '../ports/login.ts';
import { vaultScope, type NetworkAdapter } from '../ports/network.ts';
import type { Fence } from '../ports/queue.ts';
import type { Clock, PuppetStore, Vault } from '../ports/stores.ts';

/** How many logins there may be that are not signed out. */
export interface LoginCaps {
  readonly perPerson: number;
  readonly all?: number | undefined;
}

export interface AccountDoors {
  readonly adapters: ReadonlyMap<NetworkId, Pick<NetworkAdapter, 'title' | 'loginsPerPerson'>>;
  readonly caps: LoginCaps;
  readonly clock: Clock;
  readonly policy: PolicyDesk;
  readonly puppets: PuppetStore;
  readonly vault: Vault;
}

export interface Judged {
  readonly refused?: Say;
  /** Another person has the same account linked, and a rule allows it. */
  readonly shared: boolean;
}

/** What is kept beside a login for later judgements; sealed, since facts hold phone numbers. */
interface Kept {
  readonly facts: readonly string[];
  readonly shared: boolean;
}

/**
 * The fact that names a remote account in rules: `account:telegram/123`. A second person may link an account only by an
 * allowance whose `chat` begins with `account:`, so that no general allowance ever opens one account to two people.
 */
export function accountFact(network: NetworkId, self: PersonId): string {
  return `account:${network}/${self}`;
}

const REMEMBER_MS = 30_000;

export class Accounts {
  readonly #doors: AccountDoors;
  readonly #kept = new Map<PuppetId, { readonly kept: Kept | undefined; readonly readAt: number }>();

  constructor(doors: AccountDoors) {
    this.#doors = doors;
  }

  /** @param again a login that would be made anew, and counts once @returns why no more may be made on this network */
  async full(user: UserId, network: NetworkId, again?: PuppetId): Promise<Say | undefined> {
    const { puppets, caps, adapters } = this.#doors;
    const open = (all: readonly Puppet[]): readonly Puppet[] =>
      all.filter(({ id, state }) => state !== 'signed-out' && id !== again);
    const own = open(await puppets.ofOwner(user));
    const there = own.filter((one) => one.network === network);
    const { title, loginsPerPerson = Infinity } = adapters.get(network) ?? { title: network };
    if (there.length >= loginsPerPerson) {
      const names = there.map(({ name }) => name).join(', ');
      return say('login.already-linked', { network: title, names, login: network });
    }
    if (own.length >= caps.perPerson) return say('login.cap-person', { count: own.length });
    if (caps.all !== undefined && open(await puppets.all()).length >= caps.all) return say('login.cap-all');
    return undefined;
  }

  /**
   * As full(), while nobody knows which account it will be: one whose connection ended may be linked anew, and judge() counts exactly.
   * @param anew its person says that it is one they had linked: where there is no room for another one, nothing else is begun
   * @returns why no login may be begun on this network
   */
  async fullAtBegin(user: UserId, network: NetworkId, anew: boolean): Promise<Say | undefined> {
    const { puppets, adapters } = this.#doors;
    const own = (await puppets.ofOwner(user)).filter((one) => one.network === network && one.state !== 'signed-out');
    const ended = own.find(isEnded);
    const { title, loginsPerPerson = Infinity } = adapters.get(network) ?? { title: network };
    if (ended !== undefined && !anew && own.length >= loginsPerPerson) {
      return say('login.linked-and-away', { network: title, name: ended.name, login: network });
    }
    return await this.full(user, network, ended?.id);
  }

  async judge(user: UserId, network: NetworkId, title: string, login: NewLogin): Promise<Judged> {
    const { puppets } = this.#doors;
    const before = await puppets.find(login.puppet);
    // Rooms of direct chats hang on the login's id: it never changes hands.
    if (before !== undefined && before.owner !== user) {
      return { refused: say('login.account-of-other', { network: title }), shared: true };
    }
    if (before?.state === 'online') {
      return { refused: say('login.already', { network: title, name: before.name, login: network }), shared: false };
    }
    const full = await this.full(user, network, login.puppet);
    if (full !== undefined) return { refused: full, shared: false };
    const others = (await puppets.ofAccount(network, login.self)).filter(
      (other) => other.owner !== user && other.state !== 'signed-out',
    );
    const shared = others.length > 0;
    const verdict = await this.#verdict(user, network, login.self, login.facts);
    if (verdict.effect === 'deny') return { refused: loginRefusal(verdict, title), shared };
    if (shared && !namesAccount(verdict.because)) return taken(network, title, user, login.self);
    return { shared };
  }

  /**
   * The session first, then the login's row: a crash between leaves a sealed session that nobody opens and that the next
   * login overwrites. @throws FencedError when another process took the attempt over
   */
  async keep(user: UserId, network: NetworkId, login: NewLogin, shared: boolean, fence: Fence): Promise<Puppet> {
    const kept: Kept = { facts: login.facts, shared };
    const value = Buffer.from(JSON.stringify(kept));
    await this.#doors.vault.write([...login.vault, { scope: factsScope(login.puppet), key: 'facts', value }], fence);
    const puppet: Puppet = {
      id: login.puppet,
      network,
      owner: user,
      self: login.self,
      name: login.name,
      state: 'offline',
    };
    await this.#doors.puppets.save(puppet);
    this.#kept.set(puppet.id, { kept, readAt: this.#doors.clock.now() });
    return puppet;
  }

  async mayStay(puppet: Puppet, title: string): Promise<Say | undefined> {
    const kept = await this.#facts(puppet.id);
    const verdict = await this.#verdict(puppet.owner, puppet.network, puppet.self, kept?.facts ?? []);
    if (verdict.effect === 'deny') return loginRefusal(verdict, title);
    if (kept?.shared === true && !namesAccount(verdict.because)) {
      return taken(puppet.network, title, puppet.owner, puppet.self).refused;
    }
    return undefined;
  }

  async forget(puppet: Puppet): Promise<void> {
    await this.#doors.vault.forget(vaultScope(puppet.id));
    await this.#doors.vault.forget(factsScope(puppet.id));
    this.#kept.delete(puppet.id);
  }

  async #verdict(
    user: UserId,
    network: NetworkId,
    self: PersonId,
    facts: readonly string[],
  ): ReturnType<PolicyDesk['may']> {
    return await this.#doors.policy.may({
      action: 'login',
      user,
      network,
      chats: [accountFact(network, self), ...facts],
    });
  }

  /** Asked for every few seconds, so remembered for a while; a login made anew in another process is seen then. */
  async #facts(puppet: PuppetId): Promise<Kept | undefined> {
    const now = this.#doors.clock.now();
    const known = this.#kept.get(puppet);
    // A clock that was set back says nothing of how long ago it was.
    if (known !== undefined && known.readAt <= now && now - known.readAt < REMEMBER_MS) return known.kept;
    const value = await this.#doors.vault.read(factsScope(puppet), 'facts');
    const kept = value === undefined ? undefined : readKept(value);
    this.#kept.set(puppet, { kept, readAt: now });
    return kept;
  }
}

function taken(network: NetworkId, title: string, user: UserId, self: PersonId): Judged & { readonly refused: Say } {
  const rule = `allow login ${user} ${network} ${accountFact(network, self)}`;
  return { refused: say('login.account-taken', { network: title, rule }), shared: true };
}

function namesAccount(because: readonly { readonly chat?: string }[]): boolean {
  return because.some((rule) => rule.chat?.toLowerCase().startsWith('account:') === true);
}

/** A scope beside the adapter's own, which reads everything in its scope. */
function factsScope(puppet: PuppetId): string {
  return `account:${puppet}`;
}

/** @throws SyntaxError when the vault holds something else */
/** Its line ended, or does not open, and it is known why: not one that was linked a moment ago and is being opened. */
function isEnded({ state, why }: Puppet): boolean {
  return state !== 'online' && (state !== 'offline' || why !== undefined);
}

function readKept(value: Uint8Array): Kept {
  return JSON.parse(Buffer.from(value).toString()) as Kept;
}
