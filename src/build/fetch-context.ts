import { createReadStream, createWriteStream, linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gitState, parseGitReference } from '../llb/git-reference.ts';
import type { GitOptions } from '../llb/source.ts';
import { resolveOutput } from '../llb/vertex.ts';
import type { Connections } from '../registry/connections.ts';
import { redactUrl } from '../registry/redact.ts';
import { PolyarchError } from '../util/error.ts';
import { fileFailure } from '../worker/files/failure.ts';
import { openGit } from '../worker/sources/git-checkout.ts';
import type { GitEnvironment } from '../worker/sources/git-program.ts';
import { gitSource } from '../worker/sources/git-source.ts';
import { fetchHttp } from '../worker/sources/http.ts';
import { receiveContext } from '../worker/sources/received-context.ts';
import type { ContextInput } from './request.ts';
import { fileTime, newestMember } from './source-time.ts';

export interface FetchContextOptions extends GitEnvironment {
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** What the build says of a git context beside its address. */
  readonly git?: Pick<GitOptions, 'keepGitDirectory' | 'mtime'>;
  /** Copies of downloads and repositories, kept between builds. */
  readonly sources: string;
  readonly connections: () => Promise<Connections>;
  readonly signal: AbortSignal;
}

/** What a fetched context lies in. */
export interface FetchedContext {
  readonly folder: string;
  /** It was a Dockerfile and no archive. */
  readonly dockerfile?: Uint8Array;
  /** The folder of the archive that it was, as the file `context`: owners are only there. */
  readonly archive?: string;
  /** Its time, as `sourceTime`. */
  time(): Promise<number | undefined>;
}

/**
 * Puts a context from stdin, the web or a git repository into a folder that is there and empty. `kept`, not there yet, becomes
 * the folder of what came as one file.
 */
export async function fetchContext(
  context: Exclude<ContextInput, { kind: 'directory' }>,
  folders: { readonly folder: string; readonly kept: string },
  options: FetchContextOptions,
): Promise<FetchedContext> {
  const { signal } = options;
  const { folder, kept } = folders;
  switch (context.kind) {
    case 'stdin':
      if (options.stdin === undefined)
        throw new PolyarchError('CONTEXT_NOT_FOUND', 'the context should come from stdin, but there is no stdin');
      mkdirSync(kept);
      try {
        await pipeline(options.stdin, createWriteStream(join(kept, 'context')), { signal });
      } catch (error) {
        throw fileFailure(error, 'reading the context on stdin');
      }
      return receive(
        { name: 'the context on stdin', time: () => newestMember(join(kept, 'context'), options) },
        folders,
        options,
      );
    case 'http': {
      const file = await fetchHttp(
        { url: context.url, filename: 'context' },
        { folder: join(options.sources, 'http'), connections: await options.connections(), signal },
      );
      mkdirSync(kept);
      linkSync(join(file.folder, file.name), join(kept, 'context'));
      const received = await receive(
        { name: redactUrl(context.url), time: () => fileTime(file, options) },
        folders,
        options,
      );
      // As in BuildKit, where a Dockerfile of the web is the one file of its own context.
      return received.archive === undefined ? { ...received, folder: kept } : received;
    }
    case 'git': {
      const reference = parseGitReference(context.url);
      const mtime = reference?.options.mtime;
      const own = mtime === undefined ? {} : { mtime };
      const vertex =
        reference === undefined
          ? undefined
          : resolveOutput(gitState(reference, { ...options.git, ...own }).output)?.vertex;
      if (vertex?.kind !== 'source')
        throw new PolyarchError(
          'GIT_ADDRESS',
          `${context.url.includes('://') ? redactUrl(context.url) : JSON.stringify(context.url)} is no address of a git repository`,
        );
      const opened = await openGit(gitSource(vertex.identifier, vertex.attributes), {
        ...options,
        folder: join(options.sources, 'git'),
      });
      await opened.checkout(folder);
      return { folder, time: () => opened.committed() };
    }
  }
}

/** The archive is also unpacked, without owners, for what reads the Dockerfile and such. */
async function receive(
  { name, time }: { readonly name: string; readonly time: FetchedContext['time'] },
  { folder, kept }: { readonly folder: string; readonly kept: string },
  { signal }: FetchContextOptions,
): Promise<FetchedContext> {
  const received = await receiveContext(createReadStream(join(kept, 'context')), folder, { name, signal });
  return { folder, time, ...(received.kind === 'archive' ? { archive: kept } : { dockerfile: received.content }) };
}
