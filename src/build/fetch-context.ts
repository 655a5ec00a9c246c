import type { ContextInput } from './request.ts';
import { PolyarchError } from '../util/error.ts';

/** Where a fetched context lies, and the Dockerfile when that came instead of one. */
export interface FetchedContext {
  readonly folder: string;
  readonly dockerfile?: Uint8Array;
}
export async function fetchContext(
  context: ContextInput,
  _folder: string,
  _options: { stdin?: AsyncIterable<Uint8Array>; env: Readonly<Record<string, string | undefined>>; signal: AbortSignal },
): Promise<FetchedContext> {
  throw new PolyarchError('CONTEXT_NOT_FOUND', `the context ${context.kind} cannot be read`);
}
