// Looks into a settings schema: which names a section has, which settings are secret, what kind a value is; knows no values.
import { z } from 'zod';

type Schema = z.core.$ZodType;

interface Inside {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly valueType?: Schema;
}

export interface Shape {
  /** zod's name of the kind of value: string, number, boolean, array, object, record, enum, union … */
  readonly kind: string;
  readonly secret: boolean;
  /** Settings inside, when it is a section. */
  readonly children: Readonly<Record<string, Schema>>;
  /** What every value is like, when the names are free. */
  readonly every: Schema | undefined;
}

/** Looks through optional, default, transform and the like. */
export function shapeOf(schema: Schema): Shape {
  let secret = false;
  let inner: Schema | undefined = schema;
  let current: Inside = insideOf(schema);
  while (inner !== undefined) {
    secret ||= z.globalRegistry.get(inner)?.['secret'] === true;
    current = insideOf(inner);
    inner = current.innerType ?? current.in;
  }
  return { kind: current.type, secret, children: current.shape ?? {}, every: current.valueType };
}

/** Every schema made by zod's own functions has it. */
function insideOf(schema: Schema): Inside {
  return (schema as z.ZodType).def;
}

export function schemaAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const step of path) {
    if (current === undefined) return undefined;
    const shape: Shape = shapeOf(current);
    current = Object.hasOwn(shape.children, step) ? shape.children[String(step)] : shape.every;
  }
  return current;
}

/** Paths of all secret settings in the fixed sections of a schema. */
export function secretPaths(schema: Schema, at: readonly string[] = []): readonly (readonly string[])[] {
  const { secret, children } = shapeOf(schema);
  if (secret) return [at];
  return Object.entries(children).flatMap(([name, child]) => secretPaths(child, [...at, name]));
}
