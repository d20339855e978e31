// Reads an appservice registration file as Synapse does; it must not know rooms or people.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isObject, listAt, objectAt, textAt, textsAt, type Json } from './json.ts';

interface Namespace {
  readonly regex: RegExp;
  readonly exclusive: boolean;
}

export interface Appservice {
  readonly id: string;
  /** No pushing at all when null. */
  readonly url: string | null;
  readonly asToken: string;
  readonly hsToken: string;
  readonly sender: string;
  readonly users: readonly Namespace[];
  readonly aliases: readonly Namespace[];
  readonly rooms: readonly Namespace[];
  readonly protocols: readonly string[];
  readonly ephemeral: boolean;
  readonly unstableEphemeral: boolean;
  /** MSC4190: nobody of it logs in, it makes its devices by PUT. */
  readonly withoutLogins: boolean;
}

function namespaces(from: Json, key: string): Namespace[] {
  return listAt(from, key)
    .filter(isObject)
    .map((entry) => ({
      // Synapse matches from the beginning of the string and not necessarily to its end (Python's re.match).
      regex: new RegExp(`^(?:${textAt(entry, 'regex') ?? ''})`),
      exclusive: entry['exclusive'] === true,
    }));
}

/** Throws a sentence when a needed field is missing. */
export function readRegistration(path: string, serverName: string): Appservice {
  const parsed: unknown = parse(readFileSync(path, 'utf8'));
  if (!isObject(parsed)) throw new Error(`${path} is not a registration`);
  const need = (key: string): string => {
    const value = textAt(parsed, key);
    if (value === undefined) throw new Error(`${path} lacks ${key}`);
    return value;
  };
  if (!('url' in parsed)) throw new Error(`${path} lacks url (null is allowed)`);
  const spaces = objectAt(parsed, 'namespaces');
  const url = textAt(parsed, 'url');
  return {
    id: need('id'),
    url: url === undefined || url === '' ? null : url.replace(/\/$/, ''),
    asToken: need('as_token'),
    hsToken: need('hs_token'),
    sender: `@${need('sender_localpart')}:${serverName}`,
    users: namespaces(spaces, 'users'),
    aliases: namespaces(spaces, 'aliases'),
    rooms: namespaces(spaces, 'rooms'),
    protocols: textsAt(parsed, 'protocols'),
    ephemeral: parsed['receive_ephemeral'] === true,
    unstableEphemeral: parsed['de.sorunome.msc2409.push_ephemeral'] === true,
    withoutLogins: parsed['io.element.msc4190'] === true,
  };
}

export function ownsUser(service: Appservice, userId: string): boolean {
  return service.sender === userId || service.users.some(({ regex }) => regex.test(userId));
}

export function ownsAlias(service: Appservice, alias: string): boolean {
  return service.aliases.some(({ regex }) => regex.test(alias));
}

export function ownsRoom(service: Appservice, roomId: string): boolean {
  return service.rooms.some(({ regex }) => regex.test(roomId));
}

/** The appservice that keeps this name for itself, but for `except`. */
export function exclusiveOwner(
  services: readonly Appservice[],
  kind: 'users' | 'aliases',
  name: string,
  except: Appservice | undefined,
): Appservice | undefined {
  return services.find(
    (service) => service !== except && service[kind].some(({ regex, exclusive }) => exclusive && regex.test(name)),
  );
}
