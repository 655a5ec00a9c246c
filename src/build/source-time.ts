import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { decompress } from '../archive/decompress.ts';
import { readTar } from '../archive/reader.ts';
import type { State } from '../llb/state.ts';
import { resolveOutput } from '../llb/vertex.ts';
import { PolyarchError, hasCode } from '../util/error.ts';
import { openGit } from '../worker/sources/git-checkout.ts';
import { gitSource } from '../worker/sources/git-source.ts';
import { type HttpFile, fetchHttp, httpSource } from '../worker/sources/http.ts';
import type { FetchContextOptions } from './fetch-context.ts';

/**
 * When what a git or http source has was made, in seconds: the commit's time, the server's of the file, else that of the newest
 * file of the archive. Undefined where nothing tells, and for all else.
 */
export async function sourceTime(
  state: State,
  options: Omit<FetchContextOptions, 'stdin' | 'git'>,
): Promise<number | undefined> {
  const vertex = resolveOutput(state.output)?.vertex;
  if (vertex?.kind !== 'source') return undefined;
  const { identifier, attributes } = vertex;
  const { signal } = options;
  if (identifier.startsWith('git://')) {
    const opened = await openGit(gitSource(identifier, attributes), {
      ...options,
      folder: join(options.sources, 'git'),
    });
    return opened.committed();
  }
  if (!/^https?:\/\//.test(identifier)) return undefined;
  const folder = join(options.sources, 'http');
  const connections = await options.connections();
  return fileTime(await fetchHttp(httpSource(identifier, attributes), { folder, connections, signal }), options);
}

/** Of a download, as `sourceTime`. */
export async function fileTime(file: HttpFile, options: { signal?: AbortSignal }): Promise<number | undefined> {
  return file.modified ?? newestMember(join(file.folder, file.name), options);
}

/** The time of the newest file in an archive; undefined for what is none. */
export async function newestMember(path: string, { signal }: { signal?: AbortSignal }): Promise<number | undefined> {
  let newest: number | undefined;
  try {
    for await (const { entry } of readTar(decompress(createReadStream(path), { name: path, signal }), { signal }))
      if (entry.type === 'file') newest = Math.max(newest ?? entry.mtime, entry.mtime);
  } catch (error) {
    if (!(error instanceof PolyarchError) || hasCode(error, 'CANCELED')) throw error;
    return undefined;
  }
  return newest;
}
