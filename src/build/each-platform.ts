import { PolyarchError } from '../util/error.ts';

/**
 * What the work on each platform gives. All of it is done, whatever fails, so that one run tells all that is wrong:
 * fails as the first one did, with the others' messages behind its own.
 */
export async function eachPlatform<I, T>(
  platforms: readonly I[],
  work: (platform: I) => Promise<T>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<readonly T[]> {
  const ended = await Promise.allSettled(platforms.map(work));
  signal?.throwIfAborted();
  const failures = ended.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  if (failures.length > 0) throw joined(failures);
  return ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

function joined(failures: readonly unknown[]): unknown {
  // A fault of polyarch's own is no platform's.
  const fault = failures.find((error) => !(error instanceof PolyarchError));
  if (fault !== undefined) return fault;
  const [first, ...others] = failures.filter((error) => error instanceof PolyarchError);
  if (first === undefined || others.length === 0) return first;
  const { code, hint, details } = first;
  return new PolyarchError(code, [first, ...others].map(({ message }) => message).join('\n  '), {
    cause: first,
    details,
    ...(hint === undefined ? {} : { hint }),
  });
}
