// The wiring point of network settings: each network's id, id prefix, schema and servers; imports only their settings.ts, never an adapter.
import type { z } from 'zod';
import type { Config, NetworkSettings } from '../config/schema.ts';
import { serverAddress, settingsSchema as pigeonSettings, type PigeonSettings } from '../networks/pigeon/settings.ts';
import { settingsSchema as telegramSettings, type TelegramSettings } from '../networks/telegram/settings.ts';
import { settingsSchema as whatsappSettings, type WhatsAppSettings } from '../networks/whatsapp/settings.ts';

export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

export interface NetworkSection {
  /** Two or three letters in ghost and alias ids; the adapter's own `prefix`. */
  readonly prefix: string;
  readonly settings: z.ZodType;
  /** A server that must be reachable for the network to work; asked by the doctor. */
  readonly endpoint: (settings: NetworkSettings) => Endpoint;
}

/** Telegram's second data centre, where new connections begin (core.telegram.org/mtproto). */
const TELEGRAM: Endpoint = { host: '149.154.167.50', port: 443 };

const USUAL_PORTS: Readonly<Record<string, number>> = { 'wss:': 443, 'https:': 443, 'socks5:': 1080 };
const WHATSAPP: Endpoint = { host: 'web.whatsapp.com', port: 443 };

/** One line per network. */
export const networkSections: Readonly<Record<string, NetworkSection>> = {
  telegram: { prefix: 'tg', settings: telegramSettings, endpoint: telegramEndpoint },
  whatsapp: { prefix: 'wa', settings: whatsappSettings, endpoint: whatsappEndpoint },
  pigeon: {
    prefix: 'pg',
    settings: pigeonSettings,
    endpoint: (section) => serverAddress(section as unknown as PigeonSettings),
  },
};

export function sectionSchemas(): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(Object.entries(networkSections).map(([id, section]) => [id, section.settings]));
}

/** The servers of every network that is enabled, by network id. */
export function enabledEndpoints(config: Config): Readonly<Record<string, Endpoint>> {
  return Object.fromEntries(
    Object.entries(config.networks).flatMap(([id, settings]) => {
      const endpoint = settings.enabled ? networkSections[id]?.endpoint(settings) : undefined;
      return endpoint === undefined ? [] : [[id, endpoint]];
    }),
  );
}

function telegramEndpoint(settings: NetworkSettings): Endpoint {
  const { test } = settings as unknown as TelegramSettings;
  const [first] = Object.values(test?.dcs ?? {});
  if (first === undefined) return TELEGRAM;
  const colon = first.lastIndexOf(':');
  return { host: first.slice(0, colon).replaceAll(/^\[|\]$/g, ''), port: Number(first.slice(colon + 1)) };
}

function whatsappEndpoint(settings: NetworkSettings): Endpoint {
  const { test, proxy } = settings as unknown as WhatsAppSettings;
  const address = proxy?.reveal() ?? test?.url;
  if (address === undefined) return WHATSAPP;
  const { hostname, port, protocol } = new URL(address);
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (USUAL_PORTS[protocol] ?? 80) : Number(port),
  };
}
