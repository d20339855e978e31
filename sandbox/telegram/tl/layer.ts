// One layer of the API: a codec generated from its definitions. An object is `{ _: constructor, field: value }` with the
// schema's own field names; long is bigint, bytes is Buffer, `true` flags are present or absent. Writing an object that
// was made with another layer in mind leaves out what this layer does not know and fills in what it demands.

import { TlError, TlReader, TlWriter } from './binary.ts';
import type { TlDefinition, TlField, TlType } from './schema.ts';

export type TlValue = string | number | bigint | boolean | Uint8Array | TlObject | readonly TlValue[] | undefined;

export interface TlObject {
  readonly _: string;
  readonly [field: string]: TlValue;
}

type Put = (out: TlWriter, value: TlValue) => void;
type Get = (from: TlReader) => TlValue;

const VECTOR = 0x1cb5c415;
const TRUE = 0x997275b5;
const FALSE = 0xbc799737;
const MAX_VECTOR = 100_000;

const EMPTY = Buffer.alloc(0);

const SIZES = { int128: 16, int256: 32 } as const;

interface Compiled {
  readonly definition: TlDefinition;
  readonly put: (out: TlWriter, value: TlObject) => void;
  readonly get: (from: TlReader) => TlObject;
}

function present(field: TlField, value: TlObject): boolean {
  const given = value[field.name];
  return field.type.kind === 'true' ? given === true : given !== undefined;
}

/** Codec of one layer. Throws TlError for bytes that do not parse and for values that do not fit. */
export class Layer {
  readonly number: number;
  readonly #constructors = new Map<string, Compiled>();
  readonly #constructorsById = new Map<number, Compiled>();
  readonly #methods = new Map<string, Compiled>();
  readonly #methodsById = new Map<number, Compiled>();
  readonly #byType = new Map<string, TlDefinition[]>();

  constructor(number: number, definitions: readonly TlDefinition[]) {
    this.number = number;
    for (const definition of definitions) {
      const compiled: Compiled = { definition, put: this.#putter(definition), get: this.#getter(definition) };
      if (definition.method) {
        this.#methods.set(definition.name, compiled);
        this.#methodsById.set(definition.id, compiled);
      } else {
        this.#constructors.set(definition.name, compiled);
        this.#constructorsById.set(definition.id, compiled);
        if (definition.result.kind === 'object') {
          const siblings = this.#byType.get(definition.result.name);
          if (siblings === undefined) this.#byType.set(definition.result.name, [definition]);
          else siblings.push(definition);
        }
      }
    }
  }

  get constructors(): readonly TlDefinition[] {
    return [...this.#constructors.values()].map((one) => one.definition);
  }

  get methods(): readonly TlDefinition[] {
    return [...this.#methods.values()].map((one) => one.definition);
  }

  method(name: string): TlDefinition | undefined {
    return this.#methods.get(name)?.definition;
  }

  constructorsOf(type: string): readonly TlDefinition[] {
    return this.#byType.get(type) ?? [];
  }

  /** The definition of the method that begins here, or undefined; the reader does not move. */
  peekMethod(from: TlReader): TlDefinition | undefined {
    return this.#methodsById.get(from.peekUint())?.definition;
  }

  /** Reads a request. A generic query inside it (`!X`) is left unread: the reader stands before it, its value is absent. */
  readMethod(from: TlReader): TlObject {
    const id = from.uint();
    const compiled = this.#methodsById.get(id);
    if (compiled === undefined) throw new TlError(`no method ${id.toString(16)} in layer ${this.number}`);
    return compiled.get(from);
  }

  writeMethod(request: TlObject): Buffer {
    const compiled = this.#methods.get(request._);
    if (compiled === undefined) throw new TlError(`no method ${request._} in layer ${this.number}`);
    const out = new TlWriter();
    out.uint(compiled.definition.id);
    compiled.put(out, request);
    return out.finish();
  }

  /** The answer to a method: an object, Bool, a vector. */
  writeResult(method: string, value: TlValue): Buffer {
    const compiled = this.#methods.get(method);
    if (compiled === undefined) throw new TlError(`no method ${method} in layer ${this.number}`);
    const out = new TlWriter();
    this.#put(compiled.definition.result)(out, value);
    return out.finish();
  }

  readResult(method: string, bytes: Buffer): TlValue {
    const compiled = this.#methods.get(method);
    if (compiled === undefined) throw new TlError(`no method ${method} in layer ${this.number}`);
    return this.#get(compiled.definition.result)(new TlReader(bytes));
  }

  write(value: TlObject): Buffer {
    const out = new TlWriter();
    this.#putObject(out, value, null);
    return out.finish();
  }

  read(bytes: Buffer): TlObject {
    const from = new TlReader(bytes);
    const value = this.#getObject(from, null);
    if (from.left > 0) throw new TlError(`${from.left} bytes after ${value._}`);
    return value;
  }

  /** The least an object of this type can be: what a field that this layer demands and nobody gave is filled with. */
  defaultOf(type: TlType): TlValue {
    switch (type.kind) {
      case 'int':
      case 'double':
      case 'flags':
        return 0;
      case 'long':
        return 0n;
      case 'string':
        return '';
      case 'bytes':
        return EMPTY;
      case 'int128':
      case 'int256':
        return Buffer.alloc(SIZES[type.kind]);
      case 'bool':
        return false;
      case 'true':
        return true;
      case 'vector':
        return [];
      case 'any':
        throw new TlError('a generic value has no default');
      case 'object': {
        const siblings = this.constructorsOf(type.name);
        const best =
          siblings.find((one) => one.name.endsWith('Empty') && one.fields.length === 0) ??
          siblings.find((one) => one.fields.every((field) => field.when !== null || field.type.kind === 'flags')) ??
          siblings[0];
        if (best === undefined) throw new TlError(`no constructor of ${type.name} in layer ${this.number}`);
        return { _: best.name };
      }
    }
  }

  #putter(definition: TlDefinition): (out: TlWriter, value: TlObject) => void {
    const steps = definition.fields.map((field): ((out: TlWriter, value: TlObject) => void) => {
      if (field.type.kind === 'flags') {
        const bits = definition.fields.filter((other) => other.when?.flags === field.name);
        return (out, value) => {
          let flags = 0;
          for (const other of bits) if (present(other, value)) flags |= 1 << (other.when?.bit ?? 0);
          out.int(flags);
        };
      }
      if (field.type.kind === 'true') return () => undefined;
      const put = this.#put(field.type);
      const fill = (): TlValue => this.defaultOf(field.type);
      if (field.when === null) return (out, value) => put(out, value[field.name] ?? fill());
      const { flags, bit } = field.when;
      const companions = definition.fields.filter((other) => other.when?.flags === flags && other.when.bit === bit);
      return (out, value) => {
        if (companions.some((other) => present(other, value))) put(out, value[field.name] ?? fill());
      };
    });
    return (out, value) => {
      for (const step of steps) step(out, value);
    };
  }

  #getter(definition: TlDefinition): (from: TlReader) => TlObject {
    const fields = definition.fields.map((field) => ({ ...field, get: this.#get(field.type) }));
    return (from) => {
      const value: Record<string, TlValue> & { _: string } = { _: definition.name };
      const flags: Record<string, number> = {};
      for (const { name, type, when, get } of fields) {
        if (type.kind === 'flags') flags[name] = from.int();
        else if (when !== null && (((flags[when.flags] ?? 0) >>> when.bit) & 1) === 0) continue;
        else if (type.kind === 'true') value[name] = true;
        else if (type.kind !== 'any') value[name] = get(from);
      }
      return value;
    };
  }

  #put(type: TlType): Put {
    const wrong = (value: TlValue): never => {
      throw new TlError(`a ${type.kind} cannot be ${typeof value}`);
    };
    switch (type.kind) {
      case 'int':
        return (out, value) => void (typeof value === 'number' ? out.int(value) : wrong(value));
      case 'long':
        return (out, value) => void (typeof value === 'bigint' ? out.long(value) : wrong(value));
      case 'double':
        return (out, value) => void (typeof value === 'number' ? out.double(value) : wrong(value));
      case 'string':
        return (out, value) => void (typeof value === 'string' ? out.string(value) : wrong(value));
      case 'bytes':
        return (out, value) => void (value instanceof Uint8Array ? out.bytes(value) : wrong(value));
      case 'int128':
      case 'int256': {
        const size = SIZES[type.kind];
        return (out, value) =>
          void (value instanceof Uint8Array && value.length === size ? out.raw(value) : wrong(value));
      }
      case 'bool':
        return (out, value) => void out.uint(value === true ? TRUE : FALSE);
      case 'true':
      case 'flags':
        return () => undefined;
      case 'any':
        // An already written query.
        return (out, value) => void (value instanceof Uint8Array ? out.raw(value) : wrong(value));
      case 'vector': {
        const put = this.#put(type.of);
        return (out, value) => {
          if (!Array.isArray(value)) return wrong(value);
          const items = value as readonly TlValue[];
          out.uint(VECTOR).int(items.length);
          for (const item of items) put(out, item);
        };
      }
      case 'object':
        return (out, value) => {
          if (typeof value !== 'object' || !('_' in value)) return wrong(value);
          this.#putObject(out, value, type.name);
        };
    }
  }

  #putObject(out: TlWriter, value: TlObject, type: string | null): void {
    const compiled = this.#constructors.get(value._);
    if (compiled === undefined) throw new TlError(`no constructor ${value._} in layer ${this.number}`);
    const { result } = compiled.definition;
    if (type !== null && (result.kind !== 'object' || result.name !== type)) {
      throw new TlError(`${value._} is no ${type}`);
    }
    out.uint(compiled.definition.id);
    compiled.put(out, value);
  }

  #get(type: TlType): Get {
    switch (type.kind) {
      case 'int':
        return (from) => from.int();
      case 'long':
        return (from) => from.long();
      case 'double':
        return (from) => from.double();
      case 'string':
        return (from) => from.string();
      case 'bytes':
        return (from) => from.bytes();
      case 'int128':
      case 'int256': {
        const size = SIZES[type.kind];
        return (from) => from.raw(size);
      }
      case 'bool':
        return (from) => {
          const id = from.uint();
          if (id !== TRUE && id !== FALSE) throw new TlError(`${id.toString(16)} is no Bool`);
          return id === TRUE;
        };
      case 'true':
      case 'flags':
      case 'any':
        return () => undefined;
      case 'vector': {
        const get = this.#get(type.of);
        return (from) => {
          const id = from.uint();
          if (id !== VECTOR) throw new TlError(`${id.toString(16)} is no vector`);
          const count = from.int();
          if (count < 0 || count > MAX_VECTOR) throw new TlError(`a vector of ${count}`);
          return Array.from({ length: count }, () => get(from));
        };
      }
      case 'object':
        return (from) => this.#getObject(from, type.name);
    }
  }

  #getObject(from: TlReader, type: string | null): TlObject {
    const id = from.uint();
    const compiled = this.#constructorsById.get(id);
    if (compiled === undefined) throw new TlError(`no constructor ${id.toString(16)} in layer ${this.number}`);
    const { result } = compiled.definition;
    if (type !== null && (result.kind !== 'object' || result.name !== type)) {
      throw new TlError(`${compiled.definition.name} is no ${type}`);
    }
    return compiled.get(from);
  }
}
