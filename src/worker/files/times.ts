import { setTimes as setSeconds } from '../../snapshot/syscalls.ts';

const SECOND = 1_000_000_000n;

/** Sets both times of a file, of a link itself too: nanoseconds since the epoch. */
export function setTimes(path: string, nanoseconds: bigint): void {
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  setSeconds(path, Number((nanoseconds - rest) / SECOND), Number(rest));
}
