import type { Layer, Snapshotter } from '../snapshot/layer.ts';
import { applyFileActions } from './files/apply.ts';
import type { FileStep } from './protocol.ts';

/** Does file actions on top of a chain; the new layer, or nothing at all when one fails. */
export async function filesStep(
  step: FileStep,
  snapshots: Snapshotter,
  context: { send: (event: { warning: string }) => void; signal: AbortSignal },
): Promise<Layer> {
  await using snapshot = await snapshots.prepare(step.base, step.layerId);
  await applyFileActions(snapshot.path, step.actions, {
    view: (layers) => snapshots.view(layers),
    warn: (warning) => context.send({ warning }),
    signal: context.signal,
  });
  return await snapshot.commit();
}
