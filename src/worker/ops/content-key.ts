import { digestOf } from '../../oci/digest.ts';
import type { ContentKey } from '../../solver/vertex.ts';
import type { TreeSelector } from '../files/contract.ts';
import type { Ref } from '../ref.ts';
import type { StepContext } from './step-context.ts';

/** The key made of what the selectors pick: from a folder's scan here, from layers in the worker. */
export function contentKey(selectors: readonly TreeSelector[], steps: StepContext): ContentKey<Ref> {
  return {
    selector: digestOf(JSON.stringify(selectors)),
    async digest(input, context) {
      if (input.kind === 'folder') return input.scan.digest(selectors, context);
      const layers = await steps.materialize(input, context.signal);
      const worker = await steps.worker();
      return await worker.call('digest', { layers, selectors }, { signal: context.signal });
    },
  };
}
