import { hasCode, PolyarchError } from '../util/error.ts';

/** The NO_SPACE error for what the kernel said of a full disk or quota; undefined for any other error. */
export function diskFull(error: unknown, doing: string): PolyarchError | undefined {
  if (!hasCode(error, 'ENOSPC', 'EDQUOT')) return undefined;
  return new PolyarchError('NO_SPACE', `no space left on the disk while ${doing}`, {
    hint: 'free some space, for instance with: polyarch prune',
    cause: error,
  });
}
