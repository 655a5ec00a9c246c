import { PolyarchError, hasCode, messageOf } from '../../util/error.ts';

/** A system error as a coded one that says what was being done; a coded one stays as it is. */
export function fileFailure(error: unknown, doing: string): PolyarchError {
  if (error instanceof PolyarchError) return error;
  const because = `${doing}: ${messageOf(error)}`;
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) {
    return new PolyarchError('NO_SPACE', `no space left on the disk while ${because}`, {
      hint: 'free some space, for instance with: polyarch prune',
      cause: error,
    });
  }
  if (hasCode(error, 'EACCES', 'EPERM'))
    return new PolyarchError('PERMISSION_DENIED', `not permitted: ${because}`, { cause: error });
  return new PolyarchError('FILE_ACTION_FAILED', `failed ${because}`, { cause: error });
}
