import { PolyarchError } from '../util/error.ts';
import type { Location } from './ast.ts';
import { excerpt } from './excerpt.ts';

/** A fault of a Dockerfile whose place the caller adds with `locate`. */
export function failure(message: string, options: { code?: string; hint?: string } = {}): PolyarchError {
  return new PolyarchError(
    options.code ?? 'DOCKERFILE_PARSE',
    message,
    options.hint === undefined ? {} : { hint: options.hint },
  );
}

/**
 * `error` with its place: the message gains `file:line: `, the details gain `file`, `startLine`, `endLine` and
 * `excerpt`. Anything that is no PolyarchError, has a place already or is a fault of the machine's settings is returned
 * as it is.
 */
export function locate(error: unknown, location: Location, lines: readonly string[]): unknown {
  if (!(error instanceof PolyarchError) || 'startLine' in error.details || 'settings' in error.details) return error;
  const { file, startLine, endLine } = location;
  return new PolyarchError(error.code, `${file}:${startLine}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
    details: { ...error.details, file, startLine, endLine, excerpt: excerpt(lines, location) },
  });
}
