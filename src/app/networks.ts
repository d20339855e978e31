// The list of networks: one line each; the only place where an adapter is loaded, and only when its network is switched on.
import type { Config, NetworkSettings } from '../config/schema.ts';
import { as, type NetworkId } from '../model/ids.ts';
import type { AdapterContext, NetworkAdapter } from '../ports/network.ts';
import type { PigeonSettings } from '../networks/pigeon/settings.ts';
import type { TelegramSettings } from '../networks/telegram/settings.ts';
import type { WhatsAppSettings } from '../networks/whatsapp/settings.ts';

/** `settings` were validated by the network's own schema (network-sections.ts). */
type Make = (settings: NetworkSettings, context: AdapterContext) => Promise<NetworkAdapter>;

/** Loaded on demand: the libraries behind them are heavy. */
const networks: Readonly<Record<string, Make>> = {
  telegram: async (settings, context) =>
    (await import('../networks/telegram/index.ts')).createTelegram(settings as unknown as TelegramSettings, context),
  whatsapp: async (settings, context) =>
    (await import('../networks/whatsapp/index.ts')).createWhatsApp(settings as unknown as WhatsAppSettings, context),
  pigeon: async (settings, context) =>
    (await import('../networks/pigeon/index.ts')).createPigeon(settings as unknown as PigeonSettings, context),
};

/** The adapters of every network that is enabled. */
export async function openNetworks(
  config: Config,
  context: AdapterContext,
): Promise<ReadonlyMap<NetworkId, NetworkAdapter>> {
  const open = new Map<NetworkId, NetworkAdapter>();
  for (const [id, settings] of Object.entries(config.networks)) {
    const make = networks[id];
    if (!settings.enabled || make === undefined) continue;
    open.set(as<NetworkId>(id), await make(settings, context));
  }
  return open;
}
