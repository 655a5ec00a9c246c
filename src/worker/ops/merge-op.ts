import { digestOf } from '../../oci/digest.ts';
import type { DiffOp, MergeOp } from '../../pb/ops.ts';
import type { Op } from '../../solver/vertex.ts';
import { PolyarchError } from '../../util/error.ts';
import { type Ref, SCRATCH } from '../ref.ts';
import type { StepContext } from './step-context.ts';

/** One root filesystem on another: layers stand alone, so their lists are joined. */
export function mergeOp(merge: MergeOp, steps: StepContext): Op<Ref> {
  return {
    cacheMap: async () => ({ digest: digestOf('merge'), inputs: merge.inputs.map(() => undefined) }),
    async execute(inputs, context) {
      const chains = await Promise.all(
        merge.inputs.map(({ input }) => {
          const ref = inputs[input] ?? SCRATCH;
          return ref.kind === 'layers' ? ref.layers : steps.materialize(ref, context.signal);
        }),
      );
      return [{ kind: 'layers', layers: chains.flat() }];
    },
  };
}

/** What the upper root filesystem adds to the lower: its layers above those that they share. */
export function diffOp(diff: DiffOp): Op<Ref> {
  const lower = diff.lower?.input ?? -1;
  const upper = diff.upper?.input ?? -1;
  return {
    cacheMap: async () => ({
      digest: digestOf(`diff ${lower} ${upper}`),
      inputs: [...new Set([lower, upper])].filter((i) => i >= 0).map(() => undefined),
    }),
    async execute(inputs) {
      const below = inputs[lower] ?? SCRATCH;
      const above = inputs[upper] ?? SCRATCH;
      if (below.kind === 'folder' || above.kind === 'folder') throw unrelated();
      if (below.layers.some((layer, i) => above.layers[i]?.id !== layer.id)) throw unrelated();
      return [{ kind: 'layers', layers: above.layers.slice(below.layers.length) }];
    },
  };
}

function unrelated(): PolyarchError {
  return new PolyarchError('LLB_UNSUPPORTED', 'a diff of two root filesystems of which neither is built on the other', {
    hint: 'build it on a BuildKit builder',
  });
}
