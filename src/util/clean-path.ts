import { posix } from 'node:path';

/** As Go's `path.Clean`: no empty, `.` or inner `..` parts, no slash at the end; `.` when nothing is left. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}
