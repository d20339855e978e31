// Run by itself: loads the whole program, opens the networks named in its arguments, prints the packages that were loaded. Starts nothing.
import { registerHooks } from 'node:module';

const loaded = new Set<string>();
registerHooks({
  load: (url, context, next) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return next(url, context);
  },
});

const { openNetworks } = await import('../../../src/app/networks.ts');
const { networkSections } = await import('../../../src/app/network-sections.ts');
await import('../../../src/cli/main.ts');
await import('../../../src/app/build.ts');

const given: Readonly<Record<string, object>> = { telegram: { apiId: 1, apiHash: '0'.repeat(32) }, whatsapp: {} };
const on = process.argv.slice(2);
const sections = Object.entries(given).map(([id, settings]) => {
  const section: unknown = networkSections[id]?.settings.parse({ ...settings, enabled: on.includes(id) });
  return [id, section] as const;
});
const config = { networks: Object.fromEntries(sections) } as Parameters<typeof openNetworks>[0];
// Nothing is asked of the house before somebody logs in.
const context = { identityKey: Buffer.alloc(32) } as unknown as Parameters<typeof openNetworks>[1];
const open = await openNetworks(config, context);
process.stdout.write(JSON.stringify({ open: [...open.keys()], loaded: [...loaded].toSorted() }));
