import type { Definition } from '../llb/definition.ts';
import { decodeOp } from '../llb/read.ts';
import { type Digest, digestOf, parseDigest } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Edge, Op, Vertex } from '../solver/vertex.ts';
import { PolyarchError } from '../util/error.ts';
import type { Op as PbOp } from '../pb/ops.ts';
import { execOp } from './ops/exec-op.ts';
import { fileOp } from './ops/file-op.ts';
import { diffOp, mergeOp } from './ops/merge-op.ts';
import { platformOf } from './ops/platform.ts';
import { sourceOp } from './ops/source-op.ts';
import type { StepContext } from './ops/step-context.ts';
import type { Ref } from './ref.ts';

export interface Graph {
  readonly vertices: readonly Vertex<Ref>[];
  /** The result; absent for `scratch`. */
  readonly result?: Edge;
}

/** Makes a definition's ops into vertices. */
export function loadGraph(definition: Definition, steps: StepContext): Graph {
  const vertices: Vertex<Ref>[] = [];
  let result: Edge | undefined;
  for (const [i, bytes] of definition.ops.entries()) {
    const digest = digestOf(bytes);
    const op = decodeOp(bytes);
    const inputs = op.inputs.map((input): Edge => ({ vertex: parseDigest(input.digest), output: input.index }));
    if (i === definition.ops.length - 1) {
      result = inputs[0];
      break;
    }
    vertices.push(vertex(digest, op, inputs, definition, steps));
  }
  return { vertices, ...(result === undefined ? {} : { result }) };
}

function vertex(
  digest: Digest,
  op: PbOp,
  inputs: readonly Edge[],
  definition: Definition,
  steps: StepContext,
): Vertex<Ref> {
  const metadata = definition.metadata.get(digest);
  const platform = platformOf(op);
  return {
    digest,
    name: metadata?.description?.['llb.customname'] ?? defaultName(op),
    inputs,
    op: stepOp(op, steps),
    ...(metadata?.ignoreCache === true ? { ignoreCache: true } : {}),
    ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
  };
}

function stepOp(op: PbOp, steps: StepContext): Op<Ref> {
  switch (op.op?.kind) {
    case 'source':
      return sourceOp(op, op.op.value, steps);
    case 'exec':
      return execOp(op, op.op.value, steps);
    case 'file':
      return fileOp(op, op.op.value, steps);
    case 'merge':
      return mergeOp(op.op.value, steps);
    case 'diff':
      return diffOp(op.op.value);
    default:
      throw new PolyarchError('LLB_UNSUPPORTED', `this engine does not run ${op.op?.kind ?? 'unknown'} ops`);
  }
}

function defaultName(op: PbOp): string {
  if (op.op?.kind === 'source') return op.op.value.identifier;
  if (op.op?.kind === 'exec') return op.op.value.meta?.args.join(' ') ?? 'exec';
  return op.op?.kind ?? 'op';
}
