import type { ConvertResult } from '../dockerfile/convert-options.ts';
import type { PlatformResult } from '../exporter/contract.ts';
import { Solver } from '../solver/solve.ts';
import type { ProgressSink } from '../solver/progress.ts';
import type { Engine } from '../worker/engine.ts';
import { loadGraph } from '../worker/graph.ts';
import type { StepContext } from '../worker/ops/step-context.ts';
import { type Ref, SCRATCH } from '../worker/ref.ts';
import { explainFailure } from './explain.ts';

export interface SolveRequest {
  readonly converted: readonly ConvertResult[];
  readonly steps: StepContext;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/** Solves the definitions of all platforms as one graph, so that what they share runs once. */
export async function solvePlatforms(engine: Engine, request: SolveRequest): Promise<PlatformResult[]> {
  const { steps, progress, signal } = request;
  const graphs = request.converted.map((converted) => loadGraph(converted.definition, steps));
  const places = new Map(
    request.converted.flatMap(({ definition, lines }) =>
      [...definition.metadata].map(([digest, { location }]) => [digest, { location, lines }]),
    ),
  );
  await using solver = new Solver<Ref>({
    cache: engine.results,
    progress,
    explain: (vertex, error) =>
      explainFailure(error, { vertex, location: undefined, lines: [], ...places.get(vertex.digest) }),
    signal,
  });
  for (const graph of graphs) solver.add(graph.vertices);
  const refs = await Promise.all(graphs.map(({ result }) => (result === undefined ? SCRATCH : solver.solve(result))));
  return await Promise.all(
    refs.map(async (ref, i): Promise<PlatformResult> => {
      const converted = request.converted[i];
      if (converted === undefined) throw new Error('a definition for each platform');
      // A folder of the machine as the whole result becomes layers here.
      const layers = ref.kind === 'layers' ? ref.layers : await engine.materialize(ref, signal);
      return { platform: converted.platform, layers, config: converted.config };
    }),
  );
}
