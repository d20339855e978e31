// Settings from the environment: PASSERELLE_SECTION__KEY overrides section.key; knows nothing of what a setting means.
import type { z } from 'zod';
import { schemaAt, shapeOf } from './shape.ts';
import { readYaml } from './yaml.ts';

const PREFIX = 'PASSERELLE_';
/** Read by the command line, the boot script and the image, not settings. */
const OURS = new Set(['PASSERELLE_CONFIG', 'PASSERELLE_IN_IMAGE']);
/** Kubernetes describes a service named "passerelle" to every pod in these. */
const KUBERNETES = /^PASSERELLE_(?:SERVICE_|PORT$|PORT_\d)/;

export interface Override {
  readonly variable: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** `homeserver.serverName` → `PASSERELLE_HOMESERVER__SERVER_NAME` */
export function variableName(path: readonly PropertyKey[]): string {
  const words = path.map((step) =>
    String(step)
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toUpperCase(),
  );
  return PREFIX + words.join('__');
}

/** Empty variables count as absent. Text stays text; other kinds are read as YAML (`true`, `8080`, `["@a:b"]`). */
export function overrides(
  environment: Readonly<Record<string, string | undefined>>,
  schema: (path: readonly string[]) => z.core.$ZodType | undefined,
): readonly Override[] {
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(PREFIX) && value !== undefined && value !== '')
    .filter(([name]) => !OURS.has(name) && !KUBERNETES.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([variable, text = '']) => {
      const path = variable.slice(PREFIX.length).split('__').map(camel);
      return { variable, path, value: asKind(text, schema(path)) };
    });
}

function camel(word: string): string {
  return word.toLowerCase().replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function asKind(text: string, schema: z.core.$ZodType | undefined): unknown {
  if (schema === undefined) return text;
  const { kind } = shapeOf(schema);
  if (kind === 'string' || kind === 'enum') return text;
  try {
    return readYaml(text).value;
  } catch {
    // Not YAML: validation will say what was expected.
    return text;
  }
}

/** Where a setting lies in a schema whose `networks` have schemas of their own. */
export function schemaFinder(
  core: z.core.$ZodType,
  networks: Readonly<Record<string, z.core.$ZodType>>,
): (path: readonly PropertyKey[]) => z.core.$ZodType | undefined {
  return (path) => {
    const [section, network, ...rest] = path;
    if (section !== 'networks' || network === undefined) return schemaAt(core, path);
    const own = networks[String(network)];
    return own === undefined ? undefined : schemaAt(own, rest);
  };
}
