import { diskFull } from '../../util/disk-full.ts';
import { PolyarchError, hasCode, messageOf } from '../../util/error.ts';

/** A system error as a coded one that says what was being done; a coded one stays as it is. */
export function fileFailure(error: unknown, doing: string): PolyarchError {
  if (error instanceof PolyarchError) return error;
  const because = `${doing}: ${messageOf(error)}`;
  const full = diskFull(error, `while ${because}`);
  if (full !== undefined) return full;
  if (hasCode(error, 'EACCES', 'EPERM'))
    return new PolyarchError('PERMISSION_DENIED', `not permitted: ${because}`, { cause: error });
  return new PolyarchError('FILE_ACTION_FAILED', `failed ${because}`, { cause: error });
}
