import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ACCEL_FOLDER, MAP_FILE, RAN_FILE, type RanNative, countRan } from '../emulation/accel-map.ts';
import type { RuntimeMount } from './runtime-config.ts';

/** Two bytes for each native program: more than any step runs. */
const MAX_RAN = 16 << 20;

/** The mounts of a pack: its folder read-only, and the step's own file `ran` for what runs native. */
export function accelMounts(pack: string, ran: string): readonly RuntimeMount[] {
  const none = ['bind', 'nosuid', 'nodev'];
  return [
    { destination: ACCEL_FOLDER, type: 'bind', source: pack, options: [...none, 'ro'] },
    { destination: `${ACCEL_FOLDER}/${RAN_FILE}`, type: 'bind', source: ran, options: [...none, 'noexec'] },
  ];
}

/** What ran native in a step that has ended. */
export function readRan(pack: string, ran: string): readonly RanNative[] {
  const buffer = Buffer.alloc(MAX_RAN);
  const fd = openSync(ran, 'r');
  try {
    const length = readSync(fd, buffer, 0, MAX_RAN, 0);
    return length === 0 ? [] : countRan(readFileSync(join(pack, MAP_FILE)), buffer.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}
