import { PolyarchError } from '../util/error.ts';
import { Reader } from './reader.ts';
import { compareUtf8, Writer } from './writer.ts';

/** A field: number, property, type, and how often it occurs. The type is a scalar, an enum's or a message's name. */
export type Field = readonly [number: number, name: string, type: string, label?: Label];
export type Label = 'repeated' | 'map' | `oneof ${string}`;
/** Fields in the order in which Go writes them: by number, those of a oneof last. */
export type FieldTable = readonly Field[];

/** What a message is made of: every field may be left out. */
export type Init<T> = T extends Uint8Array | string | number | bigint | boolean | undefined
  ? T
  : T extends readonly (infer U)[]
    ? readonly Init<U>[]
    : T extends { readonly kind: infer K; readonly value: infer V }
      ? { readonly kind: K; readonly value: Init<V> }
      : { readonly [K in keyof T]?: Init<T[K]> };

export interface Codec<M> {
  /**
   * Serialises deterministically, byte for byte as Go's protobuf does: fields by number, those of a oneof last,
   * maps by key, nothing for a default value.
   */
  encode<K extends keyof M & string>(message: K, value: Init<M[K]>): Uint8Array;
  /** @throws PolyarchError PROTOBUF_INVALID; fields that are not known are skipped */
  decode<K extends keyof M & string>(message: K, bytes: Uint8Array): M[K];
}

/** Nested messages, LLB's own deepest being a definition in a source in a definition. */
const MAX_DEPTH = 64;

type Value = Readonly<Record<string, unknown>>;

/** The codec of a set of messages (protobuf encoding, proto3), driven by their field tables. */
export function codec<M>(
  messages: Readonly<Record<string, FieldTable>>,
  enums: Readonly<Record<string, readonly string[]>>,
): Codec<M> {
  const lookups = new Map<string, Map<number, Field>>();

  function fieldsByNumber(message: string): Map<number, Field> {
    let found = lookups.get(message);
    if (found === undefined) {
      found = new Map(tableOf(message).map((field) => [field[0], field]));
      lookups.set(message, found);
    }
    return found;
  }

  function tableOf(message: string): FieldTable {
    const table = messages[message];
    if (table === undefined) throw new Error(`no message ${message}`);
    return table;
  }

  function writeMessage(writer: Writer, message: string, value: Value): void {
    for (const [number, name, type, label] of tableOf(message)) {
      if (label === undefined) {
        const field = value[name];
        if (field !== undefined && !isDefault(field, type)) writeField(writer, number, type, field);
      } else if (label === 'repeated') {
        writeRepeated(writer, number, type, (value[name] ?? []) as readonly unknown[]); // by its table
      } else if (label === 'map') {
        const map = (value[name] ?? {}) as Value; // by its table
        for (const key of Object.keys(map).toSorted(compareUtf8)) {
          writer.message(number, () => {
            writeField(writer, 1, 'string', key);
            writeField(writer, 2, type, map[key]);
          });
        }
      } else {
        const one = value[label.slice(6)] as { kind: string; value: unknown } | undefined; // by its table
        if (one?.kind === name) writeField(writer, number, type, one.value);
      }
    }
  }

  function isDefault(value: unknown, type: string): boolean {
    if (type in messages) return false;
    if (type === 'bytes') return (value as Uint8Array).length === 0; // by its table
    return value === '' || value === 0 || value === 0n || value === false || enums[type]?.[0] === value;
  }

  function writeField(writer: Writer, number: number, type: string, value: unknown): void {
    if (type in messages) writer.message(number, () => writeMessage(writer, type, value as Value));
    else if (type === 'string') writer.string(number, value as string);
    else if (type === 'bytes') writer.bytes(number, value as Uint8Array);
    else {
      writer.tag(number, 0);
      writeNumber(writer, type, value);
    }
  }

  function writeNumber(writer: Writer, type: string, value: unknown): void {
    if (type === 'bool') return writer.varint(value === true ? 1 : 0);
    const names = enums[type];
    if (names === undefined) return writer.varint(value as number | bigint);
    const index = names.indexOf(value as string);
    if (index < 0) throw new Error(`${String(value)} is not one of ${type}`);
    writer.varint(index);
  }

  function writeRepeated(writer: Writer, number: number, type: string, values: readonly unknown[]): void {
    if (values.length === 0) return;
    if (type in messages || type === 'string' || type === 'bytes') {
      for (const value of values) writeField(writer, number, type, value);
    } else {
      writer.message(number, () => {
        for (const value of values) writeNumber(writer, type, value);
      });
    }
  }

  function readMessage(bytes: Uint8Array, message: string, depth: number): Value {
    if (depth > MAX_DEPTH)
      throw new PolyarchError('PROTOBUF_INVALID', `${message}: nested more than ${MAX_DEPTH} deep`);
    const result = emptyMessage(message);
    const fields = fieldsByNumber(message);
    const reader = new Reader(bytes, message);
    while (!reader.done) {
      const { number, wireType } = reader.tag();
      const field = fields.get(number);
      if (field === undefined) reader.skip(wireType);
      else readField(reader, result, { field, wireType, depth });
    }
    return result;
  }

  function emptyMessage(message: string): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [, name, type, label] of tableOf(message)) {
      if (label === 'repeated') result[name] = [];
      else if (label === 'map') result[name] = {};
      else if (label === undefined && !(type in messages)) result[name] = defaultOf(type);
    }
    return result;
  }

  function defaultOf(type: string): unknown {
    if (type === 'string') return '';
    if (type === 'bytes') return new Uint8Array();
    if (type === 'bool') return false;
    if (type === 'int64' || type === 'uint64') return 0n;
    return enums[type]?.[0] ?? 0;
  }

  function readField(
    reader: Reader,
    result: Record<string, unknown>,
    at: { field: Field; wireType: number; depth: number },
  ): void {
    const [, name, type, label] = at.field;
    if (label === 'map') {
      const { key, value } = readEntry(reader.bytes(at.wireType), type, at.depth);
      Object.defineProperty(result[name], key, { value, enumerable: true, configurable: true, writable: true });
    } else if (label === 'repeated') {
      const list = result[name] as unknown[]; // made by emptyMessage
      const packed = at.wireType === 2 && !(type in messages) && type !== 'string' && type !== 'bytes';
      if (!packed) return void list.push(readValue(reader, type, at));
      const inner = new Reader(reader.bytes(2), name);
      while (!inner.done) list.push(readValue(inner, type, { wireType: 0, depth: at.depth }));
    } else {
      const value = readValue(reader, type, at);
      if (label === undefined) result[name] = value;
      else result[label.slice(6)] = { kind: name, value };
    }
  }

  function readEntry(bytes: Uint8Array, type: string, depth: number): { key: string; value: unknown } {
    const reader = new Reader(bytes, 'map entry');
    let key = '';
    let value: unknown = type in messages ? emptyMessage(type) : defaultOf(type);
    while (!reader.done) {
      const { number, wireType } = reader.tag();
      if (number === 1) key = reader.string(wireType);
      else if (number === 2) value = readValue(reader, type, { wireType, depth });
      else reader.skip(wireType);
    }
    return { key, value };
  }

  function readValue(reader: Reader, type: string, at: { wireType: number; depth: number }): unknown {
    if (type in messages) return readMessage(reader.bytes(at.wireType), type, at.depth + 1);
    if (type === 'string') return reader.string(at.wireType);
    if (type === 'bytes') return reader.bytes(at.wireType).slice();
    const raw = reader.varint(at.wireType);
    if (type === 'bool') return raw !== 0n;
    const names = enums[type];
    if (names === undefined) return integer(raw, type);
    const found = names[Number(raw)];
    if (found === undefined) throw new PolyarchError('PROTOBUF_INVALID', `${type} has no value ${raw}`);
    return found;
  }

  return {
    encode(message, value) {
      const writer = new Writer();
      writeMessage(writer, message, value as Value); // by its table
      return writer.finish();
    },
    // The tables give exactly the properties of the type.
    decode: <K extends keyof M & string>(message: K, bytes: Uint8Array) => readMessage(bytes, message, 0) as M[K],
  };
}

function integer(raw: bigint, type: string): number | bigint {
  switch (type) {
    case 'int32':
      return Number(BigInt.asIntN(32, raw));
    case 'uint32':
      return Number(BigInt.asUintN(32, raw));
    case 'int64':
      return BigInt.asIntN(64, raw);
    case 'uint64':
      return raw;
    case 'int64 number':
      return Number(BigInt.asIntN(64, raw));
    default:
      return Number(raw);
  }
}
