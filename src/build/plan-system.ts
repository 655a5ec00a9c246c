import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRelease, type Release } from '../accel/root-system.ts';
import type { Platform } from '../oci/platform.ts';
import type { Engine } from '../worker/engine.ts';

/**
 * The release of the system in an image, as its unpacked layers have it: `none` where they have no Debian, Ubuntu or Alpine,
 * undefined while they are not here. Fetches nothing but what a plan asks of every base.
 */
export async function systemOf(
  engine: Engine,
  base: string,
  options: { readonly platform: Platform; readonly signal?: AbortSignal },
): Promise<Release | 'none' | undefined> {
  let layers;
  try {
    ({ layers } = await engine.images.image(base, { ...options, mode: 'default' }));
  } catch {
    // Its registry does not answer, which the plan has said.
    options.signal?.throwIfAborted();
    return undefined;
  }
  for (const { id } of layers.toReversed()) {
    if (!engine.hasLayer(id)) return undefined;
    const text = readRelease(join(engine.paths.snapshots, id, 'fs'));
    if (text !== undefined) return parseRelease(text) ?? 'none';
  }
  return 'none';
}

/** The layer's own os-release(5): /etc has a link to it, but in older Alpine the file itself. */
function readRelease(folder: string): string | undefined {
  for (const place of ['usr/lib/os-release', 'etc/os-release']) {
    const file = join(folder, place);
    if (lstatSync(file, { throwIfNoEntry: false })?.isFile() === true) return readFileSync(file, 'utf8');
  }
  return undefined;
}
