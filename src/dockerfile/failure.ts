import { PolyarchError } from '../util/error.ts';
import type { Location } from './ast.ts';
import { excerpt } from './excerpt.ts';
import { type WrongWord, findMark } from './mark.ts';

export interface FailureOptions {
  /** Default DOCKERFILE_PARSE. */
  readonly code?: string;
  readonly hint?: string;
  /** What is wrong, as the file has it; the excerpt marks it. */
  readonly word?: WrongWord;
}

/** A fault of a Dockerfile whose place the caller adds with `locate`. */
export function failure(message: string, { code, hint, word }: FailureOptions = {}): PolyarchError {
  return new PolyarchError(code ?? 'DOCKERFILE_PARSE', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(word === undefined ? {} : { details: { word } }),
  });
}

/** The error with what is wrong in the file, unless it says that itself. */
export function marked(error: unknown, word: WrongWord): unknown {
  if (!(error instanceof PolyarchError) || 'word' in error.details) return error;
  return new PolyarchError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
    details: { ...error.details, word },
  });
}

export interface LocateOptions {
  readonly location: Location;
  readonly lines: readonly string[];
  /** Other places that have a part in it; the excerpt shows them behind the first. */
  readonly also?: readonly Location[];
  /** Marked when the error does not say what is wrong itself. */
  readonly word?: WrongWord;
}

/**
 * `error` with its place: the message gains `file:line: `, the details gain those of `placeDetails`. Anything that is no
 * PolyarchError, has a place already or is a fault of the machine's settings is returned as it is.
 */
export function locate(error: unknown, options: LocateOptions): unknown {
  if (!(error instanceof PolyarchError) || 'startLine' in error.details || 'settings' in error.details) return error;
  const { file, startLine } = options.location;
  return new PolyarchError(error.code, `${file}:${startLine}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
    details: placeDetails(error.details, options),
  });
}

/**
 * `details` and `file`, `startLine`, `endLine`, `excerpt` and, where the wrong word (`details.word`, else `word`) is
 * found, its `mark`.
 */
export function placeDetails(
  details: Readonly<Record<string, unknown>>,
  { location, lines, word, also = [] }: LocateOptions,
): Record<string, unknown> {
  const { word: own, ...others } = details;
  const wrong = isWrongWord(own) ? own : word;
  const mark = wrong === undefined ? undefined : findMark(wrong, location, lines);
  const { file, startLine, endLine } = location;
  return {
    ...others,
    file,
    startLine,
    endLine,
    excerpt: [excerpt(lines, location, mark), ...also.map((other) => excerpt(lines, other))].join(''),
    ...(mark === undefined ? {} : { mark }),
  };
}

function isWrongWord(value: unknown): value is WrongWord {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}
