import { createReadStream, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { END_OF_ARCHIVE } from '../archive/writer.ts';
import type { PlatformResult } from './contract.ts';
import type { ExportContext } from './run-output.ts';

/** The files of every platform's result as one tar, each platform's below its own folder when it has one. */
export async function* tarOfPlatforms(
  results: readonly { readonly result: PlatformResult; readonly folder: string }[],
  context: Pick<ExportContext, 'layers' | 'scratch'>,
  options: { clampMtime?: number; signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  mkdirSync(context.scratch, { recursive: true });
  for (const [i, { result, folder }] of results.entries()) {
    const file = join(context.scratch, `export-${process.pid}-${i}.tar`);
    try {
      await context.layers.exportTar(result.layers, file, { ...options, ...(folder === '' ? {} : { prefix: folder }) });
      // All but the last without their end mark.
      const end = statSync(file).size - (i === results.length - 1 ? 0 : END_OF_ARCHIVE.length);
      if (end > 0) yield* createReadStream(file, { end: end - 1, highWaterMark: 1024 * 1024 });
    } finally {
      rmSync(file, { force: true });
    }
  }
}
