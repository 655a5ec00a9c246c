import { type Digest, digestOf } from '../oci/digest.ts';
import { type Op, decode } from '../pb/ops.ts';
import type { Definition } from './definition.ts';

/** @throws PolyarchError PROTOBUF_INVALID */
export function decodeOp(bytes: Uint8Array): Op {
  return decode('Op', bytes);
}

export interface DefinitionVertex {
  readonly digest: Digest;
  readonly op: Op;
}

export interface DecodedDefinition {
  /** Inputs before their users. */
  readonly vertices: readonly DefinitionVertex[];
  /** Undefined for scratch. */
  readonly result: { readonly vertex: Digest; readonly output: number } | undefined;
}

/** @throws PolyarchError PROTOBUF_INVALID */
export function decodeDefinition(definition: Definition): DecodedDefinition {
  const last = definition.ops.at(-1);
  if (last === undefined) return { vertices: [], result: undefined };
  const vertices = definition.ops.slice(0, -1).map((bytes) => ({ digest: digestOf(bytes), op: decodeOp(bytes) }));
  const [input] = decodeOp(last).inputs;
  if (input === undefined) return { vertices, result: undefined };
  return { vertices, result: { vertex: input.digest as Digest, output: input.index } }; // written as a digest
}
