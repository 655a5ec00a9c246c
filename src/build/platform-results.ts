import type { ConvertResult } from '../dockerfile/convert-options.ts';
import type { PlatformResult } from '../exporter/contract.ts';
import type { SourceLocation } from '../llb/definition.ts';
import type { Platform } from '../oci/platform.ts';
import type { Layer } from '../snapshot/layer.ts';
import { Solver } from '../solver/solve.ts';
import type { ProgressSink } from '../solver/progress.ts';
import type { Engine } from '../worker/engine.ts';
import { type Graph, loadGraph } from '../worker/graph.ts';
import type { StepContext } from '../worker/ops/step-context.ts';
import { type Ref, SCRATCH } from '../worker/ref.ts';
import { explainFailure } from './explain.ts';
import type { Tiers } from './tiers.ts';

/** A conversion for one of the request's platforms. */
export interface PlatformConversion {
  /** As it was asked for. */
  readonly asked: Platform;
  readonly converted: ConvertResult;
}

export interface SolveRequest {
  readonly conversions: readonly PlatformConversion[];
  readonly tiers: Tiers;
  readonly steps: StepContext;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/** What was built for a platform, and where it comes from. */
export interface SolvedPlatform extends PlatformResult {
  readonly asked: Platform;
  /** What the base says that it is for. */
  readonly basePlatform: Platform;
  /** The step that made a layer; undefined for a base's. */
  origin(layer: Layer): Promise<LayerOrigin | undefined>;
}

export interface LayerOrigin {
  /** `[linux/arm64 2/3] COPY app /app` */
  readonly name: string;
  readonly location?: SourceLocation;
  /** Of the Dockerfile. */
  readonly lines: readonly string[];
}

/** Solves the definitions of all platforms as one graph, so that what they share runs once. Without optional platforms that failed. */
export async function solvePlatforms(engine: Engine, request: SolveRequest): Promise<readonly SolvedPlatform[]> {
  const { conversions, tiers, steps, progress, signal } = request;
  const graphs = conversions.map((one) => ({ ...one, graph: loadGraph(one.converted.definition, steps) }));
  const places = new Map(
    conversions.flatMap(({ converted: { definition, lines } }) =>
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
  for (const { asked, graph } of graphs) solver.add(graph.vertices, { optional: tiers.isOptional(asked) });
  const solved = await Promise.all(
    graphs.map(({ asked, converted, graph }) =>
      tiers.attempt(asked, async (): Promise<SolvedPlatform> => {
        const ref = graph.result === undefined ? SCRATCH : await solver.solve(graph.result);
        return {
          asked,
          platform: converted.platform,
          basePlatform: converted.basePlatform,
          // A folder of the machine as the whole result becomes layers here.
          layers: ref.kind === 'layers' ? ref.layers : await engine.materialize(ref, signal),
          config: converted.config,
          origin: (layer) => originOf(layer, { graph, converted, solver, engine }),
        };
      }),
    ),
  );
  return tiers.left(solved);
}

/** The first step whose result has the layer on top; asked of the cache, since most steps of a cached build are not even loaded. */
async function originOf(
  layer: Layer,
  of: { graph: Graph; converted: ConvertResult; solver: Solver<Ref>; engine: Engine },
): Promise<LayerOrigin | undefined> {
  const { graph, converted, solver, engine } = of;
  if (layer.created === undefined) return undefined;
  for (const { digest, name } of graph.vertices) {
    const id = await solver.identify({ vertex: digest, output: 0 }).catch(() => undefined);
    const outputs = id === undefined ? undefined : engine.results.load(id);
    if (outputs?.some((ref) => ref.kind === 'layers' && ref.layers.at(-1)?.id === layer.id) !== true) continue;
    const location = converted.definition.metadata.get(digest)?.location;
    return { name, lines: converted.lines, ...(location === undefined ? {} : { location }) };
  }
  return undefined;
}
