import { placeDetails } from '../dockerfile/failure.ts';
import type { SourceLocation } from '../llb/definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { PolyarchError, hasCode } from '../util/error.ts';

/** A step's failure with its place: the vertex, the platform, the lines of the Dockerfile. */
export function explainFailure(
  error: unknown,
  where: { vertex: Vertex<unknown>; location: SourceLocation | undefined; lines: readonly string[] },
): unknown {
  if (!(error instanceof PolyarchError) || hasCode(error, 'CANCELED') || 'vertex' in error.details) return error;
  const { vertex, location, lines } = where;
  const place = location === undefined ? '' : `${location.file}:${location.startLine}: `;
  const platform =
    vertex.platform === undefined || error.message.includes(vertex.platform) ? '' : ` (for ${vertex.platform})`;
  return new PolyarchError(error.code, `${place}${vertex.name}: ${error.message}${platform}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: {
      ...(location === undefined ? error.details : placeDetails(error.details, { location, lines })),
      vertex: vertex.name,
      ...(vertex.platform === undefined ? {} : { platform: vertex.platform }),
    },
  });
}
