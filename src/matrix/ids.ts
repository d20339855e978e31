// Makes and recognises the bridge's own user ids and aliases; never a phone number in them, and no wire is spoken here.
import { createHmac } from 'node:crypto';
import { as, portalKeyText, type NetworkId, type PersonId, type PortalKey, type UserId } from '../model/ids.ts';

export interface OurIdOptions {
  readonly serverName: string;
  readonly botLocalpart: string;
  /** Network id → ghost prefix, such as `tg`. */
  readonly prefixes: Readonly<Record<string, string>>;
  readonly identityKey: Uint8Array;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base32 in lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? out + ALPHABET.charAt((held << (5 - bits)) & 31) : out;
}

export class OurIds {
  readonly bot: UserId;
  readonly serverName: string;
  readonly #prefixes: Readonly<Record<string, string>>;
  readonly #key: Uint8Array;
  readonly #ghost: RegExp;

  constructor(options: OurIdOptions) {
    this.bot = as<UserId>(`@${options.botLocalpart}:${options.serverName}`);
    this.serverName = options.serverName;
    this.#prefixes = options.prefixes;
    this.#key = options.identityKey;
    const names = Object.values(options.prefixes).map((one) => RegExp.escape(one));
    this.#ghost = new RegExp(
      `^@_(?:${names.length === 0 ? '(?!)' : names.join('|')})_[a-z2-7]{26}:${RegExp.escape(options.serverName)}$`,
    );
  }

  ghostLocalpart(network: NetworkId, person: PersonId): string {
    return `_${this.#prefix(network)}_${this.#opaque('ghost', `${network}|${person}`)}`;
  }

  ghost(network: NetworkId, person: PersonId): UserId {
    return as<UserId>(`@${this.ghostLocalpart(network, person)}:${this.serverName}`);
  }

  aliasLocalpart(portal: PortalKey): string {
    return `_${this.#prefix(portal.network)}_${this.#opaque('alias', portalKeyText(portal))}`;
  }

  alias(portal: PortalKey): string {
    return `#${this.aliasLocalpart(portal)}:${this.serverName}`;
  }

  /** Of the room of this person with the bot; under a network's prefix, since only those are reserved for us. */
  managementLocalpart(user: UserId): string {
    const [prefix] = Object.values(this.#prefixes).toSorted((a, b) => (a < b ? -1 : 1));
    return `_${prefix ?? ''}_${this.#opaque('management', user)}`;
  }

  spaceLocalpart(user: UserId, network: NetworkId): string {
    return `_${this.#prefix(network)}_${this.#opaque('space', `${network}|${user}`)}`;
  }

  /** What m.bridge calls the chat: opaque as well, since room state is readable by every member. */
  channel(portal: PortalKey): string {
    return this.#opaque('channel', portalKeyText(portal));
  }

  isGhost(user: string): boolean {
    return this.#ghost.test(user);
  }

  isOurs(user: string): boolean {
    return user === this.bot || this.isGhost(user);
  }

  #prefix(network: NetworkId): string {
    const prefix = Object.hasOwn(this.#prefixes, network) ? this.#prefixes[network] : undefined;
    if (prefix === undefined) throw new Error('a network without a ghost prefix');
    return prefix;
  }

  #opaque(what: string, text: string): string {
    return base32(createHmac('sha256', this.#key).update(`${what}\0${text}`).digest()).slice(0, 26);
  }
}
