// WhatsApp's addresses: taken apart, put together, and their domain bytes on the wire. Knows no account.

/** What comes behind the @ of every address that exists. A string with anything else behind its @ is no address. */
const SERVERS: ReadonlySet<string> = new Set([
  's.whatsapp.net',
  'c.us',
  'lid',
  'hosted',
  'hosted.lid',
  'g.us',
  'broadcast',
  'newsletter',
  'bot',
  'call',
  'temp',
  'msgr',
  'interop',
]);

/**
 * `user` is empty for a server itself (`@s.whatsapp.net`, `@g.us`). `device` 0 is the phone, or an address without devices.
 * `agent` is an old domain byte of a phone-number address that is none of the known domains; 0 means none. `integrator` is that
 * of an `interop` address, else 0.
 */
export interface Jid {
  readonly user: string;
  readonly server: string;
  readonly device: number;
  readonly agent: number;
  readonly integrator: number;
}

/** The domain byte of an address with a device, by its server. */
const DOMAINS: ReadonlyMap<string, number> = new Map([
  ['s.whatsapp.net', 0],
  ['lid', 1],
  ['hosted', 128],
  ['hosted.lid', 129],
]);
const SERVER_OF: ReadonlyMap<number, string> = new Map([...DOMAINS].map(([server, domain]) => [domain, server]));

const SHAPE = /^(?:(\d{1,5})-(?=[^@]*@interop$))?([^@:_]*)(?:_(\d{1,3}))?(?::(\d{1,5}))?@([a-z.]+)$/;

/**
 * Takes `user@server`, `user:device@server`, `user_agent:device@s.whatsapp.net`, `integrator-user:device@interop` or `@server`
 * apart; undefined for every other string, a bare server name (`s.whatsapp.net`) included.
 */
export function parseJid(text: string): Jid | undefined {
  const [, integrator, user, agent, device, server] = SHAPE.exec(text) ?? [];
  if (user === undefined || server === undefined || !SERVERS.has(server)) return undefined;
  if (agent !== undefined && (server !== 's.whatsapp.net' || user === '')) return undefined;
  if (device !== undefined && user === '') return undefined;
  const jid = {
    user,
    server,
    device: Number(device ?? 0),
    agent: Number(agent ?? 0),
    integrator: Number(integrator ?? 0),
  };
  // 1, 128 and 129 are domains with names of their own.
  if (jid.agent > 255 || (jid.agent !== 0 && SERVER_OF.has(jid.agent))) return undefined;
  const most = server === 'msgr' || server === 'interop' ? 0xffff : DOMAINS.has(server) ? 0xff : 0;
  return jid.device > most || jid.integrator > 0xffff ? undefined : jid;
}

/** The opposite of parseJid; device 0, agent 0 and integrator 0 are not written. */
export function formatJid({ user, server, ...rest }: Pick<Jid, 'user' | 'server'> & Partial<Jid>): string {
  const { device = 0, agent = 0, integrator = 0 } = rest;
  const before = integrator === 0 ? '' : `${integrator}-`;
  return `${before}${user}${agent === 0 ? '' : `_${agent}`}${device === 0 ? '' : `:${device}`}@${server}`;
}

/** The address without device and agent. Returns `text` itself when it is no address. */
export function bareJid(text: string): string {
  const jid = parseJid(text);
  return jid === undefined ? text : formatJid({ ...jid, device: 0, agent: 0 });
}

/** The domain byte with which an address travels when it has a device; undefined for servers that have none. */
export function domainOf({ server, agent }: Jid): number | undefined {
  return agent === 0 ? DOMAINS.get(server) : agent;
}

/** The address of a user, a device and a domain byte as they travel. */
export function jidOfDomain(user: string, device: number, domain: number): Jid {
  const server = SERVER_OF.get(domain);
  return { user, server: server ?? 's.whatsapp.net', device, agent: server === undefined ? domain : 0, integrator: 0 };
}
