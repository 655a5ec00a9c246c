import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AccelRecord, writeAccelMap } from '../emulation/accel-map.ts';
import type { DebianArchitecture, ToolPair } from '../emulation/pairs.ts';
import { type MadePack, programKeys } from './make-pack.ts';
import { openToAll, packId } from './pack-files.ts';

/**
 * Makes a pack in an empty folder of programs that were built from source and need no libraries: `programs` is the folder
 * where they lie by their plain names (`gcc`, `cc1`), `debs` the foreign packages whose programs they stand for.
 */
export async function makeBuiltPack(
  folder: string,
  debs: readonly { readonly pair: ToolPair; readonly deb: string }[],
  options: { readonly foreign: DebianArchitecture; readonly programs: string; readonly signal?: AbortSignal },
): Promise<MadePack> {
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  const records: AccelRecord[] = [];
  const skipped: string[] = [];
  for (const { pair, deb } of debs) {
    for (const [place, key] of await programKeys(pair, deb, { ...options, scratch })) {
      const built = join(options.programs, plainName(place, options.foreign));
      if (!existsSync(built)) {
        skipped.push(`${place}: it was not built`);
        continue;
      }
      if (records.some((one) => Buffer.compare(one.key.bytes, key.bytes) === 0)) continue;
      mkdirSync(dirname(join(folder, place)), { recursive: true });
      writeFileSync(join(folder, place), readFileSync(built), { mode: 0o755 });
      records.push({ key, tool: place, ...(pair.rules === undefined ? {} : { rules: pair.rules }) });
    }
  }
  rmSync(scratch, { recursive: true });
  writeAccelMap(folder, records);
  openToAll(folder);
  return { id: packId(folder), tools: records.length, skipped };
}

/** `bin/aarch64-linux-gnu-gcc-ar-12` is `gcc-ar`. */
export function plainName(place: string, { gnu }: Pick<DebianArchitecture, 'gnu'>): string {
  const name = place.slice(place.lastIndexOf('/') + 1);
  return name.startsWith(`${gnu}-`) ? name.slice(gnu.length + 1).replace(/-[\d.]+$/, '') : name;
}
