import { createReadStream, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { END_OF_ARCHIVE } from '../archive/writer.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { PlatformFolder } from './export-folders.ts';
import { NameClash } from './name-clash.ts';
import type { ExportContext } from './run-output.ts';

/**
 * The files of every platform's result as one tar, each platform's below its own folder when it has one.
 * Platforms that share a folder must not have a file of one name (OUTPUT_CLASH).
 */
export async function* tarOfPlatforms(
  results: readonly PlatformFolder[],
  context: Pick<ExportContext, 'layers' | 'scratch' | 'accepts'>,
  options: { clampMtime?: number; signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  mkdirSync(context.scratch, { recursive: true });
  const { accepts } = context;
  const all = results.map(({ result, folder }, i) => {
    const file = join(context.scratch, `export-${process.pid}-${i}.tar`);
    const prefix = folder === '' ? {} : { prefix: folder };
    return {
      file,
      platform: formatPlatform(result.platform),
      write: async () => {
        const elfs = await context.layers.exportTar(result.layers, file, { ...options, ...prefix });
        return (await accepts?.(result, elfs)) !== false;
      },
    };
  });
  const shared = results.length > 1 && results.some(({ folder }) => folder === '');
  try {
    // What is to be looked at is written before any of it goes on.
    const first = shared || accepts !== undefined;
    const made: typeof all = [];
    for (const one of all) if (!first || (await one.write())) made.push(one);
    if (shared) await checkNames(made);
    for (const [i, { file, write }] of made.entries()) {
      if (!first) await write();
      // All but the last without their end mark.
      const end = statSync(file).size - (i === made.length - 1 ? 0 : END_OF_ARCHIVE.length);
      if (end > 0) yield* createReadStream(file, { end: end - 1, highWaterMark: 1024 * 1024 });
      rmSync(file);
    }
  } finally {
    for (const { file } of all) rmSync(file, { force: true });
  }
}

async function checkNames(archives: readonly { readonly file: string; readonly platform: string }[]): Promise<void> {
  const { readTar } = await import('../archive/reader.ts');
  const clash = new NameClash();
  for (const { file, platform } of archives)
    for await (const { entry } of readTar(createReadStream(file)))
      if (entry.type !== 'directory') clash.add(entry.path, platform);
}
