import { digestOf } from '../oci/digest.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { messageOf } from '../util/error.ts';

/** Shows what an output does as a vertex of its own. */
export function exportStep(progress: ProgressSink): <T>(name: string, body: () => Promise<T>) => Promise<T> {
  return async (name, body) => {
    const started = Date.now();
    const vertex = {
      kind: 'vertex',
      digest: digestOf(`export ${started} ${name}`),
      name,
      inputs: [],
      started,
    } as const;
    progress(vertex);
    try {
      const result = await body();
      progress({ ...vertex, completed: Date.now() });
      return result;
    } catch (error) {
      progress({ ...vertex, completed: Date.now(), error: messageOf(error) });
      throw error;
    }
  };
}
