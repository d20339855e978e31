// The layers this simulator can speak, each generated when first asked for. The only thing in sandbox/ that touches the
// packages of the clients, and only for the text of their schemas.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Layer } from './layer.ts';
import { parseJson, parseTl } from './schema.ts';

const require = createRequire(import.meta.url);

function gramjs(): Layer {
  return new Layer(198, parseTl(require('telegram/tl/apiTl.js') as string));
}

function mtcute(path: string): Layer {
  const { layer, definitions } = parseJson(readFileSync(require.resolve(path), 'utf8'));
  return new Layer(layer, definitions);
}

/** Layer 223 is what the package @mtcute/tl holds; @mtcute/core 0.30.3 carries its own schema and speaks 227. */
const SOURCES: ReadonlyMap<number, () => Layer> = new Map([
  [198, gramjs],
  [223, () => mtcute('@mtcute/tl/api-schema.json')],
  [227, () => mtcute('@mtcute/core/tl/api-schema.json')],
]);

export const LAYERS: readonly number[] = [...SOURCES.keys()];

export const BASE_LAYER = 198;

const loaded = new Map<number, Layer>();

/** The layer itself, or the newest known one below it, or the oldest. */
export function layerFor(asked: number): Layer {
  const number = LAYERS.findLast((known) => known <= asked) ?? BASE_LAYER;
  let layer = loaded.get(number);
  if (layer === undefined) {
    const make = SOURCES.get(number);
    if (make === undefined) throw new Error(`no schema of layer ${number}`);
    layer = make();
    loaded.set(number, layer);
  }
  return layer;
}
